"""Ingredients: intermediates that several features share, such as spectra, filterbanks and envelopes.

One file per kind of intermediate. Most functions build the function that computes an ingredient of a block
from those it needs, given framing, rate and parameters. Features of these are in `gtzanfeat.features`;
`registry` lists them all, and
`gtzanfeat.extraction.analysis` computes each once per block.
"""
