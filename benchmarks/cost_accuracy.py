"""What features cost against how often they are right: a table, and one picture.

Run ``python benchmarks/cost_accuracy.py DATASET --protocol artist -o curve.svg`` on clips of known artists.
Every feature set that describes a clip is classified by the recipes svm and logistic, of which the better one
counts (so each is the best of two), and recipes that fix their features by themselves. The cost is that of a
30-second clip on one thread: of extraction, and for recipes of the prediction, too. Intervals are bootstraps
over artists or recordings, as everywhere in the package.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import stopwatch

stopwatch.one_thread()

from clips_to_measure import make_clip
from matplotlib import pyplot
from stopwatch import Record, best_of

from gtzanfeat import ClipTable, evaluate, extract, load_dataset
from gtzanfeat.evaluation.lone_classes import drop_lone_classes
from gtzanfeat.recipes import recipe

# sets of numbers to learn from; the others answer questions (tempo, key) or are parts of these
SETS = (
    "timbre19",
    "tzanetakis2002",
    "classic30",
    "librosa57",
    "marsyas64",
    "mfcc",
    "mfcc-gaussian",
    "ssd",
    "rh",
    "rp",
    "compact",
    "full",
    "broad",
)
CLASSIFIERS = ("svm", "logistic")
RECIPES = ("mfcc-codebook", "compact-svm", "everything", "best")


def interval(estimator: str, clips: ClipTable, feature_set: str | None, arguments) -> tuple[float, ...]:
    """Accuracy and its 95 % interval."""
    result = evaluate(
        estimator,
        clips,
        feature_set=feature_set,
        protocol=arguments.protocol,
        repeats=arguments.repeats,
        memory=arguments.memory,
        n_jobs=arguments.jobs,
    )
    return tuple(result.metrics.set_index("metric").loc["accuracy", ["value", "low", "high"]])


def draw(found: dict[str, tuple[float, tuple[float, ...]]], protocol: str, path: Path) -> None:
    """Cost from left to right, accuracy upwards, one point with its interval for each."""
    pyplot.rcParams["svg.fonttype"] = "none"  # text stays text
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for name, (ms, (value, low, high)) in found.items():
        colour, below = ("#b5482a", -10) if name in RECIPES else ("#2b5f9e", 4)
        error = [[100 * (value - low)], [100 * (high - value)]]
        axes.errorbar(ms, 100 * value, error, fmt="o", color=colour, markersize=4, elinewidth=0.8)
        axes.annotate(
            name, (ms, 100 * value), xytext=(4, below), textcoords="offset points", fontsize=8, color=colour
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="ms for a 30-second clip, one thread", ylabel=f"accuracy, %, protocol {protocol}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, **({"metadata": {"Date": None}} if path.suffix == ".svg" else {}))


def main() -> None:
    parser = stopwatch.arguments_of(__doc__)
    parser.add_argument("dataset", help="a folder or a manifest, as load_dataset takes it")
    parser.add_argument("-o", "--out", type=Path, help="the picture, SVG or PNG")
    parser.add_argument("--protocol", default="artist")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--memory", type=Path, help="a folder that keeps what was extracted")
    arguments = parser.parse_args()
    clips = drop_lone_classes(load_dataset(arguments.dataset), arguments.protocol)
    record = Record()
    print(stopwatch.processor())
    record.title(f"{len(clips)} clips of {len(set(clips.labels))} classes, protocol {arguments.protocol}")
    found: dict[str, tuple[float, tuple[float, ...]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.wav"
        make_clip(clip, 30)
        rounds = 5 if arguments.quick else 15
        sets = {name: lambda name=name: extract([clip], name) for name in SETS}
        costs = best_of(sets, rounds, in_a_row=3)
        for name in SETS:
            scores = [interval(estimator, clips, name, arguments) for estimator in CLASSIFIERS]
            found[name] = costs[name], max(scores)
        for name in RECIPES:
            pipeline = recipe(name, random_state=0).fit(clips.clips, clips.labels)
            once = {name: lambda pipeline=pipeline: pipeline.predict([clip])}
            ms = best_of(once, rounds, in_a_row=3)[name]
            found[name] = ms, interval(name, clips, None, arguments)
    for name, (ms, (value, low, high)) in sorted(found.items(), key=lambda item: item[1][0]):
        record.row(f"{name}: cost", ms, "ms")
        record.row(f"{name}: accuracy", 100 * value, "%", f"{100 * low:.1f} to {100 * high:.1f}")
    if arguments.out:
        draw(found, arguments.protocol, arguments.out)
    if arguments.json:
        record.write(arguments.json)


if __name__ == "__main__":
    main()
