"""Rows of registries: what ingredients and features declare about themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from gtzanfeat.declarations.framing import Framing
from gtzanfeat.declarations.parameters import Frozen, Parameter, Params

Arrays = tuple[Any, ...]


@dataclass(frozen=True)
class Ingredient:
    """An intermediate of a block of frames that several features share (a spectrum, say).

    Parameters
    ----------
    name : str
        What rows call it in their `needs`. "frames", the samples themselves, is given.
    needs : tuple of str
        The ingredients that it is computed from.
    build : callable
        ``build(framing, rate, params)`` gives the function from the needed arrays to this one.
    parameters : tuple of Parameter
        The parameters that `build` reads.
    fixed : mapping
        The constants of its module that decide its values, each by a name: a part of the identity of every
        feature set that needs it.
    from_frames : callable, optional
        As `build`, but of the function from the frames to the same bits: quicker where nothing else asks for
        what is on the way.
    """

    name: str
    needs: tuple[str, ...]
    build: Callable[[Framing, int, Params], Callable[..., NDArray[Any]]]
    parameters: tuple[Parameter, ...] = ()
    fixed: Params = field(default_factory=Frozen, hash=False)
    from_frames: Callable[[Framing, int, Params], Callable[..., NDArray[Any]]] | None = None


@dataclass(frozen=True)
class Stream:
    """A filter with a memory that samples pass before they are cut into frames.

    Parameters
    ----------
    name : str
        What a `Framing` calls it.
    build : callable
        ``build(rate)`` gives a function from the next samples (n,) to as many filtered ones, (n,) or
        (n_channels, n), which keeps its state between calls.
    fixed : mapping
        The constants that decide its values.
    """

    name: str
    build: Callable[[int], Callable[[NDArray[Any]], NDArray[Any]]]
    fixed: Params = field(default_factory=Frozen, hash=False)


@dataclass(frozen=True)
class Column:
    """One number of a feature: its name, unit and formula, and what it says of the sound.

    Parameters
    ----------
    name : str
        Lower case, with underscores; empty where a feature has one column only.
    unit : str
        Of the values, "1" where they have none.
    formula : str
        May hold fields, ``{share}``: parameters, and what else `gtzanfeat.feature_sets.formulas` lists.
    hears : str
        What a listener would call it, in one sentence; may hold fields too.
    """

    name: str
    unit: str
    formula: str
    hears: str


def no_constants(framing: Framing, rate: int, params: Params) -> Arrays:
    """Constants of a kernel that needs none.

    Parameters
    ----------
    framing : Framing
        How the samples are cut.
    rate : int
        Sample rate in Hz.
    params : mapping
        Parameters of the feature.

    Returns
    -------
    tuple
        Empty.
    """
    return ()


@dataclass(frozen=True)
class FrameFeature:
    """Numbers per frame.

    ``kernel(*ingredients, *previous, *constants, out)`` writes every cell of `out`, shape
    (n_frames, n_columns).

    Parameters
    ----------
    name, family : str
        The feature's name and the family it belongs to ("timbre", "rhythm", "pitch").
    kernel : callable
        See above.
    needs : tuple of str
        Names of ingredients; ``{spectrum}`` stands for the parameter of that name.
    columns : tuple of Column
        What the columns of `out` are.
    source : str
        Paper and equation.
    gain_invariant : bool
        Whether multiplying the samples by a constant leaves the numbers as they are.
    constants : callable
        ``constants(framing, rate, params)`` gives the arrays and numbers that are the same for all frames.
    before : float, optional
        Given where the kernel also takes, as `previous`, the first ingredient's rows before this block, shape
        (past, n): what these are filled with at the start of a clip.
    past : int
        How many rows these are.
    lead : int
        How many frames at the start of a clip have no value of their own: their cells are set to 0, and
        summaries leave them out.
    parameters : tuple of Parameter
        The parameters that it takes; those of what it needs come to them.
    columns_for : callable, optional
        ``columns_for(params)`` gives the columns where they follow from parameters; `columns` are those of
        the defaults.
    fixed : mapping
        The constants of its module that decide the values, each by a name: a part of the identity of every
        feature set that has it.
    subfamily : str
        What its columns tell of, more finely than `family` ("cepstrum", "chroma"); where it is empty, the
        family.
    """

    name: str
    family: str
    kernel: Callable[..., Any]
    needs: tuple[str, ...]
    columns: tuple[Column, ...]
    source: str
    gain_invariant: bool
    constants: Callable[[Framing, int, Params], Arrays] = no_constants
    before: float | None = None
    past: int = 1
    lead: int = 0
    parameters: tuple[Parameter, ...] = ()
    columns_for: Callable[[Params], tuple[Column, ...]] | None = None
    fixed: Params = field(default_factory=Frozen, hash=False)
    subfamily: str = ""


@dataclass(frozen=True)
class Accumulator:
    """A running total over a clip (a histogram): not a feature, but what clip features are read from.

    ``kernel(*ingredients, *constants, total)`` adds a block of frames to `total`, float64 of shape `shape`.

    Parameters
    ----------
    name : str
        What rows call it.
    kernel : callable
        See above.
    needs : tuple of str
        Names of ingredients.
    shape : tuple of int
        Of the total.
    constants : callable
        ``constants(framing, rate, params)`` gives the arrays and numbers that are the same for all frames.
    parameters : tuple of Parameter
        The parameters that it takes; those of what it needs come to them.
    fixed : mapping
        The constants of its module that decide the values, each by a name.
    """

    name: str
    kernel: Callable[..., None]
    needs: tuple[str, ...]
    shape: tuple[int, ...]
    constants: Callable[[Framing, int, Params], Arrays] = no_constants
    parameters: tuple[Parameter, ...] = ()
    fixed: Params = field(default_factory=Frozen, hash=False)


@dataclass(frozen=True)
class Collection:
    """What is found in the frames of a clip, however many rows of numbers that may be (peaks of spectra).

    ``kernel(*ingredients, *constants)`` returns what it finds in a block, float32 (n_found, n_values); blocks
    are put one after another.

    Parameters
    ----------
    name : str
        What rows call it.
    kernel : callable
        See above.
    needs : tuple of str
        Names of ingredients.
    constants : callable
        ``constants(framing, rate, params)`` gives the arrays and numbers that are the same for all frames.
    parameters : tuple of Parameter
        The parameters that it takes; those of what it needs come to them.
    fixed : mapping
        The constants of its module that decide the values, each by a name.
    """

    name: str
    kernel: Callable[..., NDArray[Any]]
    needs: tuple[str, ...]
    constants: Callable[[Framing, int, Params], Arrays] = no_constants
    parameters: tuple[Parameter, ...] = ()
    fixed: Params = field(default_factory=Frozen, hash=False)


@dataclass(frozen=True)
class TrackFeature(FrameFeature):
    """Numbers per frame that are known only when the whole clip has been heard: relative to its loudest, say.

    Here `needs` names frame features, accumulators and collections, and ``kernel(*sources, *constants)``, an
    ordinary function, makes of their tracks, totals and rows the track of this one, float32
    (n_frames, n_columns). Those of a long clip lie in a file, as for a `ClipFeature`.

    Parameters
    ----------
    name, family : str
        The feature's name and the family it belongs to ("timbre", "rhythm", "pitch").
    kernel : callable
        See above.
    needs : tuple of str
        Names of frame features, accumulators and collections.
    columns : tuple of Column
        What the columns of the track are.
    source : str
        Paper and equation.
    gain_invariant : bool
        Whether multiplying the samples by a constant leaves the numbers as they are.
    constants : callable
        ``constants(framing, rate, params)`` gives the arrays and numbers that are the same for all frames.
    before : float, optional
        Not used here.
    past : int
        Not used here.
    lead : int
        How many frames at the start of a clip have no value of their own: their cells are set to 0, and
        summaries leave them out.
    parameters : tuple of Parameter
        The parameters that it takes; those of what it needs come to them.
    columns_for : callable, optional
        ``columns_for(params)`` gives the columns where they follow from parameters; `columns` are those of
        the defaults.
    fixed : mapping
        The constants of its module that decide the values, each by a name: a part of the identity of every
        feature set that has it.
    subfamily : str
        What its columns tell of, more finely than `family` ("cepstrum", "chroma"); where it is empty, the
        family.
    """


@dataclass(frozen=True)
class ClipFeature:
    """Numbers per clip, from an accumulator's total, a collection's rows or a frame feature's track.

    ``compute(total_or_track, n_frames, params)`` gives the values, shape (n_columns,). The track or the rows
    of a long clip lie in a file: they are indexed like an array, ``track[start:stop]`` or
    ``track[:, columns]``, and ``numpy.asarray`` makes one of them.

    Parameters
    ----------
    name, family : str
        The feature's name and the family it belongs to ("timbre", "rhythm", "pitch").
    compute : callable
        See above.
    of : str
        The accumulator, the collection or the frame feature that it is computed from.
    columns : tuple of Column
        What the values are.
    source : str
        Paper and equation.
    gain_invariant : bool
        Whether multiplying the samples by a constant leaves the numbers as they are.
    flag : str
        What a clip is flagged with when all columns are 0 ("no_beat").
    parameters : tuple of Parameter
        The parameters that it takes; those of what it needs come to them.
    fixed : mapping
        The constants of its module that decide the values, each by a name.
    subfamily : str
        What its columns tell of, more finely than `family` ("cepstrum", "chroma"); where it is empty, the
        family.
    """

    name: str
    family: str
    compute: Callable[[NDArray[Any], int, Params], NDArray[Any]]
    of: str
    columns: tuple[Column, ...]
    source: str
    gain_invariant: bool
    flag: str = ""
    parameters: tuple[Parameter, ...] = ()
    fixed: Params = field(default_factory=Frozen, hash=False)
    subfamily: str = ""


@dataclass(frozen=True)
class Request:
    """One feature wanted from an analysis: which, how framed, with which parameters.

    Parameters
    ----------
    feature : str
        Its name.
    framing : Framing
        How the samples are cut.
    params : mapping
        What it and its ingredients are given; the rest has its defaults.
    """

    feature: str
    framing: Framing
    params: Params = field(default_factory=Frozen)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", Frozen(self.params))

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What two requests must share to share their work."""
        return self.feature, self.framing, tuple(sorted((k, repr(v)) for k, v in self.params.items()))
