"""The documentation site. It is built without a network, and its pages need none.

    python -m sphinx -W --keep-going -b html docs docs/_build/html

The pages of ``api/``, ``catalogue/`` and ``notebooks/`` are written by `extensions/` at every build.
"""

import sys
from importlib.resources import files
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "extensions"), str(DOCS.parent)]

import gtzanfeat  # noqa: E402

project = "gtzanfeat"
author = "The gtzanfeat developers"
copyright = author
version = release = gtzanfeat.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "mathml",
    "generated_pages",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
default_role = "py:obj"  # `ClipFeatures` in a docstring is a link where there is something to link to
suppress_warnings = ["ref.citation"]  # a reference at the foot of a docstring need not be cited in it

# --- docstrings ---------------------------------------------------------------------------------------
autosummary_generate = False  # the pages are written by generated_pages.reference
autodoc_typehints = "none"  # the Parameters sections say it in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

# --- formulae and notebooks -----------------------------------------------------------------------------
html_math_renderer = "mathml"
myst_update_mathjax = False
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # as they are committed; the tests run them
nb_ipywidgets_js = {}

# --- pages ----------------------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "gtzanfeat"
html_static_path = ["_static", str(files("ziamath") / "fonts")]  # STIX Two Math, which formulae need
html_css_files = ["gtzanfeat.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "gtzanfeat"},
    "navbar_align": "left",
    "header_links_before_dropdown": 5,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "compatibility": [], "changelog": [], "contributing": [], "references": []}
