"""Parameters: what features, ingredients and summaries may be given, and the check of what they are given.

Which parameters a feature takes with all that it is computed from is gathered in
`feature_sets.feature_parameters`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from gtzanfeat.errors import ParameterError, UnknownNameError

Params = Mapping[str, Any]


class Frozen(Mapping[str, Any]):
    """A mapping that cannot be changed, and so can be hashed: the parameters of what is frozen.

    Parameters
    ----------
    items : mapping, optional
        What it holds.

    Examples
    --------
    >>> Frozen({"share": 0.85})
    {'share': 0.85}
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, name: str) -> Any:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset((name, repr(value)) for name, value in self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[object, ...]:
        """Be stored as what makes it anew, in pickles and in model files."""
        return type(self), (self._items,)


@dataclass(frozen=True)
class Parameter:
    """A parameter of a feature, an ingredient or a summary: its name, default, unit and range.

    Parameters
    ----------
    name : str
        Its name in `params` or `summary_params`.
    default : object
        Its value where none is given, and with it its type; or, where it follows from the frames,
        ``default(framing, rate)``.
    unit : str
        Of the value, "1" where it has none.
    meaning : str
        What it decides.
    low, high : float
        The least and the largest value; of a tuple, of each of its values.
    above : bool
        Whether `low` itself is too low.
    choices : tuple
        All values that it can have, where they are few.
    """

    name: str
    default: Any
    unit: str
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    choices: tuple[Any, ...] = ()

    def default_for(self, framing: Any, rate: int) -> Any:
        """Return the default for some frames.

        Parameters
        ----------
        framing : Framing
            How the samples are cut.
        rate : int
            Sample rate in Hz.

        Returns
        -------
        object
            The default, which for some parameters depends on both.
        """
        return self.default(framing, rate) if callable(self.default) else self.default

    @property
    def range(self) -> str:
        """What it can be, in words.

        Examples
        --------
        >>> Parameter("share", 0.85, "1", "", low=0.0, high=1.0).range
        '0 to 1'
        """
        if self.choices:
            return ", ".join(map(str, self.choices))
        if isinstance(self.default, bool):
            return "True, False"
        if self.low == -math.inf:
            return "any"
        if self.high == math.inf:
            return f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        return f"above {self.low:g}, to {self.high:g}" if self.above else f"{self.low:g} to {self.high:g}"

    def checked(self, owner: str, value: Any, default: Any) -> Any:
        """Return a value as plain Python has it, of the type of `default`, or refuse it.

        Parameters
        ----------
        owner : str
            What it is a parameter of, for the message.
        value : object
            As it was given.
        default : object
            The default for the same frames.

        Returns
        -------
        bool, int, float, str or tuple
            The value.

        Raises
        ------
        ParameterError
            If it is of another type or out of range.
        """
        if isinstance(default, tuple):
            values = tuple(value) if hasattr(value, "__iter__") and not isinstance(value, str) else ()
            plain: Any = tuple(self._plain(one, default[0]) for one in values)
            fine = None not in plain and hasattr(value, "__iter__") and not isinstance(value, str)
        else:
            plain = self._plain(value, default)
            fine = plain is not None
        if not fine:
            words = f"one of {self.range}" if self.choices else self._kind(default)
            raise ParameterError(f"{owner}: {self.name} is {value!r}; it must be {words}")
        return plain

    def _plain(self, value: Any, default: Any) -> Any:
        """One value of the type of `default`; None if it is no such value or out of range."""
        if isinstance(default, str):
            return str(value) if value in self.choices else None
        if isinstance(default, bool):
            return bool(value) if isinstance(value, bool | np.bool_) else None
        whole = isinstance(default, int)
        if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
            return None
        plain: float = int(value) if whole else float(value)  # type: ignore[call-overload]
        enough = plain > self.low if self.above else plain >= self.low
        fine = enough and plain <= self.high and math.isfinite(plain)
        return plain if fine and plain in (self.choices or (plain,)) else None

    def _kind(self, default: Any) -> str:
        """The type of `default` and the range, in words."""
        if isinstance(default, bool):
            return "True or False"
        one = default[0] if isinstance(default, tuple) else default
        kind = "whole numbers" if isinstance(one, int) else "numbers"
        kind = kind if isinstance(default, tuple) else f"a {kind[:-1]}"
        return kind if self.range == "any" else f"{kind}, {self.range}"


SPECTRUM = Parameter("spectrum", "magnitude", "1", "which spectrum S is", choices=("magnitude", "power"))
FRAME_RATE = Parameter(
    "frame_rate",
    lambda framing, rate: rate / framing.hop,
    "Hz",
    "frames per second; it follows from rate and hop, and must agree with them if given",
    low=0.0,
    above=True,
)


def check_names(owner: str, parameters: Mapping[str, Parameter], given: Mapping[str, Any]) -> None:
    """Refuse what is not a parameter, and say what there is.

    Parameters
    ----------
    owner : str
        What is given parameters, for the message.
    parameters : mapping of str to Parameter
        What it takes.
    given : mapping
        What it was given.

    Raises
    ------
    UnknownNameError
        If a name is not among `parameters`.
    ParameterError
        If a name was given where there are no parameters.
    """
    for name in given:
        if not parameters:
            raise ParameterError(f"{owner} takes no parameters, but was given {name!r}; leave it out")
        if name not in parameters:
            raise UnknownNameError(f"parameter of {owner}", name, parameters)
