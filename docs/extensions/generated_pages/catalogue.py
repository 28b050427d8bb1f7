"""The feature catalogue: every feature with its columns, its picture and the sets that have it."""

import csv
import html
import inspect
import re
from importlib import import_module
from itertools import groupby
from pathlib import Path
from pkgutil import iter_modules

import numpy as np

import gtzanfeat.features
from generated_pages.pictures import RATE, SECONDS, STYLE, Example, setting, sources
from generated_pages.rst import code, details, heading, plain, raw, table, values
from gtzanfeat.declarations import Column, FrameFeature, Framing, TrackFeature
from gtzanfeat.feature_sets import FEATURE_SETS, column_name
from gtzanfeat.feature_sets.feature_parameters import full_params, parameter_rows
from gtzanfeat.feature_sets.formulas import field_values, with_values
from gtzanfeat.features import FEATURES

WIDE = 100  # columns from which on those that differ by numbers alone share a row


def families() -> dict[str, list]:
    """Return the rows of each family file, by the name of the file."""
    modules = {
        module.name: import_module(f"gtzanfeat.features.{module.name}")
        for module in iter_modules(gtzanfeat.features.__path__)
    }
    return {name: list(module.FEATURES) for name, module in modules.items() if hasattr(module, "FEATURES")}


def write(folder: Path) -> None:
    """Write the pages of the families, of the sets, and the table of all columns."""
    example = Example()
    for family, rows in families().items():
        (folder / f"{family}.rst").write_text(family_page(family, rows, example), encoding="utf-8")
    (folder / "feature-sets.rst").write_text(sets_page(), encoding="utf-8")
    (folder / "index.rst").write_text(index_page(example), encoding="utf-8")
    with (folder / "columns.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["column", "feature", "family", "unit", "formula", "hears", "source"])
        for row in FEATURES.values():
            for c in columns(row):
                name = column_name(row.name, c.name)
                writer.writerow([name, row.name, row.family, c.unit, c.formula, c.hears, row.source])


def title(family: str) -> str:
    """Return the name of a family in words."""
    known = {"f0": "Fundamental frequency", "centroid_rolloff_flux": "Centroid, rolloff, flux"}
    return known.get(family, family.replace("_", " ").capitalize())


def index_page(example: Example) -> str:
    """Return the overview."""
    clip = example.clip
    rows = [
        (
            f'<a href="{family}.html#feature-{row.name}">{code(row.name)}</a>',
            html.escape(columns(row)[0].hears + (", ..." if len(row.columns) > 1 else "")),
            str(len(row.columns)),
            "frame" if isinstance(row, FrameFeature) else "clip",
            f'<a href="{family}.html">{html.escape(title(family))}</a>',
        )
        for family, features in families().items()
        for row in features
    ]
    n_columns = sum(len(row.columns) for row in FEATURES.values())
    words = (
        f"All {len(FEATURES)} features of the registry, with {n_columns} columns: what each computes, "
        "in which unit, what it hears, where it comes from, and what it looks like on one clip. "
        ":doc:`/specification/index` has the exact formulae and what becomes of silence and other edge "
        "cases; :download:`columns.csv` has all columns in one table. A feature becomes columns of a "
        "vector by a :ref:`summary <summaries>`, in a :ref:`feature set <feature-sets>`."
    )
    seen = (
        f"The clip of all pictures is {SECONDS:g} seconds of *{STYLE}*, composed by "
        f"`gtzanfeat.datasets.synthetic.compose`: {clip.tempo:.0f} bpm, {clip.key}."
    )
    tree = [*families(), "feature-sets", "recipes", "protocols", "summaries", "degradations"]
    tree += ["dataset-layouts", "regressors", "tasks", "experiments"]
    return "\n\n".join(
        [
            ".. _catalogue:",
            heading("Feature catalogue"),
            words,
            seen,
            raw(f'<audio controls preload="none" src="{example.sound}"></audio>'),
            raw(table(["feature", "what it hears", "columns", "per", "family"], rows)),
            ".. toctree::\n   :hidden:\n\n" + "\n".join(f"   {page}" for page in tree),
        ]
    )


def family_page(family: str, rows: list, example: Example) -> str:
    """Return the page of one family file."""
    doc = inspect.getdoc(import_module(f"gtzanfeat.features.{family}")) or ""
    parts = [heading(title(family)), doc.partition("\n\n")[0]]
    return "\n\n".join(parts + [feature_section(row, example) for row in rows]) + "\n"


def feature_section(row, example: Example) -> str:
    """Return what is to be said of one feature."""
    framing, params = setting(row.name)
    members = list(
        dict.fromkeys(s.name for s in FEATURE_SETS.values() for i in s.items if i.feature == row.name)
    )
    per = "clip" if not isinstance(row, FrameFeature) else "frame"
    facts = [
        f":Per: {per}, {len(row.columns)} column{'s' * (len(row.columns) > 1)}; family {row.family}",
        f":Computed from: {needs(row, params)}",
        f":Here with: {plain(framing_words(framing))}{parameters(params)}",
        f":Source: {plain(row.source)}",
        f":Gain: {'invariant' if row.gain_invariant else 'changes with the level of the clip'}",
        ":Sets: " + (", ".join(f":ref:`{name} <set-{name}>`" for name in members) or "none"),
        f":Specification: :ref:`formula and edge cases <feature-{row.name}>`",
    ]
    constants = ", ".join(f"``{name} = {value}``" for name, value in row.fixed.items() if np.ndim(value) < 1)
    if constants:
        facts.append(f":Constants: {constants}")
    flag = getattr(row, "flag", "")
    if flag:
        facts.append(f":Flag: ``{flag}`` where all columns are 0")
    if getattr(row, "lead", 0):
        facts.append(f":First frames: {row.lead} without a value, left out of summaries")
    return "\n\n".join(
        [
            f".. _catalogue-{row.name}:",
            raw(f'<span id="feature-{row.name}"></span>'),
            heading(plain(row.name), "-"),
            raw(example.picture(row.name)),
            "\n".join(facts),
            raw(column_table(row, example)),
            *parameter_table(row),
        ]
    )


def needs(row, params) -> str:
    """Return links to what a feature is computed from."""
    names = sources(row) or [need.format(**params) for need in getattr(row, "needs", ())]
    links = [f":ref:`{n} <{'catalogue' if n in FEATURES else 'ingredient'}-{n}>`" for n in names]
    return ", ".join(links) + ("; known when the clip has ended" if isinstance(row, TrackFeature) else "")


def framing_words(framing: Framing) -> str:
    """Return a framing in a few words."""
    words = f"frames of {framing.length} samples every {framing.hop}"
    words += f", {framing.window} window" if framing.window != "none" else ", no window"
    words += f", of the stream {framing.stream}" if framing.stream != "samples" else ""
    words += ", mean removed" if framing.remove_mean else ""
    return words + (f", centred, {framing.edges} beyond the ends" if framing.edges != "none" else "")


def parameters(params) -> str:
    """Return parameters as reStructuredText."""
    return "".join(f", ``{name}={value!r}``" for name, value in params.items())


def parameter_table(row) -> list[str]:
    """Return the table of the parameters of a feature; nothing where it takes none."""
    framing, params = setting(row.name)
    rows = parameter_rows(row.name, framing, RATE, params)
    heads = ["parameter", "default", "unit", "range", "meaning"]
    cells = [[code(each["parameter"]), *(html.escape(each[head]) for head in heads[1:])] for each in rows]
    return [raw(table(heads, cells))] if cells else []


def column_table(row, example: Example) -> str:
    """Return the table of the columns of a feature."""
    full = [(column_name(row.name, c.name), c) for c in columns(row)]
    here = "mean" if isinstance(row, FrameFeature) else "value"
    if len(full) <= WIDE:
        numbers = example.values(row.name)
        cells = [[code(name), *words(c), f"{x:.3g}"] for (name, c), x in zip(full, numbers, strict=True)]
        return table(["column", "unit", "formula", "hears", f"{here} here"], cells)
    cells = []
    for _, group in groupby(full, key=lambda pair: _without_numbers(pair[1])):
        (first, c), *_, (last, _) = members = list(group)
        span = f"{code(first)} ... {code(last)}" if len(members) > 1 else code(first)
        cells.append([span, str(len(members)), *words(c)])
    head = ["columns", "number", "unit", "formula of the first", "what it hears"]
    return table(head, cells) + details(f"all {len(full)} names", [name for name, _ in full])


def columns(row) -> list[Column]:
    """Return the columns of a feature, with the values of its parameters in the formulae."""
    framing, params = setting(row.name)
    values = field_values(framing, RATE, full_params(row.name, framing, RATE, params))
    return [with_values(column, values) for column in row.columns]


def words(column: Column) -> tuple[str, str, str]:
    """Return unit, formula and meaning as HTML."""
    return html.escape(column.unit), code(column.formula), html.escape(column.hears)


def _without_numbers(column: Column) -> tuple[str, str]:
    return column.unit, re.sub(r"\d+(\.\d+)?", "", column.formula)


# --- feature sets -----------------------------------------------------------------------------------------


def sets_page() -> str:
    """Return the page of all feature sets."""
    overview = [
        (
            f'<a href="#set-{name}">{code(name)}</a>',
            str(len(row.columns)),
            html.escape(row.doc),
            code(row.spec_hash),
        )
        for name, row in FEATURE_SETS.items()
    ]
    top = (
        "A feature set is a named, frozen list of features with framings, parameters and summaries. Its "
        "canonical JSON hashes to the *spec hash*, which stands in every table, cache and score. A change of "
        "meaning is a new name. `gtzanfeat.FeatureSet` makes sets of your own."
    )
    parts = [".. _feature-sets:", heading("Feature sets"), top]
    parts.append(raw(table(["set", "columns", "what it is", "spec hash"], overview)))
    return "\n\n".join(parts + [set_section(row) for row in FEATURE_SETS.values()]) + "\n"


def set_section(row) -> str:
    """Return what one set is made of."""
    items = [
        (
            f'<a href="{family_of(item.feature)}.html#feature-{item.feature}">{code(item.feature)}</a>',
            html.escape(framing_words(item.framing)),
            values(item.params),
            ", ".join(map(code, item.columns)) if 0 < len(item.columns) <= 20 else chosen_words(item),
            code(item.summary) if item.summary else "-",
        )
        for item in row.items
    ]
    head = ["feature", "framing", "parameters", "columns", "summary"]
    facts = f"{len(row.columns)} columns at {row.rate} Hz; spec hash ``{row.spec_hash}``"
    return "\n\n".join(
        [
            f".. _set-{row.name}:",
            heading(row.name, "-"),
            f"{plain(row.doc)}. {facts}.",
            raw(table(head, items) + details(f"all {len(row.columns)} columns", row.columns)),
        ]
    )


def chosen_words(item) -> str:
    """Return which columns of a feature are taken, in words."""
    return f"{len(item.columns)} of {len(FEATURES[item.feature].columns)}" if item.columns else "all"


def family_of(feature: str) -> str:
    """Return the family file of a feature."""
    return next(family for family, rows in families().items() if any(row.name == feature for row in rows))
