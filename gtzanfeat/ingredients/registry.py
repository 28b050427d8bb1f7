"""The registry of ingredients and streams: which there are, and which is computed from which.

A new ingredient is a function in the file of its kind and a row here.
"""

from __future__ import annotations

from gtzanfeat.declarations import Ingredient, Stream
from gtzanfeat.ingredients import chroma, constant_q, envelopes, periodicity, psychoacoustics, spectra, yin
from gtzanfeat.ingredients.k_weighting import k_weighting

INGREDIENTS: dict[str, Ingredient] = {
    row.name: row
    for row in (
        Ingredient("spectrum", ("frames",), spectra.spectrum),
        Ingredient("power", ("spectrum",), spectra.power),
        Ingredient("magnitude", ("power",), spectra.magnitude),
        Ingredient("log_power", ("power",), spectra.log_power),
        Ingredient("slaney_bands", ("power",), spectra.slaney_bands),
        Ingredient("slaney_log_bands", ("slaney_bands",), spectra.log_bands),
        Ingredient("marsyas_log_bands", ("slaney_bands",), spectra.marsyas_log_bands),
        Ingredient("mel_bands", ("power",), spectra.mel_bands, spectra.MEL_PARAMS),
        Ingredient("mel_log_bands", ("mel_bands",), spectra.mel_log_bands, (*spectra.MEL_PARAMS, "floor")),
        Ingredient("frame_autocorrelation", ("frames",), spectra.frame_autocorrelation),
        Ingredient("beat_envelope", ("frames",), envelopes.beat_envelope),
        Ingredient("beat_autocorrelation", ("beat_envelope",), spectra.beat_autocorrelation),
        Ingredient("beat_peaks", ("beat_autocorrelation",), periodicity.peaks, periodicity.PEAK_PARAMS),
        Ingredient("summary_autocorrelation", ("frames",), spectra.summary_autocorrelation),
        Ingredient("pitch_peaks", ("summary_autocorrelation",), periodicity.peaks, periodicity.PEAK_PARAMS),
        Ingredient("sonogram", ("frames",), psychoacoustics.sonogram),
        Ingredient("modulation", ("sonogram",), psychoacoustics.modulation),
        Ingredient("chroma_energies", ("power",), chroma.chroma_energies),
        Ingredient("constant_q_thirds", ("frames",), constant_q.constant_q_thirds),
        Ingredient("constant_q_classes", ("constant_q_thirds",), constant_q.constant_q_classes),
        Ingredient("difference", ("frames",), yin.difference, yin.DIFFERENCE_PARAMS),
    )
}

STREAMS: dict[str, Stream] = {
    row.name: row
    for row in (
        Stream("two_channels", envelopes.two_channels),
        Stream("preemphasis", envelopes.preemphasis),
        Stream("k_weighting", k_weighting),
    )
}
