"""A synthetic corpus: music in ten styles, composed by rule, with tempo, key, style and artist of every clip.

For the demo, tests and notebooks: nothing has to be downloaded, and the annotations are exact. No single
family of features tells all styles apart, because styles share bands, grooves and harmonies (see `styles`),
and clips of one artist resemble each other. A score on it says nothing about music.
"""

from gtzanfeat.datasets.synthetic.corpus import SyntheticClip, compose, synthesize, table_of, write_corpus
from gtzanfeat.datasets.synthetic.styles import STYLES, Style

__all__ = ["STYLES", "Style", "SyntheticClip", "compose", "synthesize", "table_of", "write_corpus"]
