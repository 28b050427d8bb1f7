"""Every public name has a docstring of numpydoc's form, and every kernel says the shapes of its arrays.

API is what the package or the front of a room hands out: its docstrings have all sections (parameters, what
is returned). Of other public functions and classes the summary is checked.
"""

import inspect
import pkgutil
import re
from functools import cached_property
from importlib import import_module

import pytest
from numpydoc.validate import validate

import gtzanfeat

# the checks of numpydoc.validate, by their codes
SUMMARY = {
    "GL08",  # there is a docstring
    "SS01",  # with a summary,
    "SS02",  # which starts with a capital letter
    "SS03",  # and ends with a full stop
}
SECTIONS = {
    *("GL06", "GL07", "GL10"),  # known sections, in their order, with their directives written right
    *("PR01", "PR02", "PR03", "PR04", "PR06", "PR07", "PR08"),  # all parameters, with type and description
    *("RT01", "RT02", "RT03", "YD01"),  # what is returned or yielded
}
SHAPE = re.compile(r"\((?:\w[\w ·*/+-]*)(?:,(?: [\w ·*/+-]+)?)+\)")  # (n_frames, n_bins) or (n_samples,)

MODULES = [
    info.name
    for info in pkgutil.walk_packages(gtzanfeat.__path__, "gtzanfeat.")
    if not info.name.endswith("__main__")
]
FRONTS = ["gtzanfeat", *(f"gtzanfeat.{info.name}" for info in pkgutil.iter_modules(gtzanfeat.__path__))]


def is_documented_here(value, module):
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module


@pytest.fixture(scope="module")
def api():
    """The names, as they are called where they are defined, of all that is handed out."""
    handed_out = [
        getattr(front, name) for front in map(import_module, FRONTS) for name in getattr(front, "__all__", ())
    ]
    return {
        f"{value.__module__}.{value.__qualname__}" for value in handed_out if hasattr(value, "__qualname__")
    }


def public(module):
    """Yield the public functions and classes of a module, each with its name, and its public members."""
    for name, value in vars(import_module(module)).items():
        if not name.startswith("_") and is_documented_here(value, module):
            yield f"{module}.{name}", [f"{module}.{name}", *members(f"{module}.{name}", value)]


def members(name, value):
    if inspect.isclass(value):
        for member, what in vars(value).items():
            kinds = (classmethod, staticmethod, property, cached_property)
            if not member.startswith("_") and (inspect.isfunction(what) or isinstance(what, kinds)):
                yield f"{name}.{member}"


def faults_of(name, checks):
    found = validate(name)
    if found["type"] in (
        "property",
        "cached_property",
    ):  # has no parameters, and returns what its summary says
        checks = {code for code in checks if not code.startswith(("PR", "RT"))}
    return [f"{name}: {code} {message}" for code, message in found["errors"] if code in checks]


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_are_complete(module, api):
    faults = [
        fault
        for name, documented in public(module)
        for each in documented
        for fault in faults_of(each, SUMMARY | SECTIONS if name in api else SUMMARY)
    ]
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def kernels(module):
    """Return the kernels of a module: name and docstring."""
    compiled = {name: value.py_func for name, value in vars(module).items() if hasattr(value, "py_func")}
    return {
        name: inspect.getdoc(function) or ""
        for name, function in compiled.items()
        if function.__module__ == module.__name__
    }


@pytest.mark.parametrize("module", MODULES)
def test_kernels_say_the_shapes_of_their_arrays(module):
    told = kernels(import_module(module))
    assert [name for name, docstring in told.items() if not SHAPE.search(docstring)] == []


def half_documented(samples, rate):
    """Return something.

    Parameters
    ----------
    samples : array, shape (n_samples,)
        Sound.
    """
    return samples, rate


def test_what_is_missing_is_found():
    found = faults_of(f"{__name__}.half_documented", SUMMARY | SECTIONS)
    assert [fault.split()[1] for fault in found] == ["PR01", "RT01"]
    assert faults_of(f"{__name__}.half_documented", SUMMARY) == []
    told = kernels(import_module("gtzanfeat.features.flatness"))["spectral_flatness"]
    assert "power (n_frames, n_bins) -> out (n_frames, 1)" in told
    assert SHAPE.search("x (n,) -> a number")
    assert not SHAPE.search("the mean (of all frames)")
