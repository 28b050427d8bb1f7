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
    assert rooms == {"declarations", "errors", "ingredients", "jit", "parameters", "version"}


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
