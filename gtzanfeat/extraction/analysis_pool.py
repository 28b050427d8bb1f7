"""Analyses that no clip is passing through, kept for the next: to build one takes as long as a short clip.

Each is used by one thread at a time. All that are kept are of one kind, and between extractions there is one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from gtzanfeat.declarations import Request
from gtzanfeat.extraction.analysis import Analysis

# by rate and keys of their requests; lists are taken from and added to in one step each, without a lock
_idle: dict[tuple[Any, ...], list[Analysis]] = {}


@contextlib.contextmanager
def idle_analysis(requests: Sequence[Request], rate: int) -> Iterator[Analysis]:
    """Give an analysis for one clip, which nobody else has.

    Parameters
    ----------
    requests : sequence of Request
        What it computes.
    rate : int
        Sample rate in Hz.

    Yields
    ------
    Analysis
        To which nothing has been pushed.
    """
    kind = (rate, *(request.key for request in requests))
    try:
        analysis = _idle[kind].pop()
    except (KeyError, IndexError):
        analysis = Analysis(requests, rate)
    yield analysis
    analysis.reset()  # which lets go of the clip; one whose clip has failed is not used again
    if kind not in _idle:
        _idle.clear()
    _idle.setdefault(kind, []).append(analysis)


def keep_one() -> None:
    """Let go of all analyses but one, when the workers that used them have ended."""
    for analyses in list(_idle.values()):
        del analyses[1:]
