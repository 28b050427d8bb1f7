"""The documentation is built without a warning, needs no network, and leaves nothing out."""

import html
import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import gtzanfeat
from gtzanfeat.feature_sets import FEATURE_SETS, column_name
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients.registry import INGREDIENTS, STREAMS
from gtzanfeat.statistics.summaries import SUMMARIES

ROOT = Path(__file__).parents[1]
SPECIFICATION = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "specification").glob("*.md"))
)
LIBRARIES = ("sphinx", "pydata_sphinx_theme", "numpydoc", "myst_nb", "latex2mathml", "ziamath")
SECTIONS = [
    *(f"feature-{name}" for name in FEATURES),
    *(f"ingredient-{name}" for name in (*INGREDIENTS, *ACCUMULATORS, *STREAMS)),
    *(f"summary-{name}" for name in SUMMARIES),
]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_specification_has_a_section_of_every_row(section):
    assert SPECIFICATION.count(f"({section})=\n") == 1


def test_the_specification_has_no_section_of_what_is_no_more():
    known = {*SECTIONS, "ingredient-frames", "ingredient-separation"}
    assert set(re.findall(r"^\(((?:feature|ingredient|summary)-\w+)\)=$", SPECIFICATION, re.M)) == known


def test_the_guide_names_only_what_is_there():
    pages = [ROOT / "docs" / "index.md", *(ROOT / "docs" / "guide").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"{py:obj}`~gtzanfeat\.(\w+)`", text))
    for names in re.findall(r"^from gtzanfeat import ([\w, ]+)$", text, re.M):
        named |= set(names.split(", "))
    assert len(named) > 30
    assert named <= set(gtzanfeat.__all__)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build all pages once."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} missing: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d"]
    command += [folder / "doctrees", ROOT / "docs", folder / "html"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def text_of(page):
    return html.unescape(page.read_text(encoding="utf-8"))


def test_every_public_name_has_a_page(site):
    described = (site / "api").glob("gtzanfeat.*.html")
    anchors = {name for page in described for name in re.findall(r'<dt [^>]*id="([\w.]+)"', text_of(page))}
    assert {f"gtzanfeat.{name}" for name in gtzanfeat.__all__ if name != "__version__"} <= anchors


@pytest.mark.parametrize("name", FEATURES)
def test_the_catalogue_names_every_column_and_has_a_picture(site, name):
    family = next(
        page for page in (site / "catalogue").glob("*.html") if f'id="feature-{name}"' in text_of(page)
    )
    section = text_of(family).partition(f'id="feature-{name}"')[2].partition('<span id="feature-')[0]
    assert "<svg" in section
    named = set(re.findall(r"<code>([\w]+)</code>", section))
    assert {column_name(name, column.name) for column in FEATURES[name].columns} <= named


def test_the_catalogue_has_every_set_with_its_hash_and_its_columns(site):
    page = text_of(site / "catalogue" / "feature-sets.html")
    named = set(re.findall(r"<code>([\w-]+)</code>", page))
    for name, chosen in FEATURE_SETS.items():
        assert {name, chosen.spec_hash, *chosen.columns} <= named


class Resources(HTMLParser):
    """What a page loads: scripts, styles, fonts, pictures, sounds."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        loaded = attrs.get("src") or (attrs.get("href") if tag == "link" else None)
        if loaded:
            self.found.append(loaded)


def test_no_page_needs_the_network(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 100
    for page in pages:
        parser = Resources()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.found, page
        assert not [url for url in parser.found if re.match(r"(https?:)?//", url)], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet
