"""The registry of ingredients and streams: which there are, and which is computed from which.

A new ingredient is a function in the file of its kind and a row here. `fixed` names the constants that decide
its values, which are a part of the identity of every feature set that needs it.
"""

from __future__ import annotations

from gtzanfeat.declarations import Ingredient, Stream
from gtzanfeat.ingredients import (
    chroma,
    constant_q,
    envelopes,
    filterbanks,
    fourier,
    hpss,
    k_weighting,
    periodicity,
    pitch_classes,
    psychoacoustics,
    running_median,
    spectra,
    wavelet_envelope,
    yin,
)

INGREDIENTS: dict[str, Ingredient] = {
    row.name: row
    for row in (
        Ingredient("spectrum", ("frames",), spectra.spectrum),
        Ingredient("power", ("spectrum",), spectra.power, from_frames=spectra.power_of_frames),
        Ingredient("magnitude", ("power",), spectra.magnitude),
        Ingredient("log_power", ("power",), spectra.log_power, fixed={"floor": spectra.LOG_FLOOR}),
        Ingredient(
            "slaney_bands",
            ("power",),
            spectra.slaney_bands,
            spectra.SLANEY_PARAMS,
            fixed={
                "lowest_hz": filterbanks.SLANEY_LOWEST_HZ,
                "step_hz": filterbanks.SLANEY_LINEAR_STEP_HZ,
                "ratio": filterbanks.SLANEY_RATIO,
                "filters": (filterbanks.SLANEY_LINEAR, filterbanks.SLANEY_LOG),
            },
        ),
        Ingredient(
            "slaney_log_bands", ("slaney_bands",), spectra.log_bands, fixed={"floor": spectra.LOG_FLOOR}
        ),
        Ingredient(
            "marsyas_log_power",
            ("power",),
            spectra.marsyas_log_power,
            fixed={"divisor": spectra.MARSYAS_DIVISOR, "zero": spectra.MARSYAS_ZERO},
        ),
        Ingredient(
            "marsyas_log_bands",
            ("slaney_bands",),
            spectra.marsyas_log_bands,
            fixed={"divisor": spectra.MARSYAS_DIVISOR},
        ),
        Ingredient("mel_bands", ("power",), spectra.mel_bands, spectra.MEL_PARAMS),
        Ingredient("mel_log_bands", ("mel_bands",), spectra.mel_log_bands, (spectra.MEL_FLOOR,)),
        Ingredient("frame_autocorrelation", ("frames",), spectra.frame_autocorrelation),
        Ingredient(
            "beat_envelope",
            ("frames",),
            wavelet_envelope.beat_envelope,
            fixed={
                "levels": wavelet_envelope.WAVELET_LEVELS,
                "wavelet": wavelet_envelope.DAUB4_LOW,
                "pole": wavelet_envelope.ENVELOPE_POLE,
                "decimation": wavelet_envelope.ENVELOPE_DECIMATION,
            },
        ),
        Ingredient("beat_autocorrelation", ("beat_envelope",), spectra.beat_autocorrelation),
        Ingredient(
            "beat_peaks", ("beat_autocorrelation",), periodicity.enhanced_peaks, periodicity.BEAT_PEAK_PARAMS
        ),
        Ingredient(
            "summary_autocorrelation",
            ("frames",),
            spectra.summary_autocorrelation,
            fixed={"compression": fourier.COMPRESSION, "silence": fourier.SILENT_FRAME},
        ),
        Ingredient(
            "pitch_peaks",
            ("summary_autocorrelation",),
            periodicity.enhanced_peaks,
            periodicity.PITCH_PEAK_PARAMS,
        ),
        Ingredient(
            "sonogram",
            ("frames",),
            psychoacoustics.sonogram,
            fixed={
                "bark_hz": psychoacoustics.BARK_HZ,
                "scale": psychoacoustics.SCALE,
                "windows": psychoacoustics.SEGMENT_IN_WINDOWS,
                "phons": psychoacoustics.PHONS,
                "contour_hz": psychoacoustics.CONTOUR_HZ,
                "contour_db": psychoacoustics.CONTOUR_DB,
            },
        ),
        Ingredient(
            "modulation",
            ("sonogram",),
            psychoacoustics.modulation,
            fixed={
                "windows": psychoacoustics.SEGMENT_IN_WINDOWS,
                "modulations": psychoacoustics.N_MODULATIONS,
            },
        ),
        Ingredient(
            "chroma_energies",
            ("power",),
            chroma.chroma_energies,
            chroma.CHROMA_PARAMS,
            fixed={
                "hz": (chroma.LOWEST_HZ, chroma.HIGHEST_HZ),
                **chroma.BELLS,
            },
        ),
        Ingredient(
            "constant_q_thirds",
            ("frames",),
            constant_q.constant_q_thirds,
            (pitch_classes.A4_HZ_PARAMETER,),
            fixed={
                "c1_hz": constant_q.C1_HZ,
                "octaves": constant_q.N_OCTAVES,
                "bins": constant_q.BINS,
                "quality": constant_q.QUALITY,
                "half_band": (constant_q.HALF_BAND_TAPS, constant_q.HALF_BAND_SHAPE),
            },
        ),
        Ingredient(
            "constant_q_classes",
            ("constant_q_thirds",),
            constant_q.constant_q_classes,
            fixed={"bins": constant_q.BINS},
        ),
        Ingredient(
            "difference",
            ("frames",),
            yin.difference,
            (yin.LOW_HZ,),
            fixed={"unchanged": yin.UNCHANGED},
        ),
        Ingredient(
            "fundamental",
            ("frames",),
            yin.fundamental,
            yin.FUNDAMENTAL_PARAMS,
            fixed={"unchanged": yin.UNCHANGED},
        ),
    )
}

STREAMS: dict[str, Stream] = {
    row.name: row
    for row in (
        Stream(
            "two_channels",
            envelopes.two_channels,
            fixed={"edge_hz": envelopes.CHANNEL_EDGE_HZ, "rumble_hz": envelopes.RUMBLE_HZ},
        ),
        Stream("preemphasis", envelopes.preemphasis, fixed={"coefficient": envelopes.PREEMPHASIS}),
        Stream(
            "k_weighting",
            k_weighting.k_weighting,
            fixed={
                "head": (k_weighting.HEAD_HZ, k_weighting.HEAD_Q, k_weighting.HEAD_DB, k_weighting.HEAD_BEND),
                "bass": (k_weighting.BASS_HZ, k_weighting.BASS_Q),
            },
        ),
    )
}

# what `hpss.Separation` gives is a stream too, of which it alone knows the past
SEPARATION = {"length": hpss.FRAMING.length, "hop": hpss.FRAMING.hop, "reach": running_median.REACH}
