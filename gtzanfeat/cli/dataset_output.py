"""Folders that ``gtzanfeat extract`` and ``gtzanfeat merge`` write: their options, and the lines about them.

What is in them is the business of `gtzanfeat.export.dataset`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import screen

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.export.dataset import ClipRows, DatasetSummary
    from gtzanfeat.feature_sets import FeatureSet


class Shard(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """Which of how many: ``2/8``."""

    name = "shard"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Make two numbers of a word."""
        found = re.fullmatch(r"(\d+)/(\d+)", str(value))
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{value!r} is no shard; give one as 2/8, the second of eight.", param, ctx)
        return int(found[1]), int(found[2])


def rows(chosen: FeatureSet, segments: float | None, hop: float | None) -> ClipRows:
    """Return what the rows are: clips, or windows of so many seconds."""
    from gtzanfeat.export.dataset import ClipRows
    from gtzanfeat.segments import SegmentRows

    return ClipRows(chosen) if segments is None else SegmentRows(chosen, segments, hop)


def write_dataset(
    find_clips: Callable[[], ClipTable], folder: Path, what: ClipRows, quiet: bool, **how: Any
) -> int:
    """Extract into a folder; return the exit code.

    Parameters
    ----------
    find_clips : callable
        Gives the recordings.
    folder : Path
        The dataset.
    what : ClipRows
        What its rows are.
    quiet : bool
        No progress, no notes and no result.
    **how : dict
        Of `gtzanfeat.extract_dataset`.
    """
    from gtzanfeat.export.dataset import extract_dataset

    clips = find_clips()
    screen.note(clips.notes, quiet)
    with screen.reported_progress(quiet):
        found = extract_dataset(clips, folder, what, **how)
    return tell(found, quiet)


def tell(found: DatasetSummary, quiet: bool) -> int:
    """Say in one line what a dataset holds, and list what failed; return the exit code."""
    if not quiet:
        others = [f", {count} {status}" for status, count in found.counts.items() if status != "ok"]
        n_left = found.n_inputs - found.n_done
        left = f"; {n_left} are left to other shards" if n_left else ""
        words = found.metadata
        copies = f"; copies left out: {len(words['copies'])}" if words["copies"] else ""
        n_columns = sum("family" in column for column in words["columns"].values())
        screen.show(
            f"{found.place}: {found.n_analysed} of {found.n_inputs} recordings, {n_columns} columns of "
            f"{words['feature_set']} (spec {words['spec_hash']}){''.join(others)}{left}{copies}"
        )
    return screen.list_failures(found.failures)
