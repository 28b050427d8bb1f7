"""``gtzanfeat predict``: what a trained model says of recordings, or of sound that arrives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gtzanfeat.cli import options, predict_results, predict_sources, screen

if TYPE_CHECKING:
    from gtzanfeat.datasets import ClipTable
    from gtzanfeat.models.predictor import Predictor

STDIN = "-"


@click.command("predict")
@click.argument("model", type=options.FilePath())
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=options.FilePath())
@click.option(
    "--output",
    "-o",
    type=options.FilePath(),
    help="Write a table, NAME.csv, NAME.parquet or NAME.jsonl, instead of printing one.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The most probable labels to name.",
)
@click.option(
    "--abstain",
    metavar="P",
    type=click.FloatRange(0, 1),
    help="Name no class whose probability is below this.",
)
@click.option(
    "--timeline", metavar="SECONDS", type=options.Seconds(), help="Decide about one window after another."
)
@click.option(
    "--join", metavar="FILE", type=options.FilePath(), help="The columns that the model was trained on too."
)
@click.option("--raw", metavar="RATE", type=int, help="The standard input is samples at this rate in Hz.")
@click.option("--channels", type=click.IntRange(min=1), help="Channels of --raw.  [default: 1]")
@click.option(
    "--format",
    "samples",
    type=click.Choice(["u8", "s16le", "s24le", "s32le", "f32le", "f64le"]),
    help="Type of the samples of --raw.  [default: s16le]",
)
@click.option(
    "--window",
    metavar="SECONDS",
    type=options.Seconds(),
    help="Length of the windows of a stream.  [default: that of the windows the model learnt from, or 3]",
)
@click.option(
    "--hop",
    metavar="SECONDS",
    type=options.Seconds(),
    help="From one window of a stream to the next.  [default: 1, or the window if that is shorter]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON lines, one for each row, instead of a table."
)
@options.on_error
@options.memory
@options.jobs()
@options.overwrite
@options.quiet
def command(model: Path, sources: tuple[Path, ...], **asked: Any) -> int:
    """Predict with a model that `gtzanfeat train` wrote.

    Give audio files, folders of them at any depth, or manifests; or - for the standard input, which is a list
    of paths, one a line; or a WAV, or samples with --raw: then a line is printed for every window as soon as
    it has arrived. Remarks tell where a recording is unlike those that the model was trained on.
    """
    from gtzanfeat.models.predictor import open_predictor

    piped = any(str(source) == STDIN for source in sources)
    if piped and len(sources) > 1:
        raise click.UsageError("- must stand alone.")
    if asked["raw"] is not None and not piped:
        raise click.UsageError("--raw is for the standard input; give - as the source.")
    if asked["raw"] is None and (asked["channels"] or asked["samples"]):
        raise click.UsageError("--channels and --format are those of --raw; give it too.")
    predictor = open_predictor(model)
    if piped:
        pipe = sys.stdin.buffer
        begun = pipe.read(4) if asked["raw"] is None else b""
        if asked["raw"] is not None or begun == b"RIFF":
            return _listen(predictor, pipe, begun, asked)
        clips = predict_sources.listed_clips(begun + pipe.read(), predictor.labels)
    else:
        clips = predict_sources.find_clips(sources, predictor.labels)
    if asked["window"] or asked["hop"]:
        raise click.UsageError("--window and --hop are for a stream; --timeline is for recordings.")
    return _predict(predictor, clips, asked)


def _predict(predictor: Predictor, clips: ClipTable, asked: dict[str, Any]) -> int:
    """Predict recordings, and print or write the table."""
    from gtzanfeat.models import predict

    quiet = asked["quiet"]
    where = asked["output"]
    screen.note(clips.notes, quiet)
    with predict_results.destination(where, asked["overwrite"]):
        with screen.progress("predicting", len(clips), quiet) as advance:
            table = predict(
                predictor,
                clips,
                top=asked["top"],
                abstain=asked["abstain"],
                timeline=asked["timeline"],
                columns=asked["join"],
                on_error=asked["on_error"],
                n_jobs=asked["jobs"],
                memory=asked["memory"],
                progress=advance,
            )
        failed = table["error"].notna()
        good = table.loc[~failed].drop(columns="error")
        written = predict_results.give(good, where, asked["as_json"])
    if where is not None and not quiet:
        screen.show(
            f"{written}: {len(good)} rows of {len(clips) - int(failed.sum())} of {len(clips)} recordings"
        )
    predict_results.say_remarks(good, quiet)
    if asked["timeline"] is None:
        predict_results.say_score(clips, table, predictor.labels)
    return predict_results.list_failures(table.loc[failed], where, written)


def _listen(predictor: Predictor, pipe: Any, begun: bytes, asked: dict[str, Any]) -> int:
    """Print a line for every window of a stream as soon as it has arrived."""
    from gtzanfeat.audio.pcm_stream import PcmFormat, pcm_blocks, read_wav_header
    from gtzanfeat.models import stream
    from gtzanfeat.models.decisions import usual_window

    for name in ("output", "timeline", "join", "abstain"):
        if asked[name] is not None:
            raise click.UsageError(f"--{name} is for recordings; a stream is printed line by line.")
    if asked["raw"] is None:
        form = read_wav_header(pipe, begun)
    else:
        form = PcmFormat(asked["raw"], asked["channels"] or 1, asked["samples"] or "s16le")
    window = asked["window"] or usual_window(predictor)
    hop = asked["hop"] or min(1.0, window)
    for decision in stream(pcm_blocks(pipe, form), form.rate, predictor, window=window, hop=hop):
        predict_results.show_decision(decision, asked["top"], asked["as_json"])
    return 0
