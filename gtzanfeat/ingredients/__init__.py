"""Ingredients: intermediates that several features share, such as spectra, filterbanks and envelopes.

One file per kind of intermediate; `registry` lists them all. What a feature computes from them is in
`gtzanfeat.features`; `gtzanfeat.extraction.analysis` computes each of them once per block.
"""
