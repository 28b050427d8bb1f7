"""What every row of the registries promises, asked of all of them alike."""

import pkgutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import reference
from reference import pitch, rhythm
from reference.frames import frames as slow_frames

from gtzanfeat import features
from gtzanfeat.declarations import ClipFeature, FrameFeature, Framing, Request, TrackFeature
from gtzanfeat.extraction.analysis import Analysis
from gtzanfeat.feature_sets import FEATURE_SETS
from gtzanfeat.feature_sets.feature_parameters import full_params
from gtzanfeat.features import ACCUMULATORS, FEATURES
from gtzanfeat.ingredients.registry import INGREDIENTS
from gtzanfeat.jit import SWITCHED_OFF

RATE = 22050
# of what features hear, fewer where kernels are plain Python, a hundred times slower
SECONDS_OF_NOISE, SECONDS_OF_MUSIC = (1.5, 3.5) if SWITCHED_OFF else (4.0, 8.0)

# by name of feature, from the feet of the files of slow twins
TWINS = {
    name: twin
    for module in pkgutil.iter_modules(reference.__path__, "reference.")
    for name, twin in getattr(import_module(module.name), "TWINS", {}).items()
}
# one request for every feature: as its twin says, or as in the first set that has it
REQUESTS = {
    item.feature: item.request for row in reversed(FEATURE_SETS.values()) for item in reversed(row.items)
}
REQUESTS |= {
    name: Request(name, Framing(**twin.framing), twin.params)
    for name, twin in TWINS.items()
    if twin.framing is not None
}
# with the defaults of what is not given, as rows are given them
PARAMS = {
    name: full_params(name, request.framing, RATE, request.params) for name, request in REQUESTS.items()
}
FRAME_FEATURES = [name for name, row in FEATURES.items() if isinstance(row, FrameFeature)]
# those that are computed block by block; the others need the whole clip
BLOCK_FEATURES = [name for name in FRAME_FEATURES if not isinstance(FEATURES[name], TrackFeature)]
CLIP_FEATURES = [name for name, row in FEATURES.items() if isinstance(row, ClipFeature)]


