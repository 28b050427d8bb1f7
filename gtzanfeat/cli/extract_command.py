"""``gtzanfeat extract``: recordings in, a table of features out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import dataset_output, frame_output, options, outputs, partial_table, screen

if TYPE_CHECKING:
    import numpy as np

    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.extraction import Extraction
    from gtzanfeat.feature_sets import FeatureSet


@click.command("extract")
@click.argument("sources", metavar="DATASET | FILE...", nargs=-1, required=True, type=options.DatasetPath())
@click.option(
    "--set", "set_name", metavar="NAME", default="classic30", show_default=True, help="The feature set."
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=options.FilePath(),
    help="The table: NAME.parquet or NAME.csv. A name without suffix is a folder of Parquet files, in which "
    "the same command goes on where a run was broken off.",
)
@click.option("--dataset", is_flag=True, help="The output is a folder, whatever its name.")
@click.option(
    "--shard",
    metavar="I/N",
    type=dataset_output.Shard(),
    help="Into a folder: the I-th of N shards of the list, of which each may be another machine's; see "
    "`gtzanfeat merge`.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=options.Seconds(),
    help="Into a folder: give up a recording that takes longer, and record that. Workers are processes.",
)
@click.option(
    "--segments",
    metavar="SECONDS",
    type=options.Seconds(),
    help="One row per window of this length, instead of one per clip; the last partial window of a recording "
    "is left out, unless it is the only one.",
)
@click.option(
    "--hop",
    metavar="SECONDS",
    type=options.Seconds(),
    help="From the start of one window to the next.  [default: their length]",
)
@click.option(
    "--level",
    type=click.Choice(["clips", "frames"]),
    default="clips",
    show_default=True,
    help="frames: one row per frame, with recording and time, of the frame features of the set.",
)
@click.option(
    "--features",
    metavar="A,B...",
    callback=options.names,
    help="With --level frames: these frame features, instead of those of a set.",
)
@click.option(
    "--quote-formulas",
    is_flag=True,
    help="In CSV, put ' before text that a spreadsheet would compute (= + - @).",
)
@options.layout
@options.on_error
@options.memory
@options.gpu
@options.jobs()
@options.overwrite
@options.quiet
def command(
    sources: tuple[Path | str, ...],
    set_name: str,
    output: Path,
    dataset: bool,
    shard: tuple[int, int] | None,
    timeout: float | None,
    segments: float | None,
    hop: float | None,
    level: str,
    features: tuple[str, ...] | None,
    quote_formulas: bool,
    layout: str | None,
    on_error: str,
    memory: Path | None,
    gpu: bool,
    jobs: int,
    overwrite: bool,
    quiet: bool,
) -> int:
    """Compute the features of recordings and write a table, one row per clip (or per window of it).

    Give a dataset (a copy of GTZAN, a folder with one folder per class, or a manifest), or any number of
    audio files. `gtzanfeat features` lists the feature sets.
    """
    from gtzanfeat.export import check_destination, write_table
    from gtzanfeat.feature_sets import feature_set

    chosen = feature_set(set_name)
    if hop is not None and segments is None:
        raise click.UsageError("--hop is for windows; give --segments too.")
    if features is not None and level != "frames":
        raise click.UsageError("--features is for frames; give --level frames too.")
    if segments is not None and level == "frames":
        raise click.UsageError("--segments is for windows; leave it out, or --level frames.")
    what = (
        dataset_output.rows(chosen, segments, hop)
        if level == "clips"
        else frame_output.rows(set_name, features)
    )
    if gpu and (segments is not None or level == "frames" or dataset or not output.suffix):
        raise click.UsageError(
            "--gpu is for tables of whole recordings; leave it out, or --segments, --level "
            "frames and the folder."
        )
    if dataset or not output.suffix:
        if quote_formulas:
            raise click.UsageError("--quote-formulas is for CSV; a folder holds Parquet.")
        return dataset_output.write_dataset(
            lambda: find_clips(sources, layout),
            output,
            what,
            quiet,
            shard=shard or (1, 1),
            n_jobs=jobs,
            timeout=timeout,
            memory=memory,
            on_error=on_error,
            overwrite=overwrite,
        )
    if shard is not None or timeout is not None:
        raise click.UsageError("--shard and --timeout are for a folder; give -o a name without suffix.")
    how = {"overwrite": overwrite, "quote_formulas": quote_formulas}
    where = check_destination(output, **how)  # now, and not after hours of analysis
    if level == "frames":
        return frame_output.write_file(
            find_clips(sources, layout),
            where,
            what,
            quiet,
            n_jobs=jobs,
            on_error=on_error,
            memory=memory,
            overwrite=overwrite,
        )
    with outputs.held(where), partial_table.written_meanwhile(where, **how) as write_part:
        clips = find_clips(sources, layout)
        screen.note(clips.notes, quiet)
        if segments is None:
            extraction = extract_with_progress(
                clips.clips,
                chosen,
                on_error=on_error,
                memory=memory,
                gpu=gpu,
                jobs=jobs,
                quiet=quiet,
                checkpoint=lambda done, extraction: write_part(clips.select(done), extraction),
            )
        else:
            clips, extraction = _segment_table_with_progress(
                clips, chosen, segments, hop, on_error, memory, jobs, quiet, write_part
            )
        written = outputs.write_somewhere(where, lambda path: write_table(extraction, clips, path, **how))
    if not quiet:
        n_truncated = sum("truncated" in flags.split() for flags in extraction.flags)
        truncated = f", {n_truncated} truncated" if n_truncated else ""
        copies = f"; copies left out: {len(clips.copies)}" if clips.copies else ""
        screen.show(
            f"{written}: {extraction.ok.sum()} of {len(clips)} clips, {len(chosen.columns)} columns of "
            f"{chosen.name} (spec {chosen.spec_hash}){truncated}{copies}"
        )
    code = screen.list_failures((*extraction.lost, *extraction.failures))
    return code if written == where else outputs.ELSEWHERE


def _segment_table_with_progress(
    clips: ClipTable,
    chosen: FeatureSet,
    seconds: float,
    hop: float | None,
    on_error: str,
    memory: Path | None,
    jobs: int,
    quiet: bool,
    checkpoint: Callable[[ClipTable, Extraction], None],
) -> tuple[ClipTable, Extraction]:
    """Measure windows with a bar that shows how far it is."""
    from gtzanfeat.segments import segment_table

    with screen.progress(f"{chosen.name}: analysing", len(clips), quiet) as advance:
        return segment_table(
            clips,
            chosen,
            seconds,
            hop_seconds=hop,
            n_jobs=jobs,
            on_error=on_error,
            memory=memory,
            progress=advance,
            checkpoint=checkpoint,
        )


def find_clips(sources: tuple[Path | str, ...], layout: str | None) -> ClipTable:
    """Load one dataset, or make a table of audio files; a str is a URL."""
    import pandas as pd

    from gtzanfeat.audio.remote_files import file_name
    from gtzanfeat.datasets import ClipTable, load_dataset, manifest
    from gtzanfeat.errors import DatasetError

    # all that is there, so that a pipe or a link to nothing is told of as a clip, and not as no dataset
    there = [
        path for path in sources if isinstance(path, str) or (os.path.lexists(path) and not path.is_dir())
    ]
    files = [path for path in there if file_name(str(path)).suffix.lower() not in manifest.SUFFIXES]
    if len(sources) == 1 and not files:
        return load_dataset(sources[0], layout)
    for path in sources:
        if not isinstance(path, str) and not os.path.lexists(path):
            raise DatasetError(f"{path}: there is no such file or folder; check the path")
        if path not in files:
            raise DatasetError(f"{path}: a dataset must stand alone; give one, or any number of audio files")
    if layout is not None:
        raise DatasetError("a layout is for a dataset; leave --layout out for audio files")
    names = [str(path) for path in files]
    frame = pd.DataFrame({"path": names, "label": None, "recording": names}, dtype=object)
    return ClipTable(frame, "files")


def extract_with_progress(
    sounds: Sequence[Any] | np.ndarray,
    chosen: FeatureSet,
    *,
    on_error: str,
    jobs: int,
    quiet: bool,
    memory: Path | None = None,
    checkpoint: Callable[[np.ndarray, Extraction], None] | None = None,
    gpu: bool = False,
) -> Extraction:
    """Extract with a bar that shows how far it is; `on_error` is that of the command line."""
    from gtzanfeat.extraction import extract

    with screen.progress(f"{chosen.name}: analysing", len(sounds), quiet) as advance:
        return extract(
            sounds,
            chosen,
            n_jobs=jobs,
            on_error=on_error,
            memory=memory,
            array_backend="cupy" if gpu else None,
            progress=advance,
            checkpoint=checkpoint,
        )
