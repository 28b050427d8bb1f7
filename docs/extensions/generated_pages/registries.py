"""Tables of the registries other than the features: what can be named, and what it means."""

import dataclasses
import html
from pathlib import Path

from generated_pages.rst import code, heading, raw, table
from gtzanfeat.augmentation import DEGRADATIONS
from gtzanfeat.datasets import LAYOUTS
from gtzanfeat.evaluation import PROTOCOLS, REGRESSORS, TASKS
from gtzanfeat.inspection import PUBLISHED_EXPERIMENTS
from gtzanfeat.recipes import RECIPES
from gtzanfeat.statistics.summaries import SUMMARIES

TABLES = {
    "recipes": ("Recipes", RECIPES, "A recipe is a named pipeline: `gtzanfeat.recipe`."),
    "protocols": ("Protocols", PROTOCOLS, "Which recordings train and which test: `gtzanfeat.evaluate`."),
    "summaries": (
        "Summaries",
        SUMMARIES,
        "What makes numbers per clip of numbers per frame. Several are put together by ``+``, and ``pNN`` is "
        "any percentile; :doc:`/specification/statistics` has the formulae.",
    ),
    "degradations": ("Degradations", DEGRADATIONS, "What is done to sound: `gtzanfeat.degrade_clips`."),
    "dataset-layouts": ("Dataset layouts", LAYOUTS, "What `gtzanfeat.load_dataset` reads."),
    "regressors": ("Regressors", REGRESSORS, "What stands behind the features where the target is a number."),
    "tasks": ("Tasks", TASKS, "What can be asked of a clip."),
    "experiments": ("Published experiments", PUBLISHED_EXPERIMENTS, "What `gtzanfeat.reproduce` runs again."),
}


def simple(value: object) -> bool:
    """Whether a value can stand in a table."""
    return (
        value is None
        or isinstance(value, str | int | float)
        or (isinstance(value, tuple) and all(isinstance(part, str | int | float) for part in value))
    )


def cell(value: object) -> str:
    """Return a value as HTML."""
    if isinstance(value, tuple):
        value = ", ".join(map(cell, value)) if len(value) <= 12 else f"{cell(value[0])} ... {cell(value[-1])}"
        return value or "-"
    if value is None or value == "":
        return "-"
    return html.escape(f"{value:g}" if isinstance(value, float) else str(value))


def registry_table(rows: dict) -> str:
    """Return one row per row, one column per field that can be written down."""
    first, *_ = rows.values()
    fields = [field.name for field in dataclasses.fields(first) if field.name != "name"]
    written = {(row, name) for row in rows for name in fields if simple(v := getattr(rows[row], name)) and v}
    names = [name for name in fields if any((row, name) in written for row in rows)]
    body = [
        [code(key), *(cell(v) if simple(v := getattr(row, name)) else "its own" for name in names)]
        for key, row in rows.items()
    ]
    return table(["name", *(name.replace("_", " ") for name in names)], body)


def write(folder: Path) -> None:
    """Write one page per registry."""
    for name, (title, rows, words) in TABLES.items():
        page = "\n\n".join([f".. _{name}:", heading(title), words, raw(registry_table(rows))])
        (folder / f"{name}.rst").write_text(page + "\n", encoding="utf-8")
