"""The options of ``gtzanfeat evaluate`` as one value, for the functions that act on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gtzanfeat.cli.experiment_options import ExperimentOptions


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(ExperimentOptions):
    """The options of the command, by their names.

    The fields are the parameters of click's callback.
    """

    by: str | None
    naive: bool
    permutations: int | None
    degrade: tuple[str, ...]
    save: Path | None
    report: Path | None
    links: bool
