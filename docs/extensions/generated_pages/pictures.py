"""Every feature on one clip: its numbers, and a picture of them as SVG that follows the page's colours."""

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import matplotlib as mpl
import numpy as np
import soundfile
from matplotlib.figure import Figure

from gtzanfeat.datasets.synthetic import compose
from gtzanfeat.declarations import ClipFeature, FrameFeature, Framing, Request, TrackFeature
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.feature_sets.feature_parameters import feature_parameters
from gtzanfeat.features import FEATURES

STYLE, SEED, SECONDS, RATE = "boogie", 0, 12.0, 22050
INK = "#010203"  # stands for the colour of the text around the picture
LINE, MARK = "#2b8cbe", "#d95f0e"  # seen on white and on black

# features that stand in no set are framed and told as these are
LIKE = {
    "lpc8": "lsf8",
    "lpc16": "lsf16",
    "librosa_mfcc": "mfcc20",
    "spectral_flux_l1": "spectral_flux",
    "spectral_flux_rising": "spectral_flux",
}
# clip features whose picture is that of another feature with the same framing and parameters
SHOWN_BY = {
    "beat": "beat_histogram",
    "beat_shape": "beat_histogram",
    "pitch": "pitch_histogram",
    "pitch_shape": "pitch_histogram",
    "pitch_key": "pitch_histogram",
    "chroma_cqt_key": "chroma_cqt",
    "hpcp_key": "chroma",
    "tuning": "chroma_stft",
    "samples": "rms",
}
# what is laid out as a matrix: its rows and columns
MATRICES = {
    "ssd": ("statistics", "critical band", 7),
    "mvd": ("statistics", "modulation, 0.168 Hz apart", 7),
    "rp": ("modulation, 0.168 Hz apart", "critical band", 60),
    "dwch": ("band", "moment", 8),
    "spectral_pattern": ("semitone band", "rank in the block", 97),
    "delta_pattern": ("semitone band: percentile, variance", "rank in the block", 194),
    "fluctuation_pattern": ("semitone band", "modulation", 97),
    "contrast_pattern": ("band", "rank in the block", 20),
}


def setting(name: str) -> tuple[Framing, Mapping]:
    """Return how a feature is framed, and its parameters, where a feature set first has it."""
    framing, params = _like(name)
    return framing, {key: value for key, value in params.items() if key in feature_parameters(name)}


