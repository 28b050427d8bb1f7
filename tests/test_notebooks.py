"""Every notebook runs from top to bottom, and the first one on recordings of the reader's own."""

import re
from pathlib import Path

import nbformat
import pytest
import soundfile
from nbclient import NotebookClient

from gtzanfeat.datasets.synthetic import compose

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the client's own event loop


@pytest.fixture(scope="module")
def client():
    """One kernel for all notebooks, which begin without names: imports are half of what they cost."""
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=300, kernel_name="python3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with client.setup_kernel():
            yield client


@pytest.fixture
def run(client):
    """Run a notebook in a folder, on these sources and, to save time, a smaller corpus than it shows."""

    def run(notebook, folder):
        for cell in notebook.cells:
            cell.source = re.sub(r"n_per_style=\d+, seconds=\d+", "n_per_style=5, seconds=4", cell.source)
        begin = f"%reset -f\nimport os\nos.chdir({str(folder)!r})\ndel os"
        notebook.cells.insert(0, nbformat.v4.new_code_cell(begin))
        client.nb = notebook
        client.execute(cleanup_kc=False)

    return run


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, run, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), "commit it executed"
    warned = [output for cell in code for output in cell["outputs"] if output.get("name") == "stderr"]
    assert not warned, "commit it without warnings"
    run(notebook, tmp_path)


@pytest.mark.parametrize("name", ["01_quickstart", "04_paper_of_2002"])
def test_a_notebook_names_the_cell_that_recordings_of_ones_own_replace(name):
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    assert any('`clips = load_dataset("genres")`' in cell.source for cell in cells)
    assert any("load_dataset" in cell.source for cell in cells if cell.cell_type == "code")  # imported
    (corpus,) = (cell for cell in cells if "= write_corpus(" in cell.source)
    assert "import" not in corpus.source


def test_the_first_notebook_runs_on_plain_recordings(run, tmp_path):
    """One folder per class, and nothing known but the class: no artist, no tempo."""
    for style in ("waltz", "stomp", "trance"):
        (tmp_path / "genres" / style).mkdir(parents=True)
        for number in range(6):
            clip = compose(style, number, seconds=3)
            soundfile.write(tmp_path / "genres" / style / f"{number}.wav", clip.samples, clip.rate)
    notebook = nbformat.read(ROOT / "notebooks" / "01_quickstart.ipynb", as_version=4)
    (corpus,) = (cell for cell in notebook.cells if "= write_corpus(" in cell.source)
    corpus.source = 'clips = load_dataset("genres")'  # as its text says
    run(notebook, tmp_path)
