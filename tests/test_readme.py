"""The README runs as it is printed, from top to bottom, in an empty folder, on what it composes."""

import io
import re
import shlex
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from gtzanfeat.cli import demo_command, main
from gtzanfeat.extraction import parallel
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.inspection import PUBLISHED_EXPERIMENTS
from gtzanfeat.recipes import RECIPES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# fenced blocks of Python and SQL, and indented lines of the command line, also after the installation
PARTS = [
    (match["language"] or "shell", match["block"] or match["line"])
    for match in re.finditer(
        r"^```(?P<language>python|sql)\n(?P<block>.*?)^```|^    (?:[^\n]* && )?(?P<line>gtzanfeat [^\n]+)$",
        README,
        flags=re.DOTALL | re.MULTILINE,
    )
]
LINES = [text for language, text in PARTS if language == "shell"]


@dataclass
class Outcome:
    """What became of one part: what it printed, what it decoded, and the names that Python knew after it."""

    printed: str
    exit_code: int
    n_decoded: int
    names: dict


def run(language, text, names):
    """Run one part; return what it printed, and its exit code."""
    if language == "shell":
        done = CliRunner().invoke(main, shlex.split(text, comments=True)[1:], catch_exceptions=False)
        return done.output, done.exit_code
    if language == "sql":
        return str(duckdb.sql(text)), 0
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(text, names)
    return printed.getvalue(), 0


def less_work(patch):
    """Let every line, as it is printed, ask for less; what is left out here is run whole elsewhere."""
    # the demo is a step of its own, and the experiment of 2002 a notebook
    patch.setattr(demo_command, "PER_STYLE", 2)
    patch.setattr(demo_command, "FOLDS", 2)
    patch.setattr(demo_command, "CONTESTS", (("knn1", "classic30"),))
    published = PUBLISHED_EXPERIMENTS["tzanetakis2002"]
    patch.setitem(
        PUBLISHED_EXPERIMENTS,
        "tzanetakis2002",
        replace(published, classifiers={"GS": "gmm1", "GMM3": "gmm3"}, families={"BHF": ("beat_",)}),
    )
    # folds are drawn once where a line does not say how often
    for option in [*main.commands["evaluate"].params, *main.commands["train"].params]:
        if option.name == "repeats":
            patch.setattr(option, "default", 1)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Run all parts in their order; return the outcome of each by its text."""
    decoded, names, outcomes = [], {}, {}
    decode = parallel.blocks
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("readme"))
        less_work(patch)
        patch.setattr(parallel, "blocks", lambda *clip: decoded.append(clip) or decode(*clip))
        for language, text in PARTS:
            before = len(decoded)
            printed, exit_code = run(language, text, names)
            outcomes[text] = Outcome(printed, exit_code, len(decoded) - before, dict(names))
        yield outcomes


def blocks(language):
    return [text for kind, text in PARTS if kind == language]


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_command_line_runs(outcomes, line):
    done = outcomes[line]
    assert done.exit_code == 0, done.printed
    for output in re.findall(r" (?:-o|--save|--report|--memory) (\S+)", line):
        assert Path(output).exists()
    if "--protocol artist" in line:
        assert re.search(r"\d+ artists? test|artist: .* over artists", done.printed), done.printed


def test_the_lines_of_python_and_sql_run(outcomes):
    search, loaded, score, codebook, grid, cluster, *parameters, believed, tags, read_back = map(
        outcomes.get, blocks("python")
    )
    assert search.names["search"].best_params_.keys() == {"clipfeatures__feature_set", "svc__C"}
    assert loaded.printed.count("[") == 3  # probabilities of two clips
    assert "macro recall" in score.printed
    names = grid.names
    assert names["search"].best_params_.keys() == names["grid"].keys()
    assert len(names["search"].cv_results_["params"]) == 12
    # two features: not 12 grid points, not 3 folds, not the second search
    assert grid.n_decoded == 2 * len(names["clips"])
    assert re.fullmatch(r"first search: \d+ s\nsecond search: \d+ s\n", grid.printed)
    codebook.names["summaries"].fit(names["clips"].clips, names["clips"].labels)
    assert cluster.names["features"].ok.all()
    assert cluster.n_decoded == 0  # here
    assert len(parameters) == 5
    mine = parameters[-1].names["mine"]
    assert {"librosa_mfcc_19_std", "spectral_contrast_2_tvar"} <= set(mine.columns)
    assert [result.protocol for result in believed.names["results"]] == ["artist"] * 3
    assert "rhythm" in believed.printed
    assert set(tags.names["songs"]["labels"]) <= {
        f"{mode}|in {metre}"
        for mode in ("major", "minor", "dorian", "mixolydian", "octatonic")
        for metre in ("three", "four")
    }
    assert len(read_back.names["table"]) == len(names["clips"])
    (query,) = blocks("sql")
    assert "boogie" in outcomes[query].printed


def test_the_guide_shows_the_same_cluster():
    guide = (ROOT / "docs" / "guide" / "cluster.md").read_text(encoding="utf-8")
    (cluster,) = (text for text in blocks("python") if "dask" in text)
    assert f"```python\n{cluster}```" in guide


def test_extras_are_named_before_what_needs_them():
    for extra, need in (("augment", "--degrade"), ("hmm", "--recipe hmm")):
        assert 0 < README.find(f"gtzanfeat[{extra}]") < (README.find(need) % len(README) or len(README))


def test_every_set_and_recipe_is_named():
    for name in FEATURE_SETS:
        assert f"`{name}`" in README, name
        assert re.search(rf"`{name}`[^|]*\| [^|]*{len(FEATURE_SETS[name].columns)}", README), name
    for name in RECIPES:
        assert f"`{name}`" in README or re.match(r"gmm[2-4]", name), name


def test_the_map_of_rooms_names_every_room():
    (section,) = re.findall(r"^## Inside\n(.*?)^## ", README, flags=re.DOTALL | re.MULTILINE)
    folders = {path.parent.name for path in (ROOT / "gtzanfeat").glob("*/__init__.py")}
    named = set(re.findall(r"\w+", section))
    assert folders <= named
