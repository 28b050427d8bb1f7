"""Every error the package raises on purpose; each is one sentence: what, where, what to do.

Nothing else belongs here: no checking of input and no logging. An error also is the built-in that a
caller would expect (`ValueError`, `FileNotFoundError`), so that code which knows nothing of this
package still catches it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GtzanfeatError(Exception):
    """Root of all errors of this package; catching it catches all of them."""


class ClipError(GtzanfeatError, ValueError):
    """A clip cannot be analysed: it is missing, undecodable, empty, or holds NaN or infinity.

    Parameters
    ----------
    source : object
        The path, or words that name the array ("clip 3").
    reason : str
        What is wrong with it.
    remedy : str
        What the user can do.
    """

    def __init__(self, source: object, reason: str, remedy: str) -> None:
        super().__init__(f"{source}: {reason}; {remedy}")
        self.source = str(source)
        self.reason = reason
        self.remedy = remedy

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process."""
        return type(self), (self.source, self.reason, self.remedy)


class MissingClipError(ClipError, FileNotFoundError):
    """The file of a clip does not exist.

    Parameters
    ----------
    source, reason, remedy : str
        As of `ClipError`.
    """

    __str__ = Exception.__str__  # FileNotFoundError would print its arguments as errno and name


class DatasetError(GtzanfeatError, ValueError):
    """A folder or manifest is not the dataset it was taken for."""


class ProtocolError(GtzanfeatError, ValueError):
    """A protocol cannot be run on these clips, or would give a number that means nothing."""


class ExportError(GtzanfeatError, ValueError):
    """A table cannot be written where, or as what, was asked."""


class ModelError(GtzanfeatError, ValueError):
    """A trained model cannot be saved, or a file cannot be loaded as one."""


class ParameterError(GtzanfeatError, ValueError):
    """A parameter of a feature or a summary has a value that it cannot have, or is not taken at all."""


class UnknownNameError(GtzanfeatError, ValueError):
    """A name that is in no registry.

    Parameters
    ----------
    kind : str
        What was named ("feature set").
    given : object
        The name given.
    known : iterable of str
        All names there are.

    Examples
    --------
    >>> print(UnknownNameError("feature set", "classic3", ["classic30", "timbre19"]))
    unknown feature set 'classic3'. Known: classic30, timbre19. Did you mean 'classic30'?
    """

    def __init__(self, kind: str, given: object, known: Iterable[str]) -> None:
        names = list(known)
        message = f"unknown {kind} {given!r}. Known: {', '.join(names)}."
        close = difflib.get_close_matches(str(given), names, n=1)
        if close:
            message += f" Did you mean {close[0]!r}?"
        super().__init__(message)
        self._given = kind, given, names

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process."""
        return type(self), self._given
