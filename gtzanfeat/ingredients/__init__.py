"""Ingredients: intermediates that several features share, such as spectra, filterbanks and envelopes.

One file per kind of intermediate. What a feature makes of them is in `gtzanfeat.features`; who asks for them,
and sees to it that each is computed once per block, is `gtzanfeat.extraction.analysis`.
"""