def noise(seconds=1.0, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def analyse(request, samples):
    analysis = Analysis([request])
    analysis.push(samples)
    return analysis.finish()[request.key]


def cut(samples, framing):
    return slow_frames(samples, framing.length, framing.hop, pad_end=framing.edges == "pad_end")


def ingredient(name, frames, framing, params):
    if name == "frames":
        return frames
    row = INGREDIENTS[name]
    needs = [ingredient(need, frames, framing, params) for need in row.needs]
    return row.build(framing, RATE, params)(*needs)


def kernel_arguments(name, samples):
    """What the kernel of a frame feature is called with for one block, `out` apart."""
    row, framing, params = FEATURES[name], REQUESTS[name].framing, PARAMS[name]
    frames = cut(samples, framing).astype(np.float32)
    inputs = [ingredient(need.format(**params), frames, framing, params) for need in row.needs]
    if row.before is not None:
        inputs.append(np.full((row.past, inputs[0].shape[1]), row.before, dtype=np.float32))
    return [*inputs, *row.constants(framing, RATE, params)]


def out_for(name, samples):
    n_frames = REQUESTS[name].framing.n_frames(len(samples))
    row = FEATURES[name]
    columns = row.columns if row.columns_for is None else row.columns_for(PARAMS[name])
    return np.full((n_frames, len(columns)), np.nan, dtype=np.float32)


def test_every_file_of_the_folder_is_a_family():
    files = {module.name for module in pkgutil.iter_modules(features.__path__)}
    named = [family.__name__.rpartition(".")[2] for family in features.FAMILIES]
    assert sorted(files) == named, "name it in gtzanfeat/features/__init__.py, in order of the alphabet"


def test_no_name_is_given_twice():
    families = [import_module(m.name) for m in pkgutil.iter_modules(features.__path__, "gtzanfeat.features.")]
    for registry, kind in ((FEATURES, "FEATURES"), (ACCUMULATORS, "ACCUMULATORS")):
        names = [row.name for family in families for row in getattr(family, kind, ())]
        assert sorted(names) == sorted(registry)


def test_every_row_is_asked_for_and_every_need_exists():
    assert set(REQUESTS) == set(FEATURES)
    for row in FEATURES.values():
        if isinstance(row, ClipFeature):
            assert row.of in ACCUMULATORS or row.of in FEATURES
        elif isinstance(row, TrackFeature):
            assert all(need in ACCUMULATORS or need in FEATURES for need in row.needs)
        else:
            params = PARAMS[row.name]
            assert all(need.format(**params) in INGREDIENTS | {"frames": None} for need in row.needs)
    for row in [*INGREDIENTS.values(), *ACCUMULATORS.values()]:
        assert all(need in INGREDIENTS or need == "frames" for need in row.needs)


@pytest.mark.parametrize("name", FEATURES)
def test_a_row_explains_itself(name):
    row = FEATURES[name]
    assert row.family in ("timbre", "rhythm", "pitch")
    assert row.source
    names = [column.name for column in row.columns]
    assert len(set(names)) == len(names)
    for column in row.columns:
        assert column.unit
        assert column.formula
        assert column.hears
        assert column.name == column.name.lower()


@pytest.mark.interpreted
@pytest.mark.parametrize("name", BLOCK_FEATURES)
def test_a_kernel_writes_every_cell_and_leaves_its_input_alone(name):
    samples = noise()
    arguments = kernel_arguments(name, samples)
    before = [np.copy(argument) for argument in arguments]
    out = out_for(name, samples)
    FEATURES[name].kernel(*arguments, out)
    assert np.isfinite(out).all()
    for now, then in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("name", BLOCK_FEATURES)
def test_a_kernel_compiled_is_the_kernel_uncompiled(name):
    samples = noise(0.2)
    arguments = kernel_arguments(name, samples)
    compiled, plain = out_for(name, samples), out_for(name, samples)
    FEATURES[name].kernel(*arguments, compiled)
    row = FEATURES[name]
    # a kernel that calls a kernel still runs that one compiled
    row.kernel.py_func(*arguments, plain)
    # float32 sums of 257 numbers in another order
    np.testing.assert_allclose(compiled, plain, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("name", FEATURES)
def test_neither_how_it_is_cut_nor_the_clip_before_changes_a_bit(name):
    analysis = Analysis([REQUESTS[name]])
    samples = music(7.0)  # more than a block
    results = []
    for clip, step in ((samples, len(samples)), (noise(0.3), 500), (samples, 997), (samples, 131_071)):
        analysis.reset()
        for start in range(0, len(clip), step):
            analysis.push(clip[start : start + step])
        results.append(analysis.finish()[REQUESTS[name].key])
    whole, _, *cut = results
    for values in cut:
        np.testing.assert_array_equal(values, whole)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", FRAME_FEATURES)
def test_a_frame_feature_equals_its_slow_twin(name):
    samples = noise(SECONDS_OF_NOISE)
    samples[20_000:30_000] *= 0.01
    track = analyse(REQUESTS[name], samples)
    twin = TWINS[name].compute(cut(samples, REQUESTS[name].framing))
    assert track.shape == twin.shape
    # float32 against float64
    np.testing.assert_allclose(track, twin, rtol=3e-5, atol=3e-5)


# clip features that are held to their twins by tests of their own, on signals that suit them
ELSEWHERE = {
    "features/test_dynamics": ("dynamics", "tremolo", "integrated_loudness", "loudness_range"),
    "features/test_novelty": tuple(
        f"novelty_{of}" for of in ("rms", "flux", "centroid", "flatness", "zcr", "mfcc")
    ),
    "statistics/test_histogram_shape": ("beat_shape", "pitch_shape"),
    "features/test_beat_histogram": ("beat_histogram",),
    "features/test_pitch_histograms": ("pitch_histogram",),
    "test_feature_contract": ("beat", "pitch"),
    "features/test_librosa57": ("samples", "librosa_tempo"),
    "features/test_tempo": ("tempo", "onset_rate"),
    "features/test_tempogram": ("tempogram",),
    "features/test_note_pitch": ("note_pitch",),
    "features/test_harmonics": ("note_harmonics",),
    "features/test_keys": ("chroma_key", "pitch_key"),
    "features/test_centroid_rolloff_flux": ("low_energy",),
}
COMPARED = [name for name in CLIP_FEATURES if getattr(TWINS.get(name), "compute", None)]


def test_no_clip_feature_goes_without_a_twin():
    assert sorted([*COMPARED, *(name for names in ELSEWHERE.values() for name in names)]) == sorted(
        CLIP_FEATURES
    )
    assert all((Path(__file__).parent / f"{file}.py").is_file() for file in ELSEWHERE)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", COMPARED)
def test_a_clip_feature_equals_its_slow_twin(name):
    # of float32 tracks
    np.testing.assert_allclose(
        analyse(REQUESTS[name], music()), TWINS[name].compute(music()), rtol=1e-3, atol=1e-4
    )


HISTOGRAMS = {
    ("beat", "tzanetakis2002"): lambda x: rhythm.beat_features(rhythm.beat_histogram(x, "paper")),
    ("beat", "classic30"): lambda x: rhythm.beat_features(rhythm.beat_histogram(x, "robust")),
    ("pitch", "tzanetakis2002"): lambda x: pitch.pitch_features(pitch.pitch_histogram(x, "paper")),
    ("pitch", "classic30"): lambda x: pitch.pitch_features(pitch.pitch_histogram(x, "robust")),
}


def music(seconds=SECONDS_OF_MUSIC):
    """Struck notes at 100 to the minute over a drone: something for every feature to hear."""
    t = np.arange(round(seconds * RATE)) / RATE
    beat = t % 0.6
    notes = 220 * 2 ** (np.array([0, 4, 7, 12])[(t / 0.6).astype(int) % 4] / 12)
    phase = 2 * np.pi * np.cumsum(notes) / RATE
    struck = sum(np.sin(h * phase) / h for h in range(1, 7)) * np.exp(-beat * 6)
    drone = sum(np.sin(2 * np.pi * 110 * h * t) / h for h in range(1, 9))
    return (0.2 * struck + 0.05 * drone + noise(seconds) * 0.05).astype(np.float32)


def clicks():
    """Single samples with exact silence between them: filters ring out into it, down to nothing."""
    samples = np.zeros(8 * RATE, dtype=np.float32)
    samples[:: RATE // 2] = 1
    return samples


@pytest.mark.parametrize("make", [pytest.param(music, marks=pytest.mark.interpreted), clicks])
@pytest.mark.parametrize(("feature", "set_name"), HISTOGRAMS)
def test_a_histogram_feature_equals_its_slow_twin(feature, set_name, make):
    request = next(item.request for item in FEATURE_SETS[set_name].items if item.feature == feature)
    values = analyse(request, make())
    twin = HISTOGRAMS[feature, set_name](make())
    # amplitudes of peaks of float32 autocorrelations; the places of peaks must agree exactly
    np.testing.assert_allclose(values[: len(twin)], twin, rtol=2e-3, atol=1e-4)


SOUNDS = {
    "zero": np.zeros(1),
    "silence": np.zeros(70_000),
    "one": np.ones(1),
    "dc": np.full(70_000, 0.1),
    "impulse": np.eye(1, 70_000, 5)[0],
    "100": np.ones(100),
    "511": noise(1.0)[:511],
    "512": noise(1.0)[:512],
    "513": noise(1.0)[:513],
    "faint": noise(1.0) * 1e-12,
    "e-19": noise(1.0) * 1e-19,
    "e-21": noise(1.0) * 1e-21,
    "e-23": noise(1.0) * 1e-23,
    "e-38": noise(1.0) * 1e-38,
    # down to 1e-44
    "fading": np.exp(-10 * np.arange(10 * RATE) / RATE) * np.sin(0.1 * np.arange(10 * RATE)),
    "huge": noise(1.0) * 1e9,
}


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(samples, id=name, marks=[pytest.mark.interpreted] if len(samples) < 1000 else [])
        for name, samples in SOUNDS.items()
    ],
)
def test_every_signal_has_finite_numbers(name, samples):
    assert np.isfinite(analyse(REQUESTS[name], samples)).all()


@pytest.mark.parametrize("gain", [0.01, 8.0])
@pytest.mark.parametrize("name", [name for name, row in FEATURES.items() if row.gain_invariant])
def test_gain_changes_nothing_where_it_is_said_to_change_nothing(name, gain):
    loud, soft = analyse(REQUESTS[name], music()), analyse(REQUESTS[name], music() * np.float32(gain))
    np.testing.assert_allclose(loud, soft, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [name for name, row in FEATURES.items() if not row.gain_invariant])
def test_gain_changes_something_where_it_is_not_said_to_change_nothing(name):
    loud, soft = analyse(REQUESTS[name], noise()), analyse(REQUESTS[name], noise() * np.float32(0.01))
    # Marsyas' flux is of log spectra: only its first frame depends on level
    faint = analyse(REQUESTS[name], noise() * np.float32(1e-6))
    assert not (np.allclose(loud, soft, rtol=1e-3) and np.allclose(loud, faint, rtol=1e-3))


@pytest.mark.parametrize("name", BLOCK_FEATURES)
def test_a_hop_later_the_rows_are_one_later(name):
    request = REQUESTS[name]
    samples = noise(max(3.5, 2.5 * request.framing.length / RATE))
    whole, later = analyse(request, samples), analyse(request, samples[request.framing.hop :])
    row = FEATURES[name]
    start = row.lead if row.before is None else max(row.lead, row.past)  # what has all that it looks back on
    np.testing.assert_allclose(whole[1 + start :], later[start:], rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("name", FRAME_FEATURES)
def test_the_lead_of_a_track_is_zero(name):
    lead = FEATURES[name].lead
    assert not analyse(REQUESTS[name], noise())[:lead].any()


@pytest.mark.parametrize("name", CLIP_FEATURES)
def test_a_flag_says_that_there_is_nothing(name):
    row = FEATURES[name]
    analysis = Analysis([REQUESTS[name]])
    analysis.push(np.zeros(RATE))
    analysis.finish()
    assert "silent" in analysis.flags()
    assert row.flag == "" or row.flag in analysis.flags()
