"""Which module constants a row's functions read, found by following what their code names."""

import ast
import functools
import importlib
import inspect
import re
import types
from pathlib import Path

import gtzanfeat

ROOMS = ("features", "ingredients", "statistics")
PACKAGE = Path(gtzanfeat.__file__).parent
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")


@functools.cache
def assignments(module):
    """The module-level assignments to UPPER_CASE names that hold or compute numbers: name -> expression.

    Rows of features are declarations, not constants, and text is no number.
    """
    path = PACKAGE / Path(*module.split(".")[1:]).with_suffix(".py")
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            side_by_side = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = (
                list(zip(target.elts, value.elts, strict=True))
                if side_by_side
                else [(t, value) for t in getattr(target, "elts", [target])]
            )
        else:
            continue
        for target, value in pairs:
            if isinstance(target, ast.Name) and CONSTANT.fullmatch(target.id):
                found[target.id] = value
    return found


def literals(expression):
    """The numbers written in an expression."""
    return [
        node
        for node in ast.walk(expression)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value is not True
    ]


def is_of_rooms(module):
    return module is not None and module.split(".")[:1] == ["gtzanfeat"] and module.split(".")[1] in ROOMS


def reached(function, seen=None):
    """(module, name) of every constant that a function reads, in whatever it calls too."""
    seen = set() if seen is None else seen
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "py_func"):
            function = function.py_func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    if inspect.isclass(function):
        found = set()
        for member in vars(function).values():
            if inspect.isfunction(member):
                found |= reached(member, seen)
        return found
    if not inspect.isfunction(function) or function in seen or not is_of_rooms(function.__module__):
        return set()
    seen.add(function)
    found = set()
    for name in names_of(function.__code__):
        found |= reached_by_name(function.__module__, name, seen)
    for cell in function.__closure__ or ():
        if callable(cell.cell_contents):
            found |= reached(cell.cell_contents, seen)
    return found


def names_of(code):
    """The global names and attributes that code names, in the functions inside it too."""
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*map(names_of, inner))


def reached_by_name(module, name, seen):
    """What a name stands for in a module: a constant, with those that it is computed from, or a function."""
    home = importlib.import_module(module)
    if name not in vars(home):
        return set()
    if CONSTANT.fullmatch(name):
        for owner in (module, *imported_from(module, name)):
            if name in assignments(owner):
                found = {(owner, name)}
                for node in ast.walk(assignments(owner)[name]):
                    if isinstance(node, ast.Name) and node.id != name:
                        found |= reached_by_name(owner, node.id, seen)
                return found
        return set()
    return reached(vars(home)[name], seen)


def imported_from(module, name):
    """The module that a name is imported from, if it is one of the rooms."""
    path = PACKAGE / Path(*module.split(".")[1:]).with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and is_of_rooms(node.module):
            yield from (node.module for alias in node.names if alias.name == name)
