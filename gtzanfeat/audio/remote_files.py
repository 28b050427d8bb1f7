"""Files that are named by a URL, such as ``s3://bucket/a.wav``, opened by fsspec.

Which protocols there are is fsspec's business, and so are credentials, which it takes from the environment or
its configuration. Here its errors become those of this package. Nothing is decoded.
"""

from __future__ import annotations

import io
import re
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from gtzanfeat.errors import ClipError, MissingClipError

ANEW = "try again, or copy it to this machine first"
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*::)*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_WITHOUT_SLASH = re.compile(r"[a-z][a-z0-9+.-]+:/[^/]", re.IGNORECASE)  # what pathlib makes of a URL


def is_url(path: object) -> bool:
    """Return whether a path is a URL, perhaps of a file within another.

    Parameters
    ----------
    path : object
        Anything; a `pathlib` path is no URL, since pathlib takes one of the two slashes out of it.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_url("s3://bucket/a.wav"), is_url("zip://a.wav::s3://bucket/all.zip"), is_url("music/a.wav")
    (True, True, False)
    """
    return isinstance(path, str) and _URL.match(path) is not None


def lost_its_slash(path: object) -> bool:
    """Return whether a path looks as if pathlib had made it of a URL: ``s3:/bucket/a.wav``."""
    return _WITHOUT_SLASH.match(str(path)) is not None


def file_name(path: str) -> PurePosixPath:
    """Return the file that a path or URL names, without what it lies in or what is asked of a server.

    Examples
    --------
    >>> file_name("zip://rock/a.mp3::s3://bucket/all.zip").suffix
    '.mp3'
    >>> file_name("https://archive.org/a.flac?download=1").name
    'a.flac'
    """
    if not is_url(path):
        return PurePosixPath(path)
    url = next(part for part in path.split("::") if "://" in part)
    return PurePosixPath(url.partition("://")[2].partition("?")[0])


def beside(url: str, path: str) -> str:
    """Return the URL of a file whose path is relative to the folder of another.

    Examples
    --------
    >>> beside("s3://bucket/lists/rock.csv", "audio/a.wav")
    's3://bucket/lists/audio/a.wav'
    >>> beside("zip://all.csv::s3://bucket/all.zip", "a.wav")
    'zip://a.wav::s3://bucket/all.zip'
    """
    parts = url.split("::")
    place = next(i for i, part in enumerate(parts) if "://" in part)
    parts[place] = f"{parts[place].rpartition('/')[0]}/{path}"
    return "::".join(parts)


def open_url(url: str) -> BinaryIO:
    """Open a file in mode "rb".

    Parameters
    ----------
    url : str
        Its URL.

    Returns
    -------
    binary file
        It can be read from any place, and by one thread.

    Raises
    ------
    MissingClipError
        If there is no such file.
    ClipError
        If fsspec, or what it needs for the protocol, is not installed, the protocol is unknown, or the file
        may not be read or cannot be reached.
    """
    file: Any = _asked(url, lambda system, path: system.open(path, "rb"))
    if isinstance(file, io.BytesIO):  # memory:// gives one and the same file to all
        return io.BytesIO(file.getvalue())
    opened: BinaryIO = file
    return opened


def version_of(url: str) -> str:
    """Return what its store says of a file: size, checksum, time, whatever tells that it has changed.

    Parameters
    ----------
    url : str
        Its URL.

    Returns
    -------
    str

    Raises
    ------
    MissingClipError, ClipError
        As `open_url`.
    """
    return str(_asked(url, lambda system, path: sorted(system.info(path).items(), key=str)))


def _asked(url: str, question: Any) -> Any:
    """Ask the file system of a URL, and put what goes wrong into our words."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        reason = "files that are named by a URL are opened by fsspec, which is not installed"
        raise ClipError(url, reason, "run `pip install 'gtzanfeat[remote]'`") from error
    try:
        return question(*url_to_fs(url))
    except FileNotFoundError as error:
        raise MissingClipError(url, "there is no such file", "check the URL") from error
    except IsADirectoryError as error:
        raise ClipError(url, "it is a folder", "give a file") from error
    except ImportError as error:
        remedy = "install what it names, or copy the file to this machine"
        raise ClipError(url, f"it cannot be opened ({plain(error)})", remedy) from error
    except PermissionError as error:
        remedy = "check the credentials that fsspec is given"
        raise ClipError(url, f"it may not be read ({plain(error)})", remedy) from error
    except Exception as error:  # each store has errors of its own
        remedy = "check the URL, the credentials and the connection"
        raise ClipError(url, f"it cannot be opened ({plain(error)})", remedy) from error


def plain(error: BaseException) -> str:
    """Return what an error says, on one line; its kind, if it says nothing."""
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(said.split()).rstrip(".") or type(error).__name__
