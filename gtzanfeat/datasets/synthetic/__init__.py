"""A corpus that composes itself: ten styles by rule, the tempo, key, style and artist of every clip known.

For the demo, tests and notebooks: nothing has to be downloaded, and the truth is exact. No single family
of features tells all styles apart, because styles share bands, grooves and harmonies (see `styles`), and
clips of one artist resemble each other. It stands in for music; a score on it says nothing about music.
"""

from gtzanfeat.datasets.synthetic.corpus import SyntheticClip, compose, synthesize, table_of, write_corpus
from gtzanfeat.datasets.synthetic.styles import STYLES, Style

__all__ = ["STYLES", "Style", "SyntheticClip", "compose", "synthesize", "table_of", "write_corpus"]
