"""The record of a model: what its file says of it, apart from the pipeline itself."""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from gtzanfeat.audio import as_clip, probe
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError
from gtzanfeat.evaluation import Evaluation
from gtzanfeat.evaluation.text import plain_values
from gtzanfeat.extraction.cache import code_hash
from gtzanfeat.version import versions

LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "librosa", "soxr", "soundfile", "skops")
CONFUSIONS = 5  # the largest ones are kept


@dataclass(frozen=True)
class ModelRecord:
    """What is known of a trained model: what it learnt, from what, and what it scores.

    Parameters
    ----------
    task : str
        "single-label", "multi-label" or "regression".
    target : str
        The column of the training list that it predicts.
    labels : tuple of str
        Classes or tags in the order of `predict_proba`; none for numbers.
    estimator : str
        The pipeline in code.
    feature_specs : tuple of dict
        Of everything that is extracted: ``kind``, ``name``, ``spec_hash``, ``rate`` in Hz, ``columns``, and
        of feature sets ``spec``, every parameter as JSON.
    joined_columns : tuple of str
        Columns that must be given beside the recordings, as by ``--join``.
    code : dict of str to str
        ``version`` of this package and ``hash`` of the code that computes features.
    versions : dict of str to str
        Of Python and the libraries.
    created : str
        When it was saved: UTC, ISO 8601.
    training : dict or None
        What it was trained on: ``dataset``, ``n_clips``, ``n_recordings``, ``n_artists`` (or None),
        ``classes`` (number of clips of each), and of the files ``seconds``, ``rates``, ``formats`` and
        ``unread``; None if `save_model` was not told.
    fingerprint : str or None
        SHA-256 over the sorted content hashes and labels of the training list; no path is in it or kept.
    evaluation : dict or None
        ``protocol``, ``description``, ``headline``, ``metrics`` (each with ``value``, ``low``, ``high`` and
        ``baseline``), ``confusions``, ``warnings``, ``dataset`` and ``n_used``; None if it was not evaluated.
    training_range : dict or None
        What the training clips were like, for warnings about clips that are not.
    card : str
        The model card, in Markdown.

    See Also
    --------
    read_model : Read it from a file.
    """

    task: str
    target: str
    labels: tuple[str, ...]
    estimator: str
    feature_specs: tuple[dict[str, Any], ...]
    joined_columns: tuple[str, ...]
    code: dict[str, str]
    versions: dict[str, str]
    created: str
    training: dict[str, Any] | None = None
    fingerprint: str | None = None
    evaluation: dict[str, Any] | None = None
    training_range: dict[str, Any] | None = None
    card: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain dicts, lists, strings and numbers, for JSON.

        Returns
        -------
        dict
            One item per parameter.
        """
        plain: dict[str, Any] = plain_values(asdict(self))
        return plain

    @classmethod
    def from_dict(cls, stated: Mapping[str, Any]) -> ModelRecord:
        """Return the record that `to_dict` made plain.

        Parameters
        ----------
        stated : mapping
            What it gave; items of other names are left out.

        Returns
        -------
        ModelRecord
            The same.
        """
        known = {item.name: stated[item.name] for item in fields(cls) if item.name in stated}
        for name in ("labels", "feature_specs", "joined_columns"):
            known[name] = tuple(known[name])
        return cls(**known)

    def score(self) -> tuple[float, float | None, float | None] | None:
        """Return the main metric with its 95 % interval.

        Returns
        -------
        tuple of float, or None
            Value, low and high; None if the model was not evaluated.
        """
        if self.evaluation is None:
            return None
        rows = {row["metric"]: row for row in self.evaluation["metrics"]}
        row = rows[self.evaluation["headline"]]
        return row["value"], row["low"], row["high"]


def made_with() -> tuple[dict[str, str], dict[str, str]]:
    """Return `code` and `versions` of a record that is made now."""
    found = versions(*LIBRARIES)
    return {"version": found.pop("gtzanfeat"), "hash": code_hash()}, found


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def describe_training(clips: ClipTable, target: str) -> dict[str, Any]:
    """Return what a table of clips is made of, from its columns and the headers of its files.

    Parameters
    ----------
    clips : ClipTable
        The training clips.
    target : str
        The column that is learnt.

    Returns
    -------
    dict
        As `ModelRecord.training`.
    """
    seconds, rates, formats, unread = 0.0, Counter[int](), Counter[str](), 0
    for source in clips.clips:
        clip = as_clip(source)
        try:
            file = probe(str(clip), decode=False)
        except (ClipError, OSError):
            unread += 1
            continue
        left = max(0.0, file.seconds - clip.offset)
        seconds += left if clip.duration is None else min(left, clip.duration)
        rates[file.rate] += 1
        formats[file.format] += 1
    artists = clips.artists
    return {
        "dataset": clips.name,
        "n_clips": len(clips),
        "n_recordings": len(set(clips.recordings)),
        "n_artists": None if artists is None else len(set(artists) - {None}),
        "classes": _counts(clips, target),
        "seconds": round(seconds, 3),
        "rates": {str(rate): count for rate, count in sorted(rates.items())},
        "formats": dict(sorted(formats.items())),
        "unread": unread,
    }


def _counts(clips: ClipTable, target: str) -> dict[str, int]:
    """Return the number of clips of each class or tag; of numbers nothing."""
    if target == "label":
        return dict(sorted(Counter(label for label in clips.labels if label is not None).items()))
    if target == "labels":
        return dict(zip(clips.tags, clips.tag_matrix.sum(axis=0).tolist(), strict=True))
    return {}


def training_fingerprint(clips: ClipTable, target: str) -> str:
    """Return a hash that the same recordings with the same labels have, in any order and any folder.

    Parameters
    ----------
    clips : ClipTable
        The training clips.
    target : str
        The column that is learnt.

    Returns
    -------
    str
        SHA-256 over the sorted lines of content hash, window and label; where a file cannot be read, the name
        of its recording stands for the content.
    """
    digests: dict[str, str] = {}
    lines = []
    for source, recording, label in zip(clips.clips, clips.recordings, clips.column(target), strict=True):
        clip = as_clip(source)
        path = str(clip)
        if path not in digests:
            digests[path] = _content(path) or f"recording {recording}"
        lines.append(f"{digests[path]}\t{clip.offset}\t{clip.duration}\t{label}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _content(path: str) -> str | None:
    if not Path(path).is_file():
        return None
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def describe_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """Return what a record keeps of an evaluation.

    Parameters
    ----------
    evaluation : Evaluation
        The result.

    Returns
    -------
    dict
        As `ModelRecord.evaluation`.
    """
    kept = {
        "dataset": evaluation.dataset,
        "estimator": evaluation.estimator,
        "protocol": evaluation.protocol,
        "description": evaluation.description,
        "n_used": evaluation.n_used,
        "n_groups": evaluation.n_groups,
        "group_kind": evaluation.group_kind,
        "headline": evaluation.headline,
        "metrics": evaluation.metrics.to_dict("records"),
        "confusions": _confusions(evaluation),
        "warnings": list(evaluation.warnings),
        "random_state": evaluation.random_state,
    }
    plain: dict[str, Any] = plain_values(kept)
    return plain


def _confusions(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the largest shares of a class that were taken for another one."""
    if evaluation.task != "single-label":
        return []
    counts = np.asarray(evaluation.confusion, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    np.fill_diagonal(shares, 0.0)
    order = np.argsort(-shares, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [np.unravel_index(place, shares.shape) for place in order]
    return [
        {"is": evaluation.labels[i], "taken_for": evaluation.labels[j], "share": float(shares[i, j])}
        for i, j in pairs
        if shares[i, j] > 0
    ]
