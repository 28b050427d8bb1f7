"""What folders mean, by their names: parts of a split, or numbers.

Nothing is read here, and nothing is known of any particular dataset.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from gtzanfeat.datasets.audio_files import and_more
from gtzanfeat.datasets.table_columns import PARTS

NAMED = 3  # folders named in a sentence


def split_parts(files: Sequence[PurePosixPath]) -> tuple[dict[str, str], int]:
    """Say which folders are parts of a split, and how deep they lie; none, if they are all classes."""
    within: dict[str, set[str]] = defaultdict(set)
    for file in files:
        if len(file.parts) > 1:
            within[file.parts[0]].add(file.parts[1] if len(file.parts) > 2 else "")
    known = set(PARTS.values())
    named = {name: _part(name) for name in within}
    if named and (known >= set(named.values()) or {"train", "test"} <= set(named.values())):
        return named, 0
    inner = {name: _part(name) for names in within.values() for name in names}
    if len(inner) > 1 and known >= set(inner.values()):
        return inner, 1
    same = len(within) > 1 and all(names == inner.keys() for names in within.values())
    return (named, 0) if same and len(inner) > 1 and "" not in inner and not only_numbered(inner) else ({}, 0)


def _part(name: str) -> str:
    """Name the part of a split that a folder is called after; else its own name."""
    return PARTS.get(re.sub(r"[ _-]?(set|data)$", "", name.lower()), name)


def without_part(file: PurePosixPath, depth: int) -> PurePosixPath:
    """Leave the folder at a depth out of a path, unless the file itself lies there."""
    if len(file.parts) < depth + 2:
        return file
    return PurePosixPath(*file.parts[:depth], *file.parts[depth + 1 :])


def only_numbered(names: Iterable[str]) -> bool:
    """Say whether names differ in nothing but a number at the end, which may be hexadecimal."""
    names = [name.lower() for name in names]
    if len(names) < 2:
        return False
    if all(re.fullmatch("[0-9a-f]{1,2}", name) for name in names) and any(map(str.isdigit, names)):
        return True
    return (
        all(name[-1:].isdigit() for name in names) and len({name.rstrip("0123456789") for name in names}) == 1
    )


def said_of_parts(parts: Mapping[str, str], depth: int, classes: Sequence[str]) -> list[str]:
    """Return the note on folders that are taken for parts of a split, if there are any."""
    if not parts:
        return []
    named = f"the folders {and_more(sorted(parts), NAMED)}"
    if depth:
        return [f"{named} in each class are taken for parts of a split"]
    rest = "the folders in them for classes" if classes else "and classes are unknown"
    return [f"{named} are taken for parts of a split, {rest}"]