def _like(name: str) -> tuple[Framing, Mapping]:
    """Return framing and parameters of a feature, or of one like it."""
    # of the two classic sets, the later one
    for chosen in sorted(FEATURE_SETS.values(), key=lambda chosen: chosen.name == "tzanetakis2002"):
        for item in chosen.items:
            if item.feature == name:
                return item.framing, item.params
    if name.startswith("band_flux"):
        framing, params = _like("band_flux")
        return framing, {**params, "bands": len(FEATURES[name].columns) // 2}
    if name in LIKE:
        return _like(LIKE[name])
    for row in FEATURES.values():
        if name in sources(row):
            return _like(row.name)
    raise LookupError(f"nothing says how {name} is framed; add it to LIKE")


def sources(row) -> tuple[str, ...]:
    """Return the names of the features, accumulators and collections that a row is computed from."""
    if isinstance(row, ClipFeature):
        return (row.of,)
    return row.needs if isinstance(row, TrackFeature) else ()


@dataclass(frozen=True)
class Example:
    """All features of one composed clip."""

    @cached_property
    def clip(self):
        """The clip."""
        return compose(STYLE, SEED, seconds=SECONDS, rate=RATE)

    @cached_property
    def results(self) -> dict:
        """What an analysis gives, by the key of each request."""
        analysis = Analysis([request for name in FEATURES for request in wanted(name)], RATE)
        analysis.push(self.clip.samples)
        return analysis.finish()

    def values(self, name: str) -> np.ndarray:
        """Return the numbers of a feature: of the clip, or the mean of its frames."""
        result = self.results[Request(name, *setting(name)).key]
        row = FEATURES[name]
        return result[row.lead :].mean(axis=0) if isinstance(row, FrameFeature) else result

    @property
    def sound(self) -> str:
        """The clip as a data URI."""
        file = io.BytesIO()
        soundfile.write(file, self.clip.samples, RATE, format="OGG", subtype="VORBIS")
        return "data:audio/ogg;base64," + base64.b64encode(file.getvalue()).decode()

    def picture(self, name: str) -> str:
        """Return SVG and a sentence that says what is seen."""
        row = FEATURES[name]
        shown = wanted(name)[-1]
        result = self.results[shown.key]
        what = FEATURES[shown.feature]
        figure = Figure(figsize=(6.6, 2.2), layout="constrained")
        if shown.feature in MATRICES:
            matrix(figure, shown.feature, result)
            words = "Its numbers"
        elif shown.feature == "pitch_histogram":
            bars(figure, range(128), result[:128], "MIDI note")
            words = "The unfolded pitch histogram"
        elif shown.feature == "beat_histogram":
            bars(figure, range(40, 201), result, "bpm")
            words = "The beat histogram"
        elif not isinstance(what, FrameFeature) or len(result) <= 4:
            numbers = result if result.ndim == 1 else result.mean(axis=0)
            bars(figure, range(numbers.size), numbers, "column")
            words = "Its numbers, column by column"
        else:
            track(figure, what, result[what.lead :], seconds(shown, len(result))[what.lead :])
            words = "Frame by frame"
        if shown.feature != name:
            histogram = shown.feature.endswith("histogram")
            words = words if histogram else f"The track of {what.name}"
            words += ", from which it is computed" if histogram or shown.feature in sources(row) else ""
        return f"<figure>{svg(figure, name)}<figcaption>{words}.</figcaption></figure>"


def wanted(name: str) -> list[Request]:
    """Return the request of a feature, and last the one that its picture shows."""
    own = Request(name, *setting(name))
    row = FEATURES[name]
    if isinstance(row, FrameFeature) or len(row.columns) > 100 or name in MATRICES:
        return [own]
    framing = Framing(256, 256, stream=own.framing.stream) if name == "samples" else own.framing
    other = SHOWN_BY.get(name, row.of)
    params = {key: value for key, value in own.params.items() if key in feature_parameters(other)}
    return [own, replace(own, feature=other, framing=framing, params=params)]


def seconds(request: Request, n_frames: int) -> np.ndarray:
    """Return the middle of each frame."""
    framing = request.framing
    middle = 0.0 if framing.margin else framing.length / 2
    return (np.arange(n_frames) * framing.hop + middle) / RATE


# --- drawing ----------------------------------------------------------------------------------------------


def track(figure: Figure, row: FrameFeature, values: np.ndarray, time: np.ndarray) -> None:
    """Draw a track: up to three columns as lines, more of them as a picture."""
    n_columns = values.shape[1]
    if n_columns <= 3:
        all_axes = figure.subplots(n_columns, 1, sharex=True, squeeze=False)[:, 0]
        for axes, column, line in zip(all_axes, row.columns, values.T, strict=True):
            axes.plot(time, line, color=LINE, linewidth=0.9)
            axes.set_ylabel("\n".join(filter(None, (column.name, column.unit))))
            axes.margins(x=0)
        all_axes[-1].set_xlabel("s")
        return
    axes = figure.subplots()
    low, high = np.percentile(values, (2, 99.5))
    step = max(1, len(values) // 700)
    picture = axes.imshow(
        values[::step].T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(time[0], time[-1], -0.5, n_columns - 0.5),
        vmin=low,
        vmax=max(high, low + 1e-9),
        cmap="magma",
    )
    ticks = np.unique(np.linspace(0, n_columns - 1, min(n_columns, 7)).round().astype(int))
    axes.set_yticks(ticks, [row.columns[i].name for i in ticks])
    axes.set_xlabel("s")
    figure.colorbar(picture, ax=axes, label=row.columns[0].unit, pad=0.01)


def bars(figure: Figure, places: range, values: np.ndarray, unit: str) -> None:
    """Draw a histogram."""
    axes = figure.subplots()
    axes.stairs(values, np.arange(len(places) + 1) + places[0] - 0.5, fill=True, color=LINE)
    axes.set_xlabel(unit)
    axes.margins(x=0)


def matrix(figure: Figure, name: str, result: np.ndarray) -> None:
    """Draw the numbers of a clip, or the mean of its segments, as the matrix that they are."""
    rows, columns, n_rows = MATRICES[name]
    numbers = (result if result.ndim == 1 else result.mean(axis=0)).reshape(n_rows, -1)
    if name in ("ssd", "mvd", "dwch"):  # rows of unlike units
        numbers = numbers / np.maximum(np.abs(numbers).max(axis=1, keepdims=True), 1e-12)
        label = "share of the row's largest"
    else:
        label = FEATURES[name].columns[0].unit
    axes = figure.subplots()
    low, high = np.percentile(numbers, (1, 99))
    picture = axes.imshow(
        numbers, origin="lower", aspect="auto", interpolation="nearest", vmin=low, vmax=high, cmap="magma"
    )
    if n_rows <= 8:  # few enough to be named
        firsts = [column.name.split("_") for column in FEATURES[name].columns[:: numbers.shape[1]]]
        part = 0 if len({parts[0] for parts in firsts}) > 1 else -1  # of the name, what tells rows apart
        axes.set_yticks(range(n_rows), [parts[part] for parts in firsts])
    axes.set_ylabel(rows)
    axes.set_xlabel(columns)
    figure.colorbar(picture, ax=axes, label=label, pad=0.01)


def svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG without prologue, in the colour and the font of the page around it."""
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "savefig.transparent": True,
    }
    for axes in figure.axes:
        axes.tick_params(colors=INK, labelsize=9.5)
        axes.xaxis.label.set(color=INK, size=9.5)
        axes.yaxis.label.set(color=INK, size=9.5)
        for place, spine in axes.spines.items():
            spine.set(edgecolor=INK, linewidth=0.6, visible=place in ("left", "bottom") or bool(axes.images))
    file = io.StringIO()
    with mpl.rc_context(style):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    drawn = file.getvalue()[file.getvalue().index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'<g id="[^"]*">', "<g>", drawn)  # several pictures share a page
    drawn = re.sub(r"font: ([\d.]+px) '[^;\"]*", r"font-size: \1", drawn)
    drawn = drawn.replace(INK, "currentColor")
    return re.sub(r"<svg [^>]*viewBox", f'<svg role="img" aria-label="{name}" viewBox', drawn, count=1)
