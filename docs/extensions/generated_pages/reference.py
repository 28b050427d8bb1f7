"""The API reference: one page per public name, grouped by room in the order of the floors."""

import inspect
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import gtzanfeat
from generated_pages.rst import heading, plain

# rooms from the ground up; what is not named here and has a front is put at the end
ROOMS = {
    "errors": "Errors",
    "declarations": "Declarations",
    "audio": "Audio",
    "datasets": "Datasets",
    "datasets.synthetic": "The synthetic corpus",
    "feature_sets": "Feature sets",
    "extraction": "Extraction",
    "extraction.cache": "The cache",
    "export": "Tables",
    "export.dataset": "Tables in folders",
    "codebooks": "Codebooks",
    "classifiers": "Classifiers",
    "transformers": "Transformers",
    "recipes": "Recipes",
    "model_selection": "Model selection",
    "segments": "Segments",
    "augmentation": "Augmentation",
    "evaluation": "Evaluation",
    "inspection": "Inspection",
    "report": "Reports and displays",
}
INTERNAL = {"cli", "features", "ingredients", "statistics", "jit", "version"}

# where the rows of a registry are listed
LISTED = {
    "FEATURE_SETS": "feature-sets",
    "RECIPES": "recipes",
    "PROTOCOLS": "protocols",
    "DEGRADATIONS": "degradations",
    "LAYOUTS": "dataset-layouts",
    "REGRESSORS": "regressors",
    "TASKS": "tasks",
    "PUBLISHED_EXPERIMENTS": "experiments",
}


def rooms() -> dict[str, str]:
    """Return the rooms and their titles."""
    others = {module.name for module in iter_modules(gtzanfeat.__path__)} - ROOMS.keys() - INTERNAL
    found = {name: name.replace("_", " ").capitalize() for name in sorted(others) if not name.startswith("_")}
    return ROOMS | found


def public_names() -> dict[str, list[str]]:
    """Return for each room its names, with the shortest way to import them: the package's own first."""
    short: dict[int, str] = {
        id(getattr(gtzanfeat, name)): f"gtzanfeat.{name}" for name in gtzanfeat.__all__ if name[0] != "_"
    }
    groups: dict[str, list[str]] = {}
    seen: set[int] = set()
    for room in rooms():
        module = import_module(f"gtzanfeat.{room}")
        front = getattr(module, "__all__", None)
        for name, value in sorted(vars(module).items()):
            known = id(value) in short
            if id(value) in seen or not (known if front is None else name in front):
                continue
            seen.add(id(value))
            groups.setdefault(room, []).append(short.get(id(value), f"gtzanfeat.{room}.{name}"))
    left = set(short.values()) - {name for names in groups.values() for name in names}
    if left:
        raise LookupError(f"no room of ROOMS hands out {sorted(left)}")
    return groups


def load(path: str) -> object:
    """Return the object of a dotted path."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def kind(value: object) -> str:
    """Return what autodoc calls it."""
    if inspect.isclass(value):
        return "exception" if issubclass(value, BaseException) else "class"
    return "function" if inspect.isroutine(value) else "data"


def page_name(path: str) -> str:
    """Return the name of its page, which differs from others not by capitals alone."""
    return f"{path}-{kind(load(path))}" if kind(load(path)) != "class" else path


def write(folder: Path) -> None:
    """Write the overview, a page per room and a page per name."""
    parts = [
        heading("API reference"),
        "Everything that is public, room by room, from the ground up: a room uses only those before it. "
        "Names of the package itself are imported as ``from gtzanfeat import ...``, those of a room from "
        "their room. What is not listed here may change without notice.",
    ]
    groups = public_names()
    for room, names in groups.items():
        links = ", ".join(f":py:obj:`~{path}`" for path in names)
        parts.append(f":doc:`{rooms()[room]} <{room}>`\n    {summary(room)}\n\n    {links}")
        (folder / f"{room}.rst").write_text(room_page(room, names), encoding="utf-8")
        for path in names:
            (folder / f"{page_name(path)}.rst").write_text(page(path), encoding="utf-8")
    tree = ["command_line", *groups]
    parts.append(".. toctree::\n   :hidden:\n\n" + "".join(f"   {page}\n" for page in tree))
    (folder / "index.rst").write_text("\n\n".join(parts), encoding="utf-8")


def summary(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    doc = inspect.getdoc(import_module(f"gtzanfeat.{room}")) or ""
    return " ".join(doc.partition("\n\n")[0].split())


def room_page(room: str, names: list[str]) -> str:
    """Return the page of one room: its names, each with the sentence that says what it is."""
    described = [name for name in names if kind(load(name)) != "data"]
    parts = [heading(rooms()[room]), f"``gtzanfeat.{room}``", summary(room)]
    if described:
        parts.append(".. autosummary::\n   :nosignatures:\n\n" + "\n".join(f"   ~{n}" for n in described))
    parts += [f"* `{path}`: {sentence(path)}" for path in names if kind(load(path)) == "data"]
    tree = "".join(f"   {plain(path.rpartition('.')[2])} <{page_name(path)}>\n" for path in names)
    parts.append(".. toctree::\n   :hidden:\n\n" + tree.replace("\\", ""))
    return "\n\n".join(parts)


def sentence(path: str) -> str:
    """Return what a registry or constant holds, in one sentence."""
    value = load(path)
    name = path.rpartition(".")[2]
    if not isinstance(value, dict | tuple):
        return f"``{value!r}``"
    rows = list(value.values() if isinstance(value, dict) else value)
    what = type(rows[0]).__name__
    listed = (
        f", listed under :ref:`{LISTED[name].replace('-', ' ')} <{LISTED[name]}>`" if name in LISTED else ""
    )
    by_name = "by name" if isinstance(value, dict) else "one after the other"
    rows_of = f"{len(rows)} rows of type `{what}`" if type(rows[0]).__module__ != "builtins" else "the values"
    return f"{rows_of}, {by_name}{listed}."


def page(path: str) -> str:
    """Return the page of one name."""
    module, _, name = path.rpartition(".")
    value = load(path)
    parts = [heading(plain(name)), f".. currentmodule:: {module}"]
    if kind(value) == "data":
        keys = ", ".join(f"``{key}``" for key in value) if isinstance(value, dict) else ""
        body = "\n\n".join("   " + text for text in (sentence(path), keys) if text)
        parts.append(f".. py:data:: {name}\n\n{body}")
    else:
        options = "\n   :members:" if kind(value) == "class" else ""
        parts.append(f".. auto{kind(value)}:: {path}{options}")
    return "\n\n".join(parts) + "\n"


def skip_member(app, what, name, member, skip, options) -> bool | None:
    """Leave out the methods that scikit-learn puts on every estimator."""
    return True if re.fullmatch(r"set_\w+_request|get_metadata_routing", name) else None


def escape_shapes(app, what, name, value, options, lines: list[str]) -> None:
    """Keep ``shape (n_components_,)`` from being read as a link: a word that ends in an underscore."""
    lines[:] = [re.sub(r"(?<=\w)_(?=[,)])", r"\\_", line) if "shape (" in line else line for line in lines]
