"""Frames that ``gtzanfeat extract --level frames`` writes: which there are, and the line about them.

How they are computed and written is the business of `gtzanfeat.export.frame_files`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import outputs, screen

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.export import FrameRows
    from gtzanfeat.export.dataset import ClipRows


def rows(set_name: str, features: tuple[str, ...] | None) -> FrameRows:
    """Return the frame features that are named, or all of a set."""
    from gtzanfeat.errors import GtzanfeatError
    from gtzanfeat.export import FrameRows
    from gtzanfeat.extraction.frame_matrices import frame_spec
    from gtzanfeat.feature_sets import feature_set

    try:
        return FrameRows(frame_spec(feature_set(set_name) if features is None else features))
    except GtzanfeatError:
        raise
    except ValueError as error:  # features that do not go into one matrix
        name = set_name if features is None else ", ".join(features)
        raise click.UsageError(f"{name}: {error}. Choose features by --features A,B...") from error


def write_file(clips: ClipTable, where: Path, what: ClipRows, quiet: bool, **how: Any) -> int:
    """Write the frames of recordings to a file; return the exit code.

    Parameters
    ----------
    clips : ClipTable
        The recordings.
    where : Path
        The file.
    what : ClipRows
        Frames, of `rows`.
    quiet : bool
        No progress, no notes and no result.
    **how : dict
        Of `gtzanfeat.write_frames`.
    """
    from gtzanfeat.export import write_frames

    spec = what.feature_set
    with outputs.held(where):
        screen.note(clips.notes, quiet)
        with screen.progress(f"{spec.name}: analysing", len(clips), quiet) as advance:
            n_frames, failures = write_frames(clips, where, what, progress=advance, **how)
    if not quiet:
        screen.show(
            f"{where}: {n_frames} frames of {len(clips) - len(failures)} of {len(clips)} clips, "
            f"{len(spec.columns)} columns of {spec.name} (spec {spec.spec_hash})"
        )
    return screen.list_failures(failures)
