"""Formulae follow the parameters: no text of a column states a number that the item does not have."""

import re
from dataclasses import replace

import pytest

from gtzanfeat.declarations import Framing
from gtzanfeat.feature_sets import FEATURE_SETS, FeatureItem
from gtzanfeat.feature_sets.feature_parameters import feature_parameters
from gtzanfeat.features import FEATURES

ITEMS = {item.request.key: item for row in FEATURE_SETS.values() for item in row.items}
# numbers of that name are too small to tell from others in a text, and no formula means them
UNSAID = {"radius"}


def texts(item, rate=22050):
    """Formulae and sentences of all columns of an item."""
    item = replace(item, columns=(), names=(), summary="mean" if item.summary else "", summary_params={})
    return [row[key] for rows in item.rows(rate) for row in rows for key in ("formula", "hears")]


def numbers(text):
    """The numbers that a text states: "0.85", "65", "1e-10"."""
    return set(map(float, re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.])", text)))


def with_frames(item):
    """The item with a summary, where it needs one."""
    return (
        item
        if item.summary or not hasattr(FEATURES[item.feature], "kernel")
        else replace(item, summary="mean")
    )


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.feature)
def test_every_field_is_filled_in(item):
    for text in texts(with_frames(item)):
        assert not set("{}") & set(text)


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.feature)
def test_no_text_states_a_stale_parameter(item):
    """A number that equals a parameter is that parameter: where it changes, the text changes with it."""
    item = replace(with_frames(item), names=())  # which are as many as the columns of these parameters
    ends = (0, 1, -2, -1)  # the first and the last column: those between are numbered
    before = texts(item)
    for name, value in item.params.items():
        frozen = len(feature_parameters(item.feature)[name].choices) == 1
        if isinstance(value, bool | tuple | str) or name in UNSAID or not value or frozen:
            continue
        changed = value * 2 if isinstance(value, int) else value / 1.5
        after = texts(replace(item, params={**item.params, name: changed}))
        for old, new in ((before[i], after[i]) for i in ends):
            assert value not in numbers(old) or old != new, f"{old!r} says {value}, whatever {name} is"


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.feature)
def test_no_text_states_a_stale_framing(item):
    item = with_frames(item)
    framing = item.framing
    other = replace(framing, length=2 * framing.length, hop=2 * framing.hop)
    of_framing = {framing.length, framing.hop, 22050, 11025, 22050 / framing.length, framing.hop / 22050}
    for old, new in zip(texts(item), texts(replace(item, framing=other), rate=66150), strict=True):
        assert not ((of_framing - {1}) & numbers(old)) or old != new, old


@pytest.mark.parametrize(
    ("feature", "framing", "params", "rate", "expected"),
    [
        (
            "spectral_rolloff",
            Framing(512, 512),
            {"share": 0.5, "spectrum": "power"},
            22050,
            ">= 0.5 Σ S, S the power",
        ),
        ("marsyas_rolloff", Framing(512, 512), {"share": 0.25}, 22050, ">= 0.25 Σ P"),
        ("librosa_mfcc", Framing(512, 512), {"bands": 20}, 22050, "√(2/20) cos(π0(b+½)/20)"),
        ("mel", Framing(512, 512), {"floor": 1e-7}, 22050, "max(E_b, 1e-07)"),
        ("low_energy", Framing(512, 512), {"window": 7}, 22050, "share of the 7 frames"),
        ("chroma_cens", Framing(512, 512), {"smooth": 9}, 22050, "smoothed over 9 frames"),
        (
            "f0",
            Framing(512, 512),
            {"threshold": 0.3, "low_hz": 50.0, "high_hz": 500.0},
            22050,
            "below 0.3, 50 to 500 Hz",
        ),
        ("rh", Framing(65536, 65536), {}, 22050, "at 0.34 Hz"),
        ("rh", Framing(131072, 131072), {}, 44100, "at 0.34 Hz"),
        ("dwch", Framing(65536, 65536), {}, 44100, "of a window, 0 to 172 Hz"),
        ("integrated_loudness", Framing(4410, 4410), {}, 22050, "mean of blocks of 0.8 s"),
        ("beat_histogram", Framing(65536, 32768), {"n_peaks": 5}, 22050, "the 5 largest peaks at 40 bpm"),
    ],
)
def test_a_formula_says_the_values_of_its_item(feature, framing, params, rate, expected):
    assert expected in texts(with_frames(FeatureItem(feature, framing, params)), rate)[0]


def test_a_parameter_that_is_not_given_is_written_with_its_default():
    item = FeatureItem("spectral_rolloff", Framing(512, 512), summary="mean")
    assert "Σ S[0..r] >= 0.85 Σ S, S the magnitude" in texts(item)[0]
