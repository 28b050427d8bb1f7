"""Display of frame features over the spectrogram of their clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gtzanfeat.audio import load_audio
from gtzanfeat.declarations import Framing
from gtzanfeat.extraction.frame_matrices import extract_frames, frame_spec
from gtzanfeat.report.axes import Display, clip_title, label_axes

LENGTH, HOP = 2048, 512  # samples in a frame of the spectrogram, and from one to the next
RANGE_DB = 80.0  # what is further below the loudest bin is as light as silence
LINES = ("#d1495b", "#1b7f5c", "#c77d0a", "#6a3d9a", "#00798c", "#5c4033")


def spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the power spectrogram in decibels below its loudest bin, (n_bins, n_frames); Hann window."""
    padded = np.pad(samples, (LENGTH // 2, LENGTH // 2 + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, LENGTH)[::HOP]
    spectra = np.fft.rfft(frames * np.hanning(LENGTH + 1)[:-1], axis=1)
    power = np.abs(spectra.T) ** 2
    loudest = max(power.max(), 1e-20)
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(power / loudest, 10 ** (-RANGE_DB / 10)))
    return decibels


class FrameDisplay(Display):
    """Display of frame features over time, over the spectrogram of the clip.

    Features in Hz are drawn on the axis of frequencies, others on a second axis at the right.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The clip.
    rate : int
        Its sample rate in Hz.
    times : array-like of shape (n_frames,)
        The middle of each frame in seconds.
    values : array-like of shape (n_frames, n_columns)
        The features.
    columns, units : sequence of str
        Name and unit of each column.
    name : str, optional
        Name of the clip, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on.
    right_ax_ : matplotlib Axes or None
        Those of the features that are not in Hz.
    figure_ : matplotlib Figure
        The figure of the axes.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> sweep = np.sin(np.cumsum(np.linspace(0.05, 2.0, 22050)))
    >>> display = FrameDisplay.from_clip(sweep, ("spectral_centroid", "rms"), ax=Figure().add_subplot())
    >>> display.columns, display.units
    (['spectral_centroid', 'rms'], ['Hz', 'full scale'])
    """

    right_ax_: Axes | None

    def __init__(
        self,
        samples: NDArray[Any],
        rate: int,
        times: Sequence[float] | NDArray[Any],
        values: Sequence[Sequence[float]] | NDArray[Any],
        columns: Sequence[str],
        units: Sequence[str],
        *,
        name: str | None = None,
    ) -> None:
        self.samples, self.rate = np.asarray(samples, dtype=np.float32), rate
        self.times, self.values = np.asarray(times, dtype=float), np.asarray(values, dtype=float)
        self.columns, self.units = list(columns), list(units)
        shape = len(self.times), len(self.columns)
        if self.values.shape != shape or len(self.units) != shape[1]:
            raise ValueError(
                f"values of the shape {self.values.shape} are not of {shape[0]} times and {shape[1]} columns "
                f"with {len(self.units)} units"
            )
        self.name = name

    @classmethod
    def from_clip(
        cls,
        clip: Any,
        features: Any = "spectral_centroid",
        *,
        framing: Framing | None = None,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Compute and draw frame features of a clip.

        Parameters
        ----------
        clip : path, Clip or ndarray of shape (n_samples,)
            The clip.
        features : str, FeatureItem, FeatureSet, or tuple of str and FeatureItem, default="spectral_centroid"
            As of `FrameFeatures`.
        framing : Framing, optional
            As of `FrameFeatures`.
        name : str, optional
            Title; by default the name of the file.
        ax : matplotlib Axes, optional
            Where to draw; by default axes of a new figure.

        Returns
        -------
        FrameDisplay
            The display, drawn.

        Raises
        ------
        ClipError
            If the clip cannot be analysed.
        UnknownNameError
            If there is no such frame feature.
        """
        spec = frame_spec(features, framing)
        samples = load_audio(clip, spec.rate)
        (values,), _ = extract_frames([samples], spec, rate=spec.rate)
        units = [row["unit"] for item in spec.items for row in item.rows(spec.rate, frames=True)[0]]
        name = clip_title(clip) if name is None else name
        times = spec.times(len(values))
        return cls(samples, spec.rate, times, values, spec.columns, units, name=name).plot(ax)

    def _size(self) -> tuple[float, float]:
        return 9, 4

    def _draw(self, ax: Axes) -> None:
        picture = spectrogram(self.samples)
        seconds = picture.shape[1] * HOP / self.rate
        extent = (-HOP / 2 / self.rate, seconds - HOP / 2 / self.rate, 0.0, self.rate / 2)
        ax.imshow(
            picture, origin="lower", aspect="auto", extent=extent, cmap="Greys", vmin=-RANGE_DB, vmax=0.0
        )
        ax.set(xlim=(0, len(self.samples) / self.rate), ylim=(0, self.rate / 2))
        others = [unit for unit in self.units if unit != "Hz"]
        self.right_ax_ = ax.twinx() if others else None
        lines = []
        for i, (column, unit) in enumerate(zip(self.columns, self.units, strict=True)):
            axes = ax if unit == "Hz" or self.right_ax_ is None else self.right_ax_
            label = column if unit == "1" else f"{column} ({unit})"
            lines += axes.plot(
                self.times, self.values[:, i], color=LINES[i % len(LINES)], lw=1.3, label=label
            )
        label_axes(ax, self.name, "time (s)", "frequency (Hz)")
        if self.right_ax_ is not None:
            self.right_ax_.set_ylabel(others[0] if len(set(others)) == 1 and others[0] != "1" else "value")
            self.right_ax_.spines["top"].set_visible(False)
        if len(lines) <= len(LINES):
            (self.right_ax_ or ax).legend(handles=lines, loc="upper right", framealpha=0.9)
