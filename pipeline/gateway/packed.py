"""The content of a file, plain, in gzip or in an archive, unpacked as it is read and never beyond a limit."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from typing import BinaryIO

from pipeline.errors import RefusedError
from pipeline.sources import registry
from pipeline.sources.base import HEAD_BYTES

MEMBERS_MAX = 200  # XML files of an archive that are looked into
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class Content:
    """What a file holds. ``head`` are its first bytes, which ``read`` gives too."""

    def __init__(self, file: BinaryIO) -> None:
        start = file.read(len(_ZIP))
        self._start, self._file, self._packing = start, file, ""
        self._bytes, self._bytes_max = 0, 0
        if start.startswith(_GZIP):
            self._file, self._start, self._packing = _gzip(start, file), b"", "gzip file"
        elif start == _ZIP and (member := _member(file)) is not None:
            self._file, self._start, self._packing = member, b"", "zip archive"
        self.head = self._start = self._take(HEAD_BYTES)

    def limit(self, bytes_max: int) -> None:
        """From now on ``read`` raises RefusedError beyond this size."""
        self._bytes_max = bytes_max

    def read(self, size: int) -> bytes:
        """The next bytes, fewer than ``size`` only at the end; raises RefusedError."""
        data = self._take(size)
        self._bytes += len(data)
        if self._bytes_max and self._bytes > self._bytes_max:
            raise RefusedError(
                "the file is too large",
                f"it has more than {self._bytes_max >> 20} MiB unpacked",
                "export a shorter time, or split it by years",
            )
        return data

    def _take(self, size: int) -> bytes:
        start, self._start = self._start[:size], self._start[size:]
        if len(start) == size:
            return start
        try:
            return start + self._file.read(size - len(start))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            if not self._packing:
                raise
            raise RefusedError(
                f"the {self._packing} cannot be unpacked",
                f"it is cut off or damaged ({error})",
                "copy or download it again",
            ) from error


class _Joined:
    """A file whose first bytes were read already."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start, self._file = start, file

    def read(self, size: int = -1) -> bytes:
        """As of a file."""
        if not self._start:
            return self._file.read(size)
        start, self._start = (self._start, b"") if size < 0 else (self._start[:size], self._start[size:])
        return start + self._file.read(size) if size < 0 else start


def _gzip(start: bytes, file: BinaryIO) -> BinaryIO:
    return gzip.GzipFile(fileobj=_Joined(start, file))  # type: ignore[call-overload, no-any-return]


def _member(file: BinaryIO) -> BinaryIO | None:
    """The export in an archive that a phone makes: the one XML file in it that a decoder of streams reads."""
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:  # an open member goes on reading after it
            names = [one for one in archive.infolist() if one.filename.lower().endswith(".xml")]
            for one in names[:MEMBERS_MAX]:
                with archive.open(one) as member:
                    head = member.read(HEAD_BYTES)
                if registry.streamed(head):
                    return archive.open(one)  # type: ignore[return-value]
        file.seek(len(_ZIP))
    except (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise RefusedError(
            "the zip archive cannot be unpacked",
            f"it is cut off, damaged or locked ({error})",
            "copy or download it again, or unpack it and import the file inside",
        ) from error
    return None
