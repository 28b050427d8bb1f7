"""SVG figures of scores on the report page: bars from zero, curves in the unit square, answers on a scale.

Each function returns one ``<svg>`` element, as those of `vector_pictures` do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtzanfeat.report.vector_pictures import WIDTH, shortened, svg_element

SQUARE_WIDTH = 170  # units of the viewBox of a figure that stands beside another


def bars_svg(
    values: Sequence[float],
    names: Sequence[str],
    texts: Sequence[str],
    title: str,
    *,
    strong: Collection[str] = (),
    main: Collection[str] = (),
) -> str:
    """Return horizontal bars from zero, one per name.

    Parameters
    ----------
    values : sequence of float
        Lengths; negative ones go to the left.
    names, texts : sequence of str
        What stands to the left of each bar, and at the right end of its line.
    title : str
        Description.
    strong, main : collection of str
        Names that are bold, and names whose bars are dark.

    Returns
    -------
    str
        The ``<svg>`` element.
    """
    left, right, row = 92.0, 50.0, 18.0
    low, high = min(0.0, *values), max(0.0, *values)
    scale = (WIDTH - left - right) / ((high - low) or 1.0)
    zero = left - low * scale
    parts = []
    for line, (value, name, text) in enumerate(zip(values, names, texts, strict=True)):
        y = line * row
        weight = ' class="strong"' if name in strong else ""
        kind = "main" if name in main else "bar"
        start, width = min(zero, zero + value * scale), max(abs(value) * scale, 0.5)
        parts.append(
            f'<text{weight} x="{left - 8:g}" y="{y + 13:g}" text-anchor="end">'
            f"{escape(shortened(name))}</text>"
            f'<rect class="{kind}" x="{start:.1f}" y="{y + 3:g}" width="{width:.1f}" height="{row - 6:g}"/>'
            f'<text{weight} x="{WIDTH - 2:g}" y="{y + 13:g}" text-anchor="end">{escape(text)}</text>'
        )
    bottom = len(names) * row
    parts.append(f'<path class="line" d="M{zero:.1f} 0V{bottom:g}"/>')
    return svg_element(WIDTH, bottom + 2, title, parts)


def unit_curve_svg(
    x: NDArray[Any], y: NDArray[Any], guess: tuple[float, float], axes: tuple[str, str], title: str
) -> str:
    """Return a curve in the unit square.

    Parameters
    ----------
    x, y : ndarray of shape (n_points,)
        The curve, from left to right; NaN if there is none.
    guess : (float, float)
        Heights at both ends of the dashed line of a guess.
    axes : (str, str)
        What x and y are.
    title : str
        Description.

    Returns
    -------
    str
        The ``<svg>`` element.
    """
    left, top, side = 30.0, 20.0, 128.0
    bottom = top + side
    parts = [f'<path class="line" d="M{left:g} {top:g}h{side:g}v{side:g}h{-side:g}z"/>']
    ends = [bottom - side * height for height in guess]
    parts.append(f'<path class="line dashed" d="M{left:g} {ends[0]:.1f}L{left + side:g} {ends[1]:.1f}"/>')
    if np.isfinite(y).all():
        points = "L".join(f"{left + side * a:.1f} {bottom - side * b:.1f}" for a, b in zip(x, y, strict=True))
        # a curve that rises at once does so along the axis
        start = f"M{left:g} {bottom:g}L" if guess[0] == 0.0 else "M"
        parts.append(f'<path class="curve" d="{start}{points}"/>')
    for value in (0, 100):
        end = "start" if value == 0 else "end"
        parts.append(
            f'<text x="{left + side * value / 100:g}" y="{bottom + 13:g}" text-anchor="{end}">{value}</text>'
            f'<text x="{left - 5:g}" y="{bottom - side * value / 100 + 4:g}" text-anchor="end">{value}</text>'
        )
    parts.append(
        f'<text x="{left + side / 2:g}" y="{bottom + 13:g}" text-anchor="middle">{escape(axes[0])}</text>'
        f'<text x="{left:g}" y="{top - 8:g}">{escape(axes[1])}</text>'
    )
    return svg_element(SQUARE_WIDTH, bottom + 18, title, parts)


def scale_svg(truth: float, answers: NDArray[Any], low: float, high: float) -> str:
    """Return the truth (a line) and the answers (dots) of a recording on the scale of all truths."""
    left, right, y = 10.0, WIDTH - 10.0, 26.0
    low, high = min(low, truth, float(answers.min())), max(high, truth, float(answers.max()))
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return left + (right - left) * (value - low) / span

    at = x(truth)
    anchor = "start" if at < WIDTH / 4 else "end" if at > 3 * WIDTH / 4 else "middle"
    parts = [f'<path class="line" d="M{left:g} {y:g}H{right:g}"/>']
    parts.append(f'<path class="curve" d="M{at:.1f} {y - 9:g}V{y + 9:g}"/>')
    parts.append(
        f'<text class="strong" x="{at:.1f}" y="{y - 14:g}" text-anchor="{anchor}">{truth:.4g}</text>'
    )
    parts += [f'<circle class="dot" cx="{x(answer):.1f}" cy="{y:g}" r="4"/>' for answer in answers]
    for value, end in ((low, "start"), (high, "end")):
        parts.append(f'<text x="{x(value):.1f}" y="{y + 22:g}" text-anchor="{end}">{value:.4g}</text>')
    title = f"Truth {truth:.4g}, answers around {answers.mean():.4g}, on a scale from {low:.4g} to {high:.4g}"
    return svg_element(WIDTH, y + 28, title, parts)
