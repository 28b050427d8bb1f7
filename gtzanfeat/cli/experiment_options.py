"""The options that ``evaluate`` and ``train`` share as one value, for the functions that act on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NO_SET = "none"  # in the place of a feature set: only joined columns


@dataclass(frozen=True, kw_only=True)
class ExperimentOptions:
    """The options that describe an experiment, by their names."""

    dataset: Path
    set_name: str | None
    join: Path | None
    drop: tuple[str, ...]
    classifier: str | None
    target: str
    classes: tuple[str, ...] | None
    drop_lone: bool
    protocol: str
    cv: int | None
    repeats: int | None
    balanced: bool
    search: tuple[str, ...]
    search_kind: str
    inner_cv: int
    segments: float | None
    near_duplicates: bool = False
    strict: bool = False
    seed: int
    as_json: bool
    layout: str | None
    on_error: Literal["skip", "raise"]
    memory: Path | None
    jobs: int
    overwrite: bool
    quiet: bool

    @property
    def without_set(self) -> bool:
        """Whether the joined columns are the only features."""
        return self.set_name == NO_SET
