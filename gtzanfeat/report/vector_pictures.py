"""SVG figures of the report page, whose colours are set by the page's style sheet.

Each function returns one ``<svg>`` element with a title that describes it for screen readers. Figures for
notebooks and papers are in `displays` and `histogram_displays`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.features import beat_histogram
from gtzanfeat.report.histogram_displays import (
    CIRCLE_OF_FIFTHS,
    CLASS_NAMES,
    BeatHistogramDisplay,
    PitchHistogramDisplay,
)

WIDTH = 340  # units of the viewBox: about the pixels of a phone's page, so that text keeps its size there
NARROW_WIDTH = 230  # of a figure beside another
LOWEST, HIGHEST = 24, 107  # MIDI notes shown, C1 to B7


def beat_histogram_svg(histogram: NDArray[Any]) -> str:
    """Return the figure of a beat histogram (161,), with the strongest tempi labelled."""
    display = BeatHistogramDisplay(histogram)
    bpm = np.arange(beat_histogram.SLOWEST_BPM, beat_histogram.FASTEST_BPM + 1)
    title = f"Beat histogram: strongest at {' and '.join(map(str, display.tempi))} bpm"
    return _bar_chart(
        histogram,
        marked={tempo - beat_histogram.SLOWEST_BPM: str(tempo) for tempo in display.tempi},
        ticks={int(value) - beat_histogram.SLOWEST_BPM: str(value) for value in bpm[::40]},
        title=title if display.tempi else "Beat histogram: empty, no beat was found",
    )


def pitch_histogram_svg(histogram: NDArray[Any]) -> str:
    """Return the figure of an unfolded pitch histogram (128,), C1 to B7, with the strongest note labelled."""
    shown = histogram[LOWEST : HIGHEST + 1]
    best = int(shown.argmax())
    name = f"{CLASS_NAMES[(LOWEST + best) % 12]}{(LOWEST + best) // 12 - 1}"
    octaves = {note - LOWEST: f"C{note // 12 - 1}" for note in range(LOWEST, HIGHEST, 12)}
    found = bool(shown.any())
    return _bar_chart(
        shown,
        marked={best: name} if found else {},
        ticks=octaves,
        title=f"Pitch histogram: {f'strongest note {name}' if found else 'empty, no pitch was found'}",
        width=NARROW_WIDTH,
    )


def circle_of_fifths_svg(histogram: NDArray[Any]) -> str:
    """Return the figure of a pitch histogram (128,), folded onto the circle of fifths."""
    folded = PitchHistogramDisplay(histogram).folded
    centre, inner, outer = 80.0, 13.0, 54.0
    strongest = float(folded.max())
    parts = [f'<circle class="line" cx="{centre:g}" cy="{centre:g}" r="{outer:g}"/>']
    for k, value in enumerate(folded):
        middle = 2 * np.pi * k / len(folded)
        radius = inner + (outer - inner) * (value / strongest if strongest else 0.0)
        kind = "main" if strongest and value == strongest else "bar"
        left, right = middle - 0.24, middle + 0.24  # radians; a twelfth of a turn is 0.52
        points = [(inner, left), (radius, left), (radius, right), (inner, right)]
        xy = [(centre + r * np.sin(angle), centre - r * np.cos(angle)) for r, angle in points]
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = xy
        parts.append(
            f'<path class="{kind}" d="M{ax:.1f} {ay:.1f}L{bx:.1f} {by:.1f}'
            f"A{radius:.1f} {radius:.1f} 0 0 1 {cx:.1f} {cy:.1f}L{dx:.1f} {dy:.1f}"
            f'A{inner:g} {inner:g} 0 0 0 {ax:.1f} {ay:.1f}Z"/>'
        )
        x, y = centre + 68 * np.sin(middle), centre - 68 * np.cos(middle) + 5
        parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{CIRCLE_OF_FIFTHS[k]}</text>')
    best = CIRCLE_OF_FIFTHS[int(folded.argmax())]
    words = f"strongest class {best}" if strongest else "empty, no pitch was found"
    return svg_element(160, 160, f"Pitch classes on the circle of fifths: {words}", parts, "circle")


def timeline_svg(
    start: NDArray[Any],
    end: NDArray[Any],
    shares: NDArray[Any],
    classes: Sequence[str],
    truth: str,
    most: int = 5,
) -> str:
    """Return the figure of the class probabilities of a recording's segments, one strip per class.

    Parameters
    ----------
    start, end : ndarray of shape (n_segments,)
        Start and end of each segment in seconds.
    shares : ndarray of shape (n_segments, n_classes)
        Probabilities; the strip is more opaque where greater.
    classes : sequence of str
        Names of the classes.
    truth : str
        The true class, which is always drawn.
    most : int, default=5
        Number of classes drawn, those of greatest mean probability.

    Returns
    -------
    str
        The ``<svg>`` element.
    """
    rank = np.argsort(-shares.mean(axis=0), kind="stable")
    shown = [int(i) for i in rank if i in rank[:most] or classes[i] == truth]
    left, row = 84.0, 17.0
    seconds = float(end.max() - start.min()) or 1.0
    scale = (WIDTH - left - 4) / seconds
    parts = []
    best = shares.argmax(axis=1)
    for line, k in enumerate(shown):
        y = line * row
        name = escape(shortened(classes[k]))
        weight = ' class="strong"' if classes[k] == truth else ""
        parts.append(f'<text{weight} x="{left - 6:g}" y="{y + 12:g}" text-anchor="end">{name}</text>')
        for a, b, share, winner in zip(start, end, shares[:, k], best, strict=True):
            x, width = left + (a - start.min()) * scale, max((b - a) * scale - 1, 0.5)
            kind = "wins" if winner == k else "loses"
            parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{y + 1:g}" width="{width:.1f}" height="{row - 2:g}" '
                f'fill-opacity="{np.clip(share, 0, 1):.2f}"/>'
            )
    bottom = len(shown) * row
    for value, anchor in ((start.min(), "start"), (end.max(), "end")):
        x = left + (value - start.min()) * scale
        parts.append(f'<text x="{x:.1f}" y="{bottom + 13:g}" text-anchor="{anchor}">{value:.0f} s</text>')
    answers = [str(classes[k]) for k in best]
    counts = sorted({name: answers.count(name) for name in answers}.items(), key=lambda item: -item[1])
    words = ", ".join(f"{name} {count}" for name, count in counts)
    return svg_element(WIDTH, bottom + 18, f"Answers of {len(best)} segments: {words}", parts)


def curve_svg(scores: NDArray[Any], low: NDArray[Any], high: NDArray[Any], title: str) -> str:
    """Return the figure of scores in [0, 1] with their intervals, numbered from left to right.

    Parameters
    ----------
    scores, low, high : ndarray of shape (n_scores,)
        Scores and bounds of their intervals; NaN is left out.
    title : str
        Description.

    Returns
    -------
    str
        The ``<svg>`` element.
    """
    height, left, right, top = 150.0, 38.0, 14.0, 8.0
    bottom = height - 22.0
    step = (WIDTH - left - right) / max(len(scores) - 1, 1)
    parts = []

    def level(score: float) -> float:
        return bottom - (bottom - top) * float(np.clip(score, 0, 1))

    for percent in (0, 50, 100):
        y = level(percent / 100)
        parts.append(f'<path class="line" d="M{left:g} {y:.1f}H{WIDTH - right:g}"/>')
        parts.append(f'<text x="{left - 6:g}" y="{y + 4:.1f}" text-anchor="end">{percent}%</text>')
    known = [(left + i * step, float(score), i) for i, score in enumerate(scores) if np.isfinite(score)]
    if known:
        line = "L".join(f"{x:.1f} {level(v):.1f}" for x, v, _ in known)
        parts.append(f'<path class="curve" d="M{line}"/>')
    for x, value, i in known:
        if np.isfinite(low[i]) and np.isfinite(high[i]):
            parts.append(f'<path class="curve thin" d="M{x:.1f} {level(low[i]):.1f}V{level(high[i]):.1f}"/>')
        parts.append(f'<circle class="main" cx="{x:.1f}" cy="{level(value):.1f}" r="3.5"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6:g}" text-anchor="middle">{i + 1}</text>')
    return svg_element(WIDTH, height, title, parts)


def scatter_svg(truth: NDArray[Any], answers: NDArray[Any]) -> str:
    """Return the scatter plot of predictions over true values, both (n_tests,), with the diagonal."""
    height, left, right, top = 260.0, 46.0, 14.0, 8.0
    bottom = height - 22.0
    low, high = float(min(truth.min(), answers.min())), float(max(truth.max(), answers.max()))
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return left + (WIDTH - left - right) * (value - low) / span

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / span

    parts = [f'<path class="line" d="M{left:g} {top:g}V{bottom:g}H{WIDTH - right:g}"/>']
    parts.append(f'<path class="line dashed" d="M{x(low):.1f} {y(low):.1f}L{x(high):.1f} {y(high):.1f}"/>')
    parts += [
        f'<circle class="dot" cx="{x(t):.1f}" cy="{y(a):.1f}" r="3"/>'
        for t, a in zip(truth, answers, strict=True)
    ]
    for value, anchor in ((low, "start"), (high, "end")):
        word = f"{value:.4g}"
        parts.append(f'<text x="{x(value):.1f}" y="{height - 6:g}" text-anchor="{anchor}">{word}</text>')
        parts.append(f'<text x="{left - 5:g}" y="{y(value) + 4:.1f}" text-anchor="end">{word}</text>')
    title = f"Answers against truths of {len(truth)} tests, both from {low:.4g} to {high:.4g}"
    return svg_element(WIDTH, height, title, parts)


def _bar_chart(
    heights: NDArray[Any], marked: dict[int, str], ticks: dict[int, str], title: str, width: float = WIDTH
) -> str:
    """Return a bar chart of `heights`; `marked` bars are dark and labelled, `ticks` are labels below."""
    height, top, bottom, margin = 104.0, 14.0, 86.0, 10.0
    step = (width - 2 * margin) / len(heights)
    strongest = float(heights.max()) or 1.0
    parts = []
    for kind in ("bar", "main"):
        chosen = [i for i in range(len(heights)) if heights[i] > 0 and (i in marked) == (kind == "main")]
        strokes = "".join(
            f"M{margin + i * step:.1f} {bottom:g}v{-(bottom - top) * heights[i] / strongest:.1f}h{step:.2f}"
            f"V{bottom:g}z"
            for i in chosen
        )
        if strokes:
            parts.append(f'<path class="{kind}" d="{strokes}"/>')
    parts.append(f'<path class="line" d="M{margin:g} {bottom:g}H{width - margin:g}"/>')
    taken: list[float] = []
    for i, word in sorted(marked.items(), key=lambda item: -heights[item[0]]):
        x, y = margin + (i + 0.5) * step, bottom - (bottom - top) * heights[i] / strongest - 3
        if all(abs(x - other) > 24 for other in taken):  # labels must not overlap
            parts.append(f'<text class="strong" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{word}</text>')
            taken.append(x)
    for i, word in ticks.items():
        x = margin + (i + 0.5) * step
        parts.append(f'<text x="{x:.1f}" y="{height - 5:g}" text-anchor="middle">{word}</text>')
    return svg_element(width, height, title, parts)


def shortened(label: str, longest: int = 12) -> str:
    """Return a label of at most `longest` letters."""
    return label if len(label) <= longest else label[: longest - 1] + "…"


def svg_element(width: float, height: float, title: str, parts: Iterable[str], kind: str = "") -> str:
    """Return an ``<svg>`` element with a title that describes it."""
    name = escape(title, quote=True)
    return (
        f'<svg class="{("picture " + kind).strip()}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{name}"><title>{name}</title>{"".join(parts)}</svg>'
    )
