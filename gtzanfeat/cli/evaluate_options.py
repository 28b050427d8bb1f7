"""The options of ``gtzanfeat evaluate`` as one value, for the functions that act on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NO_SET = "none"  # in the place of a feature set: only joined columns


@dataclass(frozen=True)
class EvaluateOptions:
    """The options of the command, by their names.

    The fields are the parameters of click's callback.
    """

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
    by: str | None
    naive: bool
    permutations: int | None
    near_duplicates: bool
    strict: bool
    degrade: tuple[str, ...]
    seed: int
    save: Path | None
    report: Path | None
    links: bool
    as_json: bool
    layout: str | None
    on_error: Literal["skip", "raise"]
    memory: Path | None
    gpu: bool
    jobs: int
    overwrite: bool
    quiet: bool

    @property
    def without_set(self) -> bool:
        """Whether the joined columns are the only features."""
        return self.set_name == NO_SET
