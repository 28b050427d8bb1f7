"""The file of a model: a zip of few known members, with their sizes and checksums in a manifest.

Checksums find damage and carelessness. They are no signature: who can change a member can change its checksum
as well, and so nothing in a file is executed (see `allowed_types`).
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gtzanfeat.errors import ExportError, ModelError
from gtzanfeat.export.formats import put_in_place
from gtzanfeat.export.tables import check_place

FORMAT = "gtzanfeat model"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
PIPELINE, CARD, PROBE, SOUND = "pipeline.skops", "card.md", "probe.json", "probe.pcm"
MEMBERS = (PIPELINE, CARD, PROBE, SOUND)
LARGEST_MANIFEST = 64 << 20  # bytes
UNPACKED = 200  # times its size on disk that a file may be in memory; models are 2 to 20 times
_TIME = (1980, 1, 1, 0, 0, 0)  # of all members, so that the same model is the same bytes

# first bytes -> what such a file is; all but the last are, or may hold, pickles
_FOREIGN = {
    b"\x80": "a pickle or joblib file, which could run any program when it is opened",
    b"x": "a compressed joblib file, which could run any program when it is opened",
    b"\x1f\x8b": "a gzip file, as joblib writes pickles, which could run any program when they are opened",
    b"BZ": "a bzip2 file, as joblib writes pickles, which could run any program when they are opened",
    b"\xfd7z": "an xz file, as joblib writes pickles, which could run any program when they are opened",
    b"]\x00": "an lzma file, as joblib writes pickles, which could run any program when they are opened",
    b"c": "a pickle, or no model at all",
    b"(": "a pickle, or no model at all",
    b"RIFF": "a WAV file",
}
_REMEDY = "save the pipeline with gtzanfeat.save_model, or train with `gtzanfeat train`"


def write_archive(
    path: Path, record: Mapping[str, Any], members: Mapping[str, bytes], overwrite: bool
) -> None:
    """Write the file of a model, all of it or nothing.

    Parameters
    ----------
    path : Path
        The file.
    record : mapping
        What the manifest says of the model, in plain values.
    members : mapping of str to bytes
        The content of each of `MEMBERS`.
    overwrite : bool
        Whether a file that is there is replaced.

    Raises
    ------
    ModelError
        If it cannot be written, or is there already.
    """
    try:
        check_place(path, overwrite)
    except ExportError as error:
        raise ModelError(str(error)) from error
    listed = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
    }
    manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, "members": listed, "record": dict(record)}
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with put_in_place(path) as part, open(part, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in ((MANIFEST, text.encode()), *members.items()):
                    archive.writestr(zipfile.ZipInfo(name, _TIME), data, zipfile.ZIP_DEFLATED)
                archive.comment = hashlib.sha256(text.encode()).hexdigest().encode()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror or error})") from error


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read the file of a model, and check that it is one, whole, and of a version that is known.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    record : dict
        What its manifest says of the model.
    members : dict of str to bytes
        The content of each of `MEMBERS`; nothing was built from it.

    Raises
    ------
    ModelError
        If there is no such file, it is something else, damaged, or of another version.
    """
    _refuse_foreign(path)
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if MANIFEST not in sizes:
                inside = "a bare skops file" if "schema.json" in sizes else "a zip without manifest.json"
                raise ModelError(f"{path}: it is {inside}, and no model of gtzanfeat; {_REMEDY}")
            if sizes[MANIFEST] > LARGEST_MANIFEST or sum(sizes.values()) > UNPACKED * path.stat().st_size:
                raise ModelError(
                    f"{path}: it would unpack to {sum(sizes.values()):,} bytes, more than {UNPACKED} times "
                    "its size, as no model does; do not trust the file"
                )
            manifest = archive.read(MANIFEST)
            stated = _manifest(path, manifest)
            if len(archive.comment) != 64:
                raise _damaged(path, "its end is missing")
            if archive.comment != hashlib.sha256(manifest).hexdigest().encode():
                raise ModelError(f"{path}: its manifest was changed after it was written; get the file again")
            return stated["record"], _members(path, archive, sizes, stated["members"])
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise _damaged(path, str(error)) from error
    except Exception as error:  # zlib.error, and what else a decompressor makes of damaged bytes
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path}: it is truncated or damaged ({reason}); get the file again, or train anew")


def _refuse_foreign(path: Path) -> None:
    """Raise ModelError if the first bytes are not those of a zip; nothing else is read."""
    if not path.exists():
        raise ModelError(f"{path}: there is no such file; check the path")
    if path.is_dir():
        raise ModelError(f"{path}: it is a folder; give a model file, as `gtzanfeat train` writes")
    try:
        with open(path, "rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from error
    if start.startswith(b"PK\x03\x04"):
        return
    if not start:
        raise ModelError(f"{path}: it is empty; get the file again, or train anew")
    for begin, words in _FOREIGN.items():
        if start.startswith(begin):
            raise ModelError(f"{path}: it is {words}; it was not opened. {_REMEDY[0].upper()}{_REMEDY[1:]}")
    raise ModelError(f"{path}: it is no model of gtzanfeat; {_REMEDY}")


def _manifest(path: Path, data: bytes) -> dict[str, Any]:
    """Return the manifest, of a format that is known."""
    try:
        stated = json.loads(data)
        name, version = stated["format"], stated["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, "its manifest is no manifest") from error
    if name != FORMAT or not isinstance(version, int):
        raise ModelError(f"{path}: it is {name!r}, and no model of gtzanfeat; {_REMEDY}")
    if version != FORMAT_VERSION:
        newer = version > FORMAT_VERSION
        what = "a newer version of gtzanfeat; update gtzanfeat" if newer else "an old one; train it anew"
        raise ModelError(
            f"{path}: it has format {version}, and this version reads {FORMAT_VERSION}: it was written "
            f"by {what}"
        )
    if not isinstance(stated.get("record"), dict) or set(stated.get("members", ())) != set(MEMBERS):
        raise _damaged(path, "its manifest lacks something")
    checked: dict[str, Any] = stated
    return checked


def _members(
    path: Path, archive: zipfile.ZipFile, sizes: Mapping[str, int], listed: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the content of all members, each of the size and checksum that the manifest states."""
    beyond = sorted(set(sizes) - {MANIFEST, *MEMBERS})
    if beyond or len(archive.infolist()) != len(MEMBERS) + 1:
        raise ModelError(f"{path}: it holds {beyond[:1]}, which no model does; do not trust the file")
    members = {}
    for name in MEMBERS:
        if sizes.get(name) != listed[name]["bytes"]:
            raise ModelError(
                f"{path}: {name} has {sizes.get(name, 0):,} bytes, and the manifest says "
                f"{listed[name]['bytes']:,}; get the file again"
            )
        members[name] = archive.read(name)
        if hashlib.sha256(members[name]).hexdigest() != listed[name]["sha256"]:
            raise ModelError(f"{path}: {name} was changed after it was written; get the file again")
    return members
