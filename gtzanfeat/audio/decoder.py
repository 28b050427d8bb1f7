"""Files become blocks of mono samples at their own rate, through libsndfile.

A file is read block by block, so that a recording of hours needs no more memory than one of seconds. What
libsndfile cannot know of a file's length, `containers` finds out before.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile

from gtzanfeat.audio.c_messages import held_back
from gtzanfeat.audio.clip import RATES, Clip, check_finite, is_path, window
from gtzanfeat.audio.containers import Layout, Part, flac_streams, layout
from gtzanfeat.audio.file_bytes import FileBytes, Spliced, Watched
from gtzanfeat.audio.levels import LARGEST_OF_8_BITS, Levels
from gtzanfeat.audio.refusals import AGAIN, CONVERT, foreign, plain_words, unopened
from gtzanfeat.audio.remote_files import ANEW, file_name, is_url, lost_its_slash, open_url, plain
from gtzanfeat.errors import ClipError, MissingClipError

# names that are taken for a promise: .raw by soundfile, the others by libsndfile where there is no header, so
# that a text with the name a.au would be sound
_HEADERLESS = (".raw", ".au", ".snd", ".vox", ".vox6", ".vox8", ".gsm")

# An MPEG frame may take up to 511 bytes from the frames before it, of which the smallest hold 11 each; so
# many are decoded before a window, and thrown away.
_MPEG_LEAD = 48 * 1152

_KNOWN = 1 << 60  # more sample frames are libsndfile's word for a length that is not known


class _Onward(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read from its beginning, or from where it was sought, to its end.

    soundfile seeks after each read. In an MP3 that loses what frames keep for those that follow, and of a
    FLAC of unknown length it fails; it does not for a file that says it cannot be sought in. What libmpg123
    prints of damaged frames is held back.
    """

    def __init__(self, source: Any) -> None:
        with held_back():
            super().__init__(source)
        self._is_mpeg = self.format == "MP3"

    def seekable(self) -> bool:
        """Say no."""
        return False

    def seek(self, frames: int, whence: int = os.SEEK_SET) -> int:
        """Go to a sample frame."""
        with held_back() if self._is_mpeg else contextlib.nullcontext():
            place: int = super().seek(frames, whence)
            return place

    def buffer_read_into(self, buffer: Any, dtype: str) -> int:
        """Read into a buffer, and say how many sample frames there were."""
        with held_back() if self._is_mpeg else contextlib.nullcontext():
            n_read: int = super().buffer_read_into(buffer, dtype)
            return n_read


