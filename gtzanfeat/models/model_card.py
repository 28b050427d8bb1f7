"""The model card: what a user must know before trusting a model, in Markdown."""

from __future__ import annotations

from typing import Any

from gtzanfeat.evaluation.text import BASELINES, WORDS, interval_words, metric_words
from gtzanfeat.models.model_record import ModelRecord

_PREDICTS = {
    "single-label": "one of {n} classes for each recording",
    "multi-label": "which of {n} tags apply to each recording",
    "regression": "a number for each recording",
}


def write_card(record: ModelRecord, name: str) -> str:
    """Return the model card.

    Parameters
    ----------
    record : ModelRecord
        What is known of the model.
    name : str
        The name of its file.

    Returns
    -------
    str
        Markdown.
    """
    sections = [
        ("Trained on", _training(record)),
        ("Score", _score(record)),
        ("Takes one for another", _confusions(record)),
        ("Not to be used for", _limits(record)),
        ("Features", _features(record)),
        ("Made with", [f"gtzanfeat {record.code['version']}, {_versions(record)}; {record.created}"]),
        ("How to use it", _usage(record, name)),
    ]
    head = [
        f"# {name}",
        "",
        f"Predicts {_PREDICTS[record.task].format(n=len(record.labels))}, by sound alone.",
    ]
    if record.labels:
        head += ["", f"{', '.join(record.labels)}"]
    return "\n".join(
        [*head, *(line for title, lines in sections if lines for line in _section(title, lines)), ""]
    )


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"## {title}", "", *lines]


def _training(record: ModelRecord) -> list[str]:
    told = record.training
    if told is None:
        return ["It is not known: `save_model` was not given the clips."]
    artists = "unknown artists" if told["n_artists"] is None else f"{told['n_artists']} artists"
    lines = [
        f"- {told['n_clips']} clips of {told['n_recordings']} recordings by {artists} ({told['dataset']}), "
        f"{told['seconds'] / 60:.1f} minutes; column `{record.target}`"
    ]
    for what, key in (("clips of each", "classes"), ("rate in Hz", "rates"), ("format", "formats")):
        if told[key]:
            lines.append(f"- {what}: {', '.join(f'{name} ({count})' for name, count in told[key].items())}")
    if told["unread"]:
        lines.append(f"- {told['unread']} files could not be read when the model was saved")
    lines.append(f"- fingerprint of the list: `{record.fingerprint}`")
    return lines


def _score(record: ModelRecord) -> list[str]:
    told = record.evaluation
    if told is None:
        return ["It was not evaluated: nothing is known of how often it is right."]
    value, low, high = record.score() or (float("nan"), None, None)
    headline = told["headline"]
    baseline = next(row["baseline"] for row in told["metrics"] if row["metric"] == headline)
    lines = [
        f"**{WORDS.get(headline, headline)} {metric_words(headline, value)}**, 95 % interval "
        f"{interval_words(headline, low, high)} (bootstrap over {told['n_groups']} {told['group_kind']}); "
        f"{BASELINES[record.task]}: {metric_words(headline, baseline)}.",
        "",
        f"Protocol `{told['protocol']}`: {told['description']}. Of models trained on parts of the same "
        "clips; the one in this file was trained on all of them.",
        "",
        "| metric | value | 95 % | baseline |",
        "|---|---|---|---|",
    ]
    for row in told["metrics"]:
        name = row["metric"]
        cells = (metric_words(name, row["value"]), interval_words(name, row["low"], row["high"]))
        lines.append(f"| {name} | {' | '.join(cells)} | {metric_words(name, row['baseline'])} |")
    lines += ["", *(f"- {warning}" for warning in told["warnings"])] if told["warnings"] else []
    return lines


def _confusions(record: ModelRecord) -> list[str]:
    told: list[dict[str, Any]] = (record.evaluation or {}).get("confusions", [])
    return [f"- {pair['is']} for {pair['taken_for']}: {pair['share']:.0%} of {pair['is']}" for pair in told]


def _limits(record: ModelRecord) -> list[str]:
    lines = []
    if record.task == "single-label":
        lines.append(
            "- Anything but these classes: it names one of them for every sound, speech and silence included."
        )
    told = record.training
    if told is not None:
        rates = ", ".join(told["rates"]) or "unknown"
        lines.append(
            f"- Recordings unlike those it was trained on: other rates than {rates} Hz, other lengths, other "
            "equipment, other styles and regions."
        )
    protocol = (record.evaluation or {}).get("protocol")
    if protocol == "random":
        lines.append("- Artists it has not heard: the protocol `random` says nothing of them.")
    lines += [
        "- Decisions about people, payments or rights: labels of music are opinions, also those it learnt.",
        "- A probability as a guarantee: it holds on average, for recordings like those it was trained on.",
    ]
    return lines


def _features(record: ModelRecord) -> list[str]:
    lines = [
        f"- {spec['name']}: {len(spec['columns'])} columns at {spec['rate']} Hz, spec `{spec['spec_hash']}`"
        for spec in record.feature_specs
    ]
    if record.joined_columns:
        lines.append(
            f"- {len(record.joined_columns)} joined columns, which must be given by recording: "
            f"{', '.join(record.joined_columns[:3])}{' ...' if len(record.joined_columns) > 3 else ''}"
        )
    return [*lines, f"- then `{record.estimator}`"]


def _versions(record: ModelRecord) -> str:
    return ", ".join(f"{name} {number}" for name, number in record.versions.items())


def _usage(record: ModelRecord, name: str) -> list[str]:
    if record.joined_columns:
        call = 'model.predict(join_columns(clips, "FILE", extract(clips.clips, FEATURES)))'
        names = "extract, join_columns, load_model"
    else:
        call, names = 'model.predict(["song.wav"])', "load_model"
    return ["```python", f"from gtzanfeat import {names}", f'model = load_model("{name}")', call, "```"]
