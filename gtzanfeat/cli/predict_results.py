"""What ``gtzanfeat predict`` gives: a table on the screen or in a file, JSON lines, and remarks on it."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gtzanfeat.cli import outputs, screen
from gtzanfeat.errors import ExportError

if TYPE_CHECKING:
    import pandas as pd

    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.models import Decision

SUFFIXES = (".csv", ".parquet", ".jsonl")


@contextlib.contextmanager
def destination(where: Path | None, overwrite: bool) -> Iterator[None]:
    """Hold the file that will be written, if any, and refuse it now and not after hours.

    Parameters
    ----------
    where : Path or None
        The file; None for standard output.
    overwrite : bool
        Whether one that is there is replaced.

    Raises
    ------
    ExportError
        If it is of no known kind, there already, or cannot be written.
    """
    if where is None:
        yield
        return
    if where.suffix.lower() not in SUFFIXES:
        raise ExportError(f"{where}: a table is NAME{', NAME'.join(SUFFIXES)}; choose one of these")
    if where.exists() and not overwrite:
        raise ExportError(f"{where}: it is there already; choose another name, or give --overwrite")
    with outputs.held(where):
        yield


def give(table: pd.DataFrame, where: Path | None, as_json: bool) -> Path | None:
    """Print a table or JSON lines, or write a file; return where it was written.

    Parameters
    ----------
    table : DataFrame
        The predictions.
    where : Path or None
        A file by its suffix; None for standard output.
    as_json : bool
        Whether to print JSON lines.

    Returns
    -------
    Path or None
    """
    if where is not None:
        return outputs.write_somewhere(where, lambda path: _write(table, path))
    if as_json:
        for line in _json_lines(table):
            screen.show(line)
        return None
    names = [str(name) for name in table]
    heads = [name for name in names if name != "remarks" or table[name].astype(bool).any()]
    rows = [[_cell(row[name]) for name in heads] for row in table[heads].to_dict("records")]
    numbers = [name for name in heads if name.startswith("probability") or name in ("start", "end")]
    screen.table(heads, rows, right=numbers)
    return None


def show_decision(decision: Decision, top: int, as_json: bool) -> None:
    """Print one line about a window of a stream, at once.

    Parameters
    ----------
    decision : Decision
        From `gtzanfeat.stream`.
    top : int
        How many of the most probable labels to name.
    as_json : bool
        Whether it is a JSON object.
    """
    shares = decision.probabilities or {}
    best = sorted(shares, key=lambda name: (-shares[name], name))[:top]
    label = list(decision.label) if isinstance(decision.label, tuple) else decision.label
    if as_json:
        line = {
            "start": decision.start,
            "end": decision.end,
            "predicted": label,
            "probabilities": {name: shares[name] for name in best},
            "latency": round(decision.latency, 6),
            "flags": list(decision.flags),
        }
        screen.show(json.dumps(line, allow_nan=False))
    else:
        words = "|".join(label) if isinstance(label, list) else _cell(label)
        said = ", ".join(f"{name} {shares[name]:.2f}" for name in best)
        parts = [f"{decision.start:.2f} to {decision.end:.2f} s", words]
        parts += [said] if said else []
        parts += [f"latency {decision.latency:.3f} s", *decision.flags]
        screen.show("  ".join(parts))
    sys.stdout.flush()


def say_remarks(table: pd.DataFrame, quiet: bool) -> None:
    """Say on standard error how many rows have remarks."""
    n = int(table["remarks"].astype(bool).sum()) if "remarks" in table else 0
    if n and not quiet:
        screen.warn(
            f"{n} of {len(table)} rows are of sound unlike what the model was trained on, or doubtful "
            "otherwise; see the column remarks"
        )


def say_score(clips: ClipTable, table: pd.DataFrame, labels: Sequence[str]) -> None:
    """Say on standard error how many labels that are known were predicted, if there are any."""
    from gtzanfeat.models.predictions import accuracy_with_interval

    known = clips.frame["label"].isin(list(labels)).to_numpy(dtype=bool) & table["error"].isna().to_numpy()
    if not known.any():
        return
    predicted = table["predicted"].to_numpy(dtype=object)
    truth, groups = clips.labels[known], clips.groups[known]
    value, low, high = accuracy_with_interval(truth, predicted[known], groups)
    kind = "artists" if clips.artists is not None else "recordings"
    screen.say(
        f"accuracy {value:.1%} ({low:.1%} to {high:.1%}: 95 %, bootstrap over {len(set(groups))} {kind}) of "
        f"{int(known.sum())} recordings whose label is known"
    )


def list_failures(failed: pd.DataFrame, where: Path | None, written: Path | None) -> int:
    """List the recordings that failed; return the exit code."""
    for path, reason in zip(failed["path"], failed["error"], strict=True):
        screen.say(f"failed: {path}: {reason}")
    if written != where:
        return outputs.ELSEWHERE
    return 1 if len(failed) else 0


def _write(table: pd.DataFrame, path: Path) -> None:
    from gtzanfeat.export.formats import put_in_place

    with put_in_place(path) as part:
        if path.suffix.lower() == ".csv":
            table.to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
        elif path.suffix.lower() == ".parquet":
            table.to_parquet(part, index=False)
        else:
            part.write_text("".join(f"{line}\n" for line in _json_lines(table)), encoding="utf-8")


def _json_lines(table: pd.DataFrame) -> Iterator[str]:
    for row in table.to_dict("records"):
        yield json.dumps({str(name): _plain(value) for name, value in row.items()}, allow_nan=False)


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> str:
    value = _plain(value)
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
