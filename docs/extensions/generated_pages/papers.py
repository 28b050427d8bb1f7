"""The papers of the project as pages: changelog, contributing, and which versions of what it works with."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

import gtzanfeat

COPIED = {
    "changelog": ("CHANGELOG.md", "# Changelog\n\nThis is the first version.\n"),
    "contributing": ("CONTRIBUTING.md", "# Contributing\n\nSee the README of the sources.\n"),
}


def write(folder: Path) -> None:
    """Write the pages."""
    root = folder.parent
    for page, (name, otherwise) in COPIED.items():
        path = root / name
        text = path.read_text(encoding="utf-8") if path.is_file() else otherwise
        # a link to a file of the sources leads nowhere from here
        text = re.sub(r"\[([^\]]+)\]\((?!\w+:|#)[^)]+\)", r"\1", text)
        (folder / f"{page}.md").write_text(text, encoding="utf-8")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (folder / "compatibility.md").write_text(compatibility(project), encoding="utf-8")


def compatibility(project: dict) -> str:
    """Return the page of versions, from what ``pyproject.toml`` says."""
    named = (re.search(r":: (3\.\d+)$", line) for line in project["classifiers"])
    pythons = ", ".join(match[1] for match in named if match)
    rows = [("required", line) for line in project["dependencies"]]
    rows += [
        (f"`[{extra}]`", line)
        for extra, lines in project["optional-dependencies"].items()
        if extra not in ("test", "docs")
        for line in lines
    ]
    table = "\n".join(
        f"| {r.name} | {needed} | {r.specifier} | {version_here(r.name)} |"
        for needed, r in ((needed, Requirement(line)) for needed, line in rows)
    )
    return f"""# Compatibility

gtzanfeat {gtzanfeat.__version__} is for Python {pythons} (`{project["requires-python"]}`), and is tested on
Linux.

| library | needed | versions | these pages were built with |
|---|---|---|---|
{table}

Tables and scores carry the versions of the libraries that they were computed with.

## What stays

* A feature set that has been released keeps its columns, its numbers and its hash. A change of meaning is
  a new name.
* What is not in the [API reference](api/index.rst) may change without notice. Pickles and cache entries of
  other versions may not be readable.
"""


def version_here(name: str) -> str:
    """Return the version of an installed library, or a dash."""
    try:
        return version(name)
    except ModuleNotFoundError:
        return "-"
