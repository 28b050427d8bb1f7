"""What importing a room costs: libraries and rooms that it does not need are not loaded."""

import subprocess
import sys

import pytest


def loaded_by(module):
    """Names of all modules that a fresh process holds after importing one."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_ingredients_load_no_features():
    rooms = {
        name.split(".")[1] for name in loaded_by("gtzanfeat.ingredients.spectra") if "gtzanfeat." in name
    }
    assert rooms == {"declarations", "errors", "ingredients", "jit", "version"}


@pytest.mark.parametrize("module", ["gtzanfeat.datasets", "gtzanfeat.declarations"])
def test_datasets_and_declarations_load_nothing_that_computes(module):
    loaded = loaded_by(module)
    assert not loaded & {
        "numba",
        "scipy",
        "librosa",
        "sklearn",
        "gtzanfeat.features",
        "gtzanfeat.ingredients",
    }


# what takes long to import, and what no vector needs
HEAVY = {
    "joblib",
    "librosa",
    "matplotlib",
    "pandas",
    "pyarrow",
    "rich",
    "scipy.signal",
    "scipy.stats",
    "sklearn",
}
FIRST_VECTOR = """
import sys
import numpy as np
from gtzanfeat import extract
extract([np.zeros(22050, dtype=np.float32)], "full")
print(*sys.modules)
import gtzanfeat.transformers
print(*sys.modules)
"""


def test_the_first_vector_of_timbre_needs_no_transform_of_scipy():
    code = FIRST_VECTOR.replace('"full"', '"timbre19"').partition("import gtzanfeat.transformers")[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not (HEAVY | {"scipy.fft"}) & set(done.stdout.split())


def test_the_first_vector_needs_no_library_that_takes_long_to_import():
    done = subprocess.run([sys.executable, "-c", FIRST_VECTOR], capture_output=True, text=True, check=True)
    loaded, loaded_by_transformers = (set(line.split()) for line in done.stdout.splitlines())
    assert not HEAVY & loaded
    # transformers need of scikit-learn its base and no more
    assert not {"sklearn.cluster", "sklearn.decomposition", "sklearn.mixture"} & loaded_by_transformers
