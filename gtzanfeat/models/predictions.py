"""Predictions about recordings as a table: labels with probabilities, and what makes them doubtful.

Of whole recordings, or of one window after another of each. How a pipeline is asked is in `predictor`, and
`training_range` knows what it has heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gtzanfeat.audio import as_clip, blocks
from gtzanfeat.datasets import ClipTable
from gtzanfeat.errors import ClipError, ModelError
from gtzanfeat.evaluation.uncertainty import draw_weights, percentile_interval
from gtzanfeat.export import join_columns
from gtzanfeat.extraction import Extraction, Failure, extract, list_of_clips
from gtzanfeat.models.decisions import stream
from gtzanfeat.models.joined_columns import JoinedColumns
from gtzanfeat.models.predictor import Answers, Measured, Predictor, open_predictor
from gtzanfeat.models.training_range import TrainingRange

CLIPS_AT_A_TIME = 256  # what is extracted of more is never held at once
TELLING = ("silent", "truncated", "cancelled", "over_full_scale")  # flags that make an answer doubtful
SEPARATOR = "|"


def predict(
    model: Any,
    sources: ClipTable | Sequence[Any] | NDArray[Any],
    *,
    top: int = 1,
    abstain: float | None = None,
    timeline: float | None = None,
    columns: Any = None,
    on_error: str = "raise",
    n_jobs: int | None = None,
    memory: Any = None,
    progress: Callable[[int], object] | None = None,
) -> pd.DataFrame:
    """Return what a model says of recordings, one row each, in their order.

    Parameters
    ----------
    model : path or estimator
        A file that `save_model` wrote, or a pipeline fitted on clips.
    sources : ClipTable, or sequence of path, Clip or ndarray
        The recordings.
    top : int, default=1
        How many of the most probable labels to name; more than 1 only with probabilities.
    abstain : float, optional
        The least probability with which a class is named. Below it `predicted` is None, and `abstained` True.
    timeline : float, optional
        Length in seconds of windows to decide about one by one, instead of whole recordings; the last partial
        one of a recording is left out, unless it is the only one.
    columns : path or DataFrame, optional
        The columns that the model was trained on beside the recordings, as for `join_columns`; `sources` must
        be a `ClipTable` then.
    on_error : {"raise", "skip"}, default="raise"
        Whether a recording that cannot be analysed raises its error, or gets a row with the reason in
        `error`, and no prediction.
    n_jobs, memory : optional
        As of `gtzanfeat.extract`.
    progress : callable, optional
        Called with the number of recordings just finished.

    Returns
    -------
    DataFrame
        ``path``; ``start`` and ``end`` in seconds with a timeline; ``predicted``, the label, the tags with
        ``|`` between them, or a number; ``probability`` of it (of each tag); ``predicted_2``,
        ``probability_2`` ... with `top` (of tags the most probable: ``predicted_1`` ...); ``abstained``, if
        asked for; ``remarks``, in which the recording is unlike those that the model was trained on (see
        `TrainingRange.remarks`), and flags such as silent; ``error``.

    Raises
    ------
    ClipError
        If a recording cannot be analysed and `on_error` is "raise".
    ModelError
        If the file cannot be loaded, the model gives no probabilities and they are asked for, or columns that
        it needs are not given.

    See Also
    --------
    gtzanfeat.stream : The same for sound that arrives.

    Examples
    --------
    >>> from gtzanfeat import recipe
    >>> rng = np.random.default_rng(0)
    >>> sounds = rng.uniform(-1, 1, (6, 22050)) * np.array([[1.0], [0.01]] * 3)
    >>> model = recipe("knn1", "timbre19").fit(sounds, ["loud", "soft"] * 3)
    >>> predict(model, list(sounds[:2]))[["predicted", "probability"]]
      predicted  probability
    0      loud          1.0
    1      soft          1.0
    """
    predictor = open_predictor(model)
    _check(predictor, top, abstain, timeline, on_error)
    clips = list(sources.clips) if isinstance(sources, ClipTable) else list_of_clips(sources)
    how: dict[str, Any] = {"on_error": on_error, "n_jobs": n_jobs, "memory": memory}
    if timeline is not None:
        parts = _timelines(predictor, clips, timeline, top, abstain, how, progress)
    else:
        joined = _joined(predictor, sources, columns)
        parts = _in_parts(predictor, clips, joined, top, abstain, how, progress)
    tables = list(parts)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"path": [], "predicted": []})


def _check(
    predictor: Predictor, top: int, abstain: float | None, timeline: float | None, on_error: str
) -> None:
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; it can be 'raise' or 'skip'")
    if top < 1:
        raise ValueError(f"top is {top}; give 1 or more")
    if abstain is not None and not 0 <= abstain <= 1:
        raise ValueError(f"abstain is {abstain}; give a probability, 0 to 1")
    if abstain is not None and predictor.task != "single-label":
        raise ModelError("a model of tags or numbers names no one class that it could abstain from")
    if (top > 1 or abstain is not None) and not predictor.has_probabilities:
        raise ModelError("this model gives no probabilities; train it by `gtzanfeat train`, which adds them")
    if timeline is not None and isinstance(predictor.first, JoinedColumns):
        raise ModelError("a model of joined columns knows whole recordings only; leave the timeline out")


def _joined(predictor: Predictor, sources: Any, columns: Any) -> pd.DataFrame | None:
    """Return the joined columns of every recording, or raise ModelError if they are missing or not wanted."""
    first = predictor.first
    if not isinstance(first, JoinedColumns):
        if columns is not None:
            raise ModelError("this model was trained on no joined columns; leave --join (columns=) out")
        return None
    if columns is None:
        raise ModelError(
            f"this model was trained on {len(first.columns)} joined columns (such as {first.columns[0]!r}); "
            "give the file that has them: --join FILE, or columns=FILE"
        )
    if not isinstance(sources, ClipTable):
        raise ModelError("columns are joined by recording; give a ClipTable, as load_dataset returns it")
    return join_columns(sources, columns)


def _in_parts(
    predictor: Predictor,
    clips: list[Any],
    joined: pd.DataFrame | None,
    top: int,
    abstain: float | None,
    how: dict[str, Any],
    progress: Callable[[int], object] | None,
) -> Iterator[pd.DataFrame]:
    for start in range(0, len(clips), CLIPS_AT_A_TIME):
        part = clips[start : start + CLIPS_AT_A_TIME]
        if joined is None:
            measured = predictor.measure(part, **how)
        else:
            measured = _measure_joined(predictor, part, joined.iloc[start : start + len(part)], how)
        table = pd.DataFrame({"path": [str(as_clip(clip)) for clip in part]})
        answered = _answer_columns(predictor, predictor.answer(measured.features), top, abstain)
        answered.index = pd.Index(np.flatnonzero(measured.ok))
        table = table.join(answered)
        table["remarks"] = _remarks(predictor, part, measured, how)
        table["error"] = pd.Series([None] * len(part), dtype=object)
        for failure in measured.failures:
            table.loc[failure.index, "error"] = failure.reason
        yield table
        if progress is not None:
            progress(len(part))


def _measure_joined(
    predictor: Predictor, clips: list[Any], joined: pd.DataFrame, how: dict[str, Any]
) -> Measured:
    """Put features, if the model learnt from any, before the joined columns."""
    first = predictor.first
    table, flags = joined.reset_index(drop=True), ("",) * len(clips)
    failures: tuple[Failure, ...] = ()
    ok = np.ones(len(clips), dtype=bool)
    if first.feature_set is not None:
        found: Extraction = extract(clips, first.feature_set, **how)
        own = pd.DataFrame(found.values, columns=list(found.columns))
        table, failures, flags, ok = pd.concat([own, table], axis=1), found.failures, found.flags, found.ok
    values = np.full((len(clips), len(first.get_feature_names_out())), np.nan, dtype=np.float32)
    values[ok] = first.transform(table.loc[ok])
    rows = predictor.pass_on(values[ok]) if ok.any() else None
    return Measured(rows, ok, values, tuple(first.get_feature_names_out()), flags, failures)


def _answer_columns(predictor: Predictor, answers: Answers, top: int, abstain: float | None) -> pd.DataFrame:
    """Return the columns that answers make, one row each."""
    n, labels, shares = len(answers.predicted), predictor.labels, answers.probabilities
    if predictor.task == "regression":
        return pd.DataFrame({"predicted": np.array(answers.predicted, dtype=float)})
    if predictor.task == "multi-label":
        return _tag_columns(answers, labels, top)
    predicted = np.array(answers.predicted, dtype=object)
    if shares is None:
        return pd.DataFrame({"predicted": predicted})
    place = {label: i for i, label in enumerate(labels)}
    own = np.array([place[label] for label in answers.predicted], dtype=int)
    order = np.argsort(-shares, axis=1, kind="stable")
    # first what the model says, which need not be the most probable label where it decides by scores
    order = np.array([[mine, *rest[rest != mine]] for mine, rest in zip(own, order, strict=True)], dtype=int)
    names = np.array(labels, dtype=object)
    columns: dict[str, Any] = {}
    for rank in range(min(top, len(labels))):
        at = order[:, rank] if n else np.empty(0, dtype=int)
        end = f"_{rank + 1}" if rank else ""
        columns |= {f"predicted{end}": names[at], f"probability{end}": shares[np.arange(n), at]}
    if abstain is not None:
        doubtful = columns["probability"] < abstain
        columns["predicted"] = np.where(doubtful, None, columns["predicted"])
        columns["abstained"] = doubtful
    return pd.DataFrame(columns)


def _tag_columns(answers: Answers, labels: Sequence[str], top: int) -> pd.DataFrame:
    shares = answers.probabilities
    columns: dict[str, Any] = {
        "predicted": np.array([SEPARATOR.join(tags) for tags in answers.predicted], dtype=object)
    }
    if shares is not None:
        place = {label: i for i, label in enumerate(labels)}
        said = zip(answers.predicted, shares, strict=True)
        columns["probability"] = np.array(
            [SEPARATOR.join(f"{row[place[tag]]:.3g}" for tag in tags) for tags, row in said], dtype=object
        )
        order = np.argsort(-shares, axis=1, kind="stable")
        for rank in range(min(top, len(labels)) if top > 1 else 0):
            at = order[:, rank]
            columns[f"predicted_{rank + 1}"] = np.array(labels, dtype=object)[at]
            columns[f"probability_{rank + 1}"] = shares[np.arange(len(at)), at]
    return pd.DataFrame(columns)


def _remarks(predictor: Predictor, clips: list[Any], measured: Measured, how: dict[str, Any]) -> list[str]:
    stated = None if predictor.record is None else predictor.record.training_range
    said = [""] * len(clips)
    if stated is not None:
        heard = TrainingRange.from_dict(stated)
        own = measured.values if measured.columns == heard.columns else None
        found = heard.properties(clips, n_jobs=how["n_jobs"], memory=how["memory"])
        said = heard.remarks(found, own)
    words = [[flag for flag in flags.split() if flag in TELLING] for flags in measured.flags]
    return ["; ".join([*filter(None, [remark]), *flags]) for remark, flags in zip(said, words, strict=True)]


def _timelines(
    predictor: Predictor,
    clips: list[Any],
    seconds: float,
    top: int,
    abstain: float | None,
    how: dict[str, Any],
    progress: Callable[[int], object] | None,
) -> Iterator[pd.DataFrame]:
    tables: Iterable[pd.DataFrame] = joblib.Parallel(
        n_jobs=how["n_jobs"], prefer="threads", return_as="generator"
    )(joblib.delayed(_timeline)(predictor, clip, seconds, top, abstain, how["on_error"]) for clip in clips)
    for table in tables:
        yield table
        if progress is not None:
            progress(1)


def _timeline(
    predictor: Predictor, source: Any, seconds: float, top: int, abstain: float | None, on_error: str
) -> pd.DataFrame:
    """Decide about one window of a recording after another."""
    clip = as_clip(source)
    rate = predictor.rate
    decisions, reason = [], None
    try:
        decisions = list(stream(blocks(clip, rate), rate, predictor, window=seconds))
    except ClipError as error:
        if on_error == "raise":
            raise
        reason = f"{error.reason}; {error.remedy}"
    if not decisions or reason is not None:
        return pd.DataFrame({"path": [str(clip)], "predicted": [None], "error": [reason]}, dtype=object)
    shares = None
    if decisions[0].probabilities is not None:
        shares = np.array([list(each.probabilities.values()) for each in decisions if each.probabilities])
    table = pd.DataFrame(
        {
            "path": str(clip),
            "start": [decision.start for decision in decisions],
            "end": [decision.end for decision in decisions],
        }
    )
    answers = Answers([decision.label for decision in decisions], shares)
    table = table.join(_answer_columns(predictor, answers, top, abstain))
    table["remarks"] = [" ".join(flag for flag in each.flags if flag in TELLING) for each in decisions]
    table["error"] = pd.Series([None] * len(table), dtype=object)
    return table


def accuracy_with_interval(
    truth: NDArray[Any], predicted: NDArray[Any], groups: NDArray[Any], random_state: int = 0
) -> tuple[float, float, float]:
    """Return the share of right predictions with its 95 % bootstrap interval.

    Parameters
    ----------
    truth, predicted : ndarray of shape (n_clips,)
        Labels; a prediction that is missing is wrong.
    groups : ndarray of shape (n_clips,)
        Artists, or recordings, which are drawn as wholes.
    random_state : int, default=0
        Seeds the drawing.

    Returns
    -------
    value, low, high : float
        Between 0 and 1.

    Examples
    --------
    >>> truth = np.array(["a", "b"] * 50)
    >>> value, low, high = accuracy_with_interval(truth, np.array(["a"] * 100), np.arange(100))
    >>> value, round(low, 1), round(high, 1)
    (0.5, 0.4, 0.6)
    """
    right = (np.asarray(truth, dtype=object) == np.asarray(predicted, dtype=object)).astype(float)
    number = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    n_right, n = np.bincount(number, weights=right), np.bincount(number)
    weights = draw_weights(len(n), random_state)
    value = float(right.mean())
    return value, *percentile_interval("accuracy", weights @ n_right / (weights @ n), value)