class Decoder:
    """One file, open for being read once.

    Parameters
    ----------
    clip : Clip
        A file, and the window of it.

    Attributes
    ----------
    rate : int
        Its sample rate in Hz.
    n_channels : int
        How many channels it has.
    format : str
        Container and coding, as libsndfile names them: "WAV PCM_16".
    truncated : bool
        Whether it ended before the window did, and before its own structure or header says. Known when all
        blocks have been read.
    levels : Levels
        Of what was read so far.

    Raises
    ------
    MissingClipError
        If there is no such file.
    ClipError
        If it cannot be opened or is no sound.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._own = is_path(clip.source)
        self._remote = is_url(clip.source)
        self._file = Watched(_opened(clip) if self._own else _binary(clip))
        self.truncated = False
        self.levels = Levels()
        self._look_behind = False  # whether another FLAC stream may follow
        try:
            self._layout = self._look_through()
            self._first = self._open(self._layout.parts[0])
            self._is_flac = self._first.format == "FLAC"
            self.rate: int = self._first.samplerate
            self.n_channels: int = self._first.channels
            self.format = f"{self._first.format} {self._first.subtype}"
            if not RATES[0] <= self.rate <= RATES[1]:
                self._first.close()
                raise ClipError(clip, f"a sample rate of {self.rate} Hz makes no sense", CONVERT)
        except BaseException:
            self._close()
            raise

    def declared_length(self) -> int | None:
        """Close the file; give its length in sample frames as header or structure say, if they do."""
        total = 0
        try:
            for number, part in enumerate(self._layout.parts):
                with self._open(part) if number else self._first as file:
                    total += file.frames if part.n_frames is None else part.n_frames
        finally:
            self._close()
        return total if total < _KNOWN else None

    def blocks(self, step: int) -> Iterator[np.ndarray]:
        """Yield the window in blocks of at most `step` samples, mono float32.

        Raises
        ------
        ClipError
            If decoding fails, or the samples are NaN or infinite.
        """
        start, left = window(self._clip, self.rate)
        parts = list(self._layout.parts)
        if self._is_flac and start and len(found := self._flac_parts()) > 1:
            # a seek that sees the second stream may end anywhere
            parts = found
            self._first.close()
            self._first = self._open(parts[0])
        n_before = 0  # samples of the parts that are done
        try:
            for number, part in enumerate(parts):
                file = self._open(part) if number else self._first
                if file.samplerate != self.rate:
                    file.close()
                    reason = f"its parts have different sample rates, {self.rate} and {file.samplerate} Hz"
                    raise ClipError(self._clip, reason, CONVERT)
                with file:
                    length = file.frames if part.n_frames is None else part.n_frames
                    if number + 1 < len(parts) and n_before + length <= start:
                        n_before += length
                        continue
                    first = max(0, start - n_before)
                    n_before += first
                    for block in self._part(file, part, first, left, step):
                        left -= block.size
                        n_before += block.size
                        yield block
                if left <= 0:
                    return
                if self._look_behind:
                    parts += self._flac_parts()[1:]
                    self._look_behind = False
            self.truncated = self.truncated or self._layout.shortened
        finally:
            self._close()

    def _close(self) -> None:
        if self._own:
            self._file.close()

    def _flac_parts(self) -> list[Part]:
        """Give the streams of a FLAC file, which are looked for only where there may be more than one."""
        return list(flac_streams(FileBytes(self._file)))

    def _look_through(self) -> Layout:
        try:
            data = FileBytes(self._file)
            found = layout(data, file_name(str(self._clip)).suffix)
        except (OSError, ValueError) as error:  # ValueError: an open file that has been closed
            raise self._unread(error) from error
        if not data.size:
            raise ClipError(self._clip, "the file is empty", AGAIN)
        if found.no_sound:
            what, remedy = foreign(data) or ("", AGAIN)
            raise ClipError(self._clip, found.no_sound + (f" ({what})" if what else ""), remedy)
        return found

    def _open(self, part: Part) -> Any:
        local = self._own and not self._remote
        source: Any = os.fspath(self._clip.source) if local else self._file  # type: ignore[arg-type]
        if local and self._is_taken_for_its_name(source):
            source = self._file
        if part.pieces:
            source = Spliced(self._file, part.pieces)
        elif source is self._file:
            source = Spliced(self._file, ((0, FileBytes(self._file).size),))
        try:
            file = _Onward(source)
            self._refuse_broken()
            return file
        except (OSError, soundfile.SoundFileError) as error:
            self._refuse_broken()
            code = getattr(error, "code", 0)
            raise ClipError(self._clip, *unopened(FileBytes(self._file), code, _why(error))) from error

    def _is_taken_for_its_name(self, path: str) -> bool:
        """Whether its content would not count if libsndfile knew its name."""
        headed = FileBytes(self._file).at(0, 4) in (b".snd", b"dns.")
        return not headed and os.path.splitext(path)[1].lower() in _HEADERLESS

    def _part(self, file: Any, part: Part, start: int, left: float, step: int) -> Iterator[np.ndarray]:
        """Read one part from sample `start` on."""
        # 8- and 16-bit PCM decode several times faster as int16, and exactly
        narrow = file.subtype in ("PCM_16", "PCM_S8", "PCM_U8")
        dtype, scale = ("int16", 1 / 32768) if narrow else ("float32", 1.0)
        if file.subtype in ("PCM_S8", "PCM_U8"):
            self.levels.largest = LARGEST_OF_8_BITS
        buffer = np.empty((step, file.channels), dtype=dtype)
        n_read = before = 0
        try:
            for n in _skip(file, buffer, start + part.lead):
                n_read += n
            self._refuse_broken()
            while left > 0:
                # not `read`, which would trust the header's number of frames
                wanted = int(min(left, step))
                n = file.buffer_read_into(buffer[:wanted], dtype)
                self._refuse_broken()
                if n == 0:
                    # a longer read would have failed at the stream that follows, if there is one
                    self._look_behind = self._is_flac and not part.pieces and not start and before == step
                    return
                before = n
                left -= n
                n_read += n
                block = self.levels.mix(buffer[:n], scale)
                if not narrow:
                    self.levels.add_samples(check_finite(self._clip, block), n)
                yield block
        except soundfile.SoundFileError as error:
            self._refuse_broken()
            if not self._is_flac:
                raise self._failed(n_read, file.samplerate, error) from error
            if not part.pieces:
                part = self._flac_parts()[0]
                self._look_behind = True
            yield from self._damaged_flac(part, max(start, n_read), left, step)

    def _damaged_flac(self, part: Part, start: int, left: float, step: int) -> Iterator[np.ndarray]:
        """Read a FLAC once more, as far as it goes.

        A read that fails does not say how many samples there were before; so the buffer is filled with NaN,
        which no FLAC holds.
        """
        spliced = Spliced(self._file, part.pieces)
        with _Onward(spliced) as file:
            buffer = np.empty((step, file.channels), dtype=np.float32)
            n_read, stop = 0, start + left
            while n_read < stop:
                buffer.fill(np.nan)
                failure = None
                try:
                    n = file.buffer_read_into(buffer[: int(min(stop - n_read, step))], "float32")
                except soundfile.SoundFileError as error:
                    failure = error
                    n = int(np.count_nonzero(~np.isnan(buffer[:, -1])))
                self._refuse_broken()
                if n_read + n > start:
                    yield self.levels.mix(buffer[max(0, start - n_read) : n], 1.0)
                n_read += n
                if failure is not None and n_read < file.frames:
                    if not spliced.exhausted:  # it is not the end that is missing
                        raise self._failed(n_read, file.samplerate, failure) from failure
                    self.truncated = True
                if failure is not None or n == 0:
                    return

    def _refuse_broken(self) -> None:
        """Raise what kept the file from being read while C code was asking for it."""
        if self._file.failure is not None:
            raise self._unread(self._file.failure) from self._file.failure

    def _unread(self, error: Exception) -> ClipError:
        remedy = ANEW if self._remote else AGAIN
        return ClipError(self._clip, f"it cannot be read ({plain(error)})", remedy)

    def _failed(self, n_read: int, rate: int, error: Exception) -> ClipError:
        reason = f"decoding failed after {n_read / rate:.1f} s ({plain_words(_why(error))})"
        return ClipError(self._clip, reason, AGAIN)


def _why(error: Exception) -> str:
    return str(getattr(error, "error_string", error))


def _opened(clip: Clip) -> BinaryIO:
    """Open the file of a path or URL, or say why not."""
    if is_url(clip.source):
        return open_url(str(clip))
    path = Path(str(clip))
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size:
            return path.open("rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            reason = f"it is a link to {os.readlink(path)}, which is not there"
            raise MissingClipError(path, reason, "restore that file, or leave this one out") from error
        remedy = (
            "give a URL as a str, pathlib takes a slash out of it"
            if lost_its_slash(path)
            else "check the path"
        )
        raise MissingClipError(path, "there is no such file", remedy) from error
    except (OSError, ValueError) as error:  # not ours to read; a name too long or with a zero in it
        why = getattr(error, "strerror", None) or str(error)
        raise ClipError(path, f"it cannot be opened ({why})", "check the path and its permissions") from error
    if stat.S_ISDIR(status.st_mode):
        raise ClipError(path, "it is a folder", "give a file, or load the folder with load_dataset")
    if not stat.S_ISREG(status.st_mode):
        raise ClipError(path, "it is not a regular file", "save the sound to a file first")
    raise ClipError(path, "the file is empty", AGAIN)


def _binary(clip: Clip) -> BinaryIO:
    """Give an open file that holds bytes."""
    file: Any = clip.source
    try:
        file.seek(0)
        nothing = file.read(0)
        n_bytes = file.seek(0, os.SEEK_END)
    except (OSError, ValueError) as error:
        raise ClipError(
            clip, f"it cannot be read ({error})", "give a file that is open and has a beginning"
        ) from error
    if not isinstance(nothing, bytes):
        raise ClipError(clip, "it is open as text", 'open it in mode "rb"')
    if not n_bytes:
        raise ClipError(clip, "the file is empty", AGAIN)
    opened: BinaryIO = file
    return opened


def _skip(file: Any, buffer: np.ndarray, start: int) -> Iterator[int]:
    """Go to sample `start`; yield how many samples were skipped at each step."""
    if not start:
        return
    lead = _MPEG_LEAD if file.format == "MP3" else 0
    near = max(0, min(start, file.frames) - lead)
    if file.frames > _KNOWN:
        near = 0
    if near:
        file.seek(near)
        yield near
    left = start - near
    while left > 0:
        n = file.buffer_read_into(buffer[: min(left, len(buffer))], str(buffer.dtype))
        if n == 0:
            return
        left -= n
        yield n
