"""The probe of a model: a stored sound, and what the model made of it when it was saved.

Recomputed when the model is loaded, it tells whether the code and libraries there still mean the same by the
columns, and whether the classifier still decides the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gtzanfeat.audio import Clip
from gtzanfeat.errors import ModelError
from gtzanfeat.evaluation.text import plain_values
from gtzanfeat.extraction import extract
from gtzanfeat.models.contents import estimators_in
from gtzanfeat.models.joined_columns import JoinedColumns
from gtzanfeat.segments import SegmentClassifier
from gtzanfeat.transformers import ClipFeatures, FrameFeatures

RATE = 22050  # Hz
SECONDS = 6.0  # a window of the rhythm patterns, and some of the beat histogram
# A column has moved if it differs by more than this part of itself and this part of 1: what float32 and other
# processors and libraries change is a tenth of it, another formula or resampler more.
RELATIVE, ABSOLUTE = 1e-3, 1e-4
PROBABILITY = 0.01  # by which a probability may differ for columns that have not moved


def probe_samples() -> np.ndarray:
    """Return the sound of the probe: chords with vibrato and a beat, over noise that swells.

    Returns
    -------
    ndarray of shape (132300,), int16
        Six seconds at 22050 Hz.
    """
    rng = np.random.default_rng(2002)
    t = np.arange(int(RATE * SECONDS)) / RATE
    beat = np.exp(-8.0 * (t % 0.5))
    sound = 0.02 * (1.0 + t / SECONDS) * rng.standard_normal(len(t)) * (0.2 + beat)
    for k, hertz in enumerate((220.0, 277.18, 329.63, 440.0)):
        swing = 0.3 * np.sin(2 * np.pi * 5.0 * t + k)
        for partial in (1, 2, 3, 5):
            phase = 2 * np.pi * hertz * partial * t + partial * swing
            sound += 0.1 / partial * (0.3 + beat) * np.sin(phase)
    return np.asarray(np.round(32767 * 0.8 * sound / np.abs(sound).max()), dtype=np.int16)


def hear_probe(pipeline: Any, samples: np.ndarray) -> dict[str, Any]:
    """Return what a pipeline makes of the probe.

    Parameters
    ----------
    pipeline : estimator
        Fitted.
    samples : ndarray of shape (n_samples,), int16
        The probe, at 22050 Hz.

    Returns
    -------
    dict
        ``columns``, the numbers of everything that it extracts, by name (of frames and windows their means),
        ``predict`` and, where the pipeline gives them, ``predict_proba``.
    """
    clip = Clip(samples, rate=RATE)
    columns: dict[str, float] = {}
    given: Any = [clip]
    for part in estimators_in(pipeline):
        names, numbers = _columns(part, clip)
        columns |= zip(names, numbers, strict=True)
        if isinstance(part, JoinedColumns):
            given = pd.DataFrame([[*numbers, *(0.0 for _ in part.columns)]], columns=[*names, *part.columns])
    heard: dict[str, Any] = {
        "columns": columns,
        "predict": np.asarray(pipeline.predict(given)).ravel().tolist(),
    }
    if hasattr(pipeline, "predict_proba"):
        heard["predict_proba"] = np.asarray(pipeline.predict_proba(given)).ravel().tolist()
    plain: dict[str, Any] = plain_values(heard)
    return plain


def _columns(part: Any, clip: Clip) -> tuple[list[str], list[float]]:
    """Return names and numbers of the columns that an estimator extracts by itself from the probe."""
    if isinstance(part, FrameFeatures):
        frames = part.transform([clip])
        return list(part.get_feature_names_out()), np.mean(frames[0], axis=0, dtype=float).tolist()
    if isinstance(part, SegmentClassifier):
        segments = part.measure([clip])
        names = segments.spec.feature_set.columns
        return list(names), np.mean(segments[0], axis=0, dtype=float).tolist()
    wanted = getattr(part, "feature_set", None) if isinstance(part, ClipFeatures | JoinedColumns) else None
    if wanted is None:
        return [], []
    extraction = extract([clip], wanted)
    return list(extraction.columns), extraction.values[0].astype(float).tolist()


def compare_probes(
    then: Mapping[str, Any], now: Mapping[str, Any], source: object, versions: tuple[str, str]
) -> None:
    """Raise ModelError if a pipeline makes something else of the probe than it did when it was saved.

    Parameters
    ----------
    then, now : mapping
        As of `hear_probe`.
    source : object
        The file, for messages.
    versions : (str, str)
        The versions then and now, in words.

    Raises
    ------
    ModelError
        If a column has moved, with the name of the worst; or if predictions differ although none has.
    """
    remedy = f"made with {versions[0]}, loaded with {versions[1]}; install the former, or train it anew"
    old, new = then["columns"], now["columns"]
    if list(old) != list(new):
        other = sorted(set(old) ^ set(new))
        raise ModelError(f"{source}: its columns have other names now, such as {other[:1]}; {remedy}")
    excess = {
        name: abs(new[name] - value) / (RELATIVE * abs(value) + ABSOLUTE) for name, value in old.items()
    }
    worst = max(excess, key=excess.__getitem__, default="")
    if worst and not excess[worst] <= 1.0:
        moved = sum(not size <= 1.0 for size in excess.values())
        raise ModelError(
            f"{source}: {moved} of {len(old)} columns are computed otherwise here than when the model was "
            f"trained; {worst!r} of the stored probe was {old[worst]:.6g} and is {new[worst]:.6g}. It was "
            f"{remedy}"
        )
    if not _same_answers(then, now):
        raise ModelError(
            f"{source}: the model decides otherwise here about the stored probe, of which the columns are "
            f"the same: {_answer(then)} then, {_answer(now)} now. It was {remedy}"
        )


def _same_answers(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if "predict_proba" in then:
        old, new = then["predict_proba"], now.get("predict_proba", [])
        return len(old) == len(new) and bool(np.allclose(old, new, rtol=0.0, atol=PROBABILITY))
    if all(isinstance(value, int | float) for value in then["predict"]):
        return bool(np.allclose(then["predict"], now["predict"], rtol=RELATIVE, atol=ABSOLUTE))
    return bool(then["predict"] == now["predict"])


def _answer(heard: Mapping[str, Any]) -> str:
    shares = [f"{share:.3f}" for share in heard.get("predict_proba", [])[:4]]
    return f"{heard['predict']}{' ' + ' '.join(shares) if shares else ''}"
