"""Comparison of evaluations: a ranked table, with paired tests of the differences.

The corrected resampled t-test over folds asks whether a method would win again on other training clips.
McNemar's test asks whether one of two fitted systems errs less often; it needs each clip tested once. Nothing
here fits a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from gtzanfeat.errors import ProtocolError
from gtzanfeat.evaluation.result import Evaluation


def corrected_t_test(differences: Sequence[float] | np.ndarray, test_share: float) -> tuple[float, float]:
    """Return the corrected resampled t-test of the mean difference of two methods over folds.

    Folds share training clips, so their differences are not independent, and the usual t-test rejects too
    often. Here the variance is enlarged for it::

        t = mean(d) / sqrt((1/J + n_test/n_train) · var(d)),  J - 1 degrees of freedom

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Score of one method minus score of the other, on the same folds.
    test_share : float
        Clips that test over clips that train, n_test/n_train; 1/9 in 10-fold cross-validation.

    Returns
    -------
    statistic : float
        The t statistic; NaN for a single fold, whose variance is unknown.
    p : float
        The two-sided p-value; NaN for a single fold, 1 if all differences are 0.

    Raises
    ------
    ValueError
        If `test_share` is not positive.

    References
    ----------
    Nadeau & Bengio 2003, "Inference for the generalization error", Machine Learning 52, section 5.

    Examples
    --------
    >>> t, p = corrected_t_test([0.02, 0.00, 0.04, 0.02], test_share=1 / 3)
    >>> round(t, 3), round(p, 3)
    (1.604, 0.207)
    """
    d = np.asarray(differences, dtype=float)
    if not test_share > 0:
        raise ValueError(f"test_share is clips that test over clips that train, above 0, not {test_share}")
    if len(d) < 2:
        return float("nan"), float("nan")
    mean, variance = d.mean(), d.var(ddof=1)
    if np.ptp(d) == 0:
        return (0.0, 1.0) if mean == 0 else (float(np.copysign(np.inf, mean)), 0.0)
    t = float(mean / np.sqrt((1 / len(d) + test_share) * variance))
    return t, float(2 * stats.t.sf(abs(t), len(d) - 1))


def mcnemar_test(
    first_right: Sequence[bool] | np.ndarray, second_right: Sequence[bool] | np.ndarray
) -> float:
    """Return the p-value of McNemar's exact test of two systems that predicted the same clips.

    Only the clips on which exactly one is right say anything; of n such clips, the first is right on b,
    and were they equally good, b would be binomial with n and 1/2. This is the exact form of the test,
    which needs no minimum of clips.

    Parameters
    ----------
    first_right, second_right : array-like of shape (n_clips,)
        Whether each system was right on each clip; every clip once.

    Returns
    -------
    float
        The two-sided p; 1 if they never differ.

    Raises
    ------
    ValueError
        If the two are not equally long.

    References
    ----------
    McNemar 1947; Dietterich 1998, "Approximate statistical tests for comparing supervised classification
    learning algorithms", Neural Computation 10, section 3.1.

    Examples
    --------
    >>> mcnemar_test([True] * 6 + [False] * 4, [False] * 6 + [False] * 4)  # 2 / 2^6
    0.03125
    """
    first, second = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    if first.shape != second.shape:
        raise ValueError(f"both must have answered the same clips, not {first.size} and {second.size}")
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    if only_first == only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second, 0.5).pvalue)


def compare(evaluations: Sequence[Evaluation] | Mapping[str, Evaluation]) -> pd.DataFrame:
    """Return evaluations of one task ranked by score, with paired tests of the best against each other one.

    Parameters
    ----------
    evaluations : sequence or mapping of Evaluation
        Two or more; the keys of a mapping are their names, otherwise each is called by its estimator and
        feature set.

    Returns
    -------
    DataFrame
        One row per evaluation, the best first, its index the names: ``score`` with the bounds ``low`` and
        ``high`` of its interval, ``difference`` (score minus the best), ``folds_lost`` (share of the folds
        on which the best scored more), ``t`` and ``p_t`` of the corrected resampled t-test over the folds,
        and ``p_mcnemar`` over the clips of the first repeat (one label per clip only). ``paired`` says
        whether the folds are those of the best; if not, nothing is tested. Each p is of one comparison: of
        many, some are small by chance.

    Raises
    ------
    ProtocolError
        If there are fewer than two, or they have not the same task and target.

    Examples
    --------
    >>> from gtzanfeat.evaluation import evaluate
    >>> import numpy as np, pandas as pd
    >>> from gtzanfeat.datasets import ClipTable
    >>> names = [f"{label}.{i}" for label in ("jazz", "pop") for i in range(10)]
    >>> frame = pd.DataFrame({"path": names, "recording": names, "artist": names})
    >>> frame["label"] = [name.split(".")[0] for name in names]
    >>> clips, values = ClipTable(frame, "example"), np.arange(20.0)[:, None] % 7
    >>> found = {name: evaluate(name, clips, values=values, repeats=1) for name in ("knn1", "svm")}
    >>> compare(found)["paired"].tolist()
    [True, True]
    """
    named = dict(evaluations) if isinstance(evaluations, Mapping) else _named(evaluations)
    if len(named) < 2:
        raise ProtocolError(f"a comparison needs two results or more, not {len(named)}")
    kinds = {(found.task, found.target) for found in named.values()}
    if len(kinds) > 1:
        what = ", ".join(sorted(f"{task} of {target!r}" for task, target in kinds))
        raise ProtocolError(f"only results of one task and target can be compared, not {what}")
    ranked = sorted(named, key=lambda name: -named[name].score)
    best = named[ranked[0]]
    rows = []
    for name in ranked:
        found = named[name]
        metrics = found.metrics.set_index("metric")
        row = {
            "score": found.score,
            "low": metrics["low"].get(found.headline, np.nan),
            "high": metrics["high"].get(found.headline, np.nan),
            "difference": found.score - best.score,
            "folds_lost": np.nan,
            "t": np.nan,
            "p_t": np.nan,
            "p_mcnemar": np.nan,
            "paired": same_folds(best, found),
        }
        if found is not best and row["paired"]:
            lost = _fold_scores(best) - _fold_scores(found)
            row["folds_lost"] = float(np.mean(lost > 0))
            if found.folds is not None:
                test_share = float((found.folds["n_test"] / found.folds["n_train"]).mean())
                row["t"], row["p_t"] = corrected_t_test(lost, test_share)
            row["p_mcnemar"] = _mcnemar(best, found)
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(ranked, name="result"))


def same_folds(first: Evaluation, second: Evaluation) -> bool:
    """Return whether two evaluations tested the same clips in the same folds.

    Parameters
    ----------
    first, second : Evaluation
        The evaluations.

    Returns
    -------
    bool
        Also False if the clips are the same but the folds are not.
    """
    tests = [_tests(found)[["repeat", "fold", "clip", "recording"]] for found in (first, second)]
    return tests[0].equals(tests[1])


def differences(first: Evaluation, second: Evaluation) -> pd.DataFrame:
    """Return the settings in which two evaluations differ.

    Parameters
    ----------
    first, second : Evaluation
        The evaluations.

    Returns
    -------
    DataFrame
        One row per setting that differs, its name as index: ``first`` and ``second``, the values as text.
    """
    stated = [_identity(found) for found in (first, second)]
    names = dict.fromkeys((*stated[0], *stated[1]))
    rows = {name: [side.get(name, "-") for side in stated] for name in names}
    differing = {name: values for name, values in rows.items() if values[0] != values[1]}
    return pd.DataFrame.from_dict(differing, orient="index", columns=["first", "second"])


def _identity(found: Evaluation) -> dict[str, str]:
    stated = {
        "dataset": found.dataset,
        "clips": f"{found.n_used} of {found.n_clips}",
        "protocol": found.protocol,
        "description": found.description,
        "seed": found.random_state,
        "estimator": found.estimator,
        "features": found.feature_set,
        "spec": found.spec_hash,
        "columns": found.n_columns,
    }
    return {name: "-" if value is None else str(value) for name, value in (stated | found.versions).items()}


def _named(evaluations: Sequence[Evaluation]) -> dict[str, Evaluation]:
    """Name results by estimator and feature set, numbered where that does not tell them apart."""
    words = [f"{found.estimator} on {found.feature_set}" for found in evaluations]
    return {
        word if words.count(word) == 1 else f"{word} ({words[: i + 1].count(word)})": found
        for i, (word, found) in enumerate(zip(words, evaluations, strict=True))
    }


def _tests(found: Evaluation) -> pd.DataFrame:
    return found.predictions.sort_values(["repeat", "fold", "clip"], ignore_index=True)


def _fold_scores(found: Evaluation) -> np.ndarray:
    return found.fold_scores.sort_values(["repeat", "fold"])[found.headline].to_numpy(dtype=float)


def _mcnemar(first: Evaluation, second: Evaluation) -> float:
    """Test the answers of the first repeat, in which every clip is tested once."""
    if first.task != "single-label":
        return float("nan")
    right = []
    for found in (first, second):
        tests = _tests(found)
        tests = tests[tests["repeat"] == tests["repeat"].min()]
        right.append((tests["label"] == tests["predicted"]).to_numpy(dtype=bool))
    return mcnemar_test(*right)
