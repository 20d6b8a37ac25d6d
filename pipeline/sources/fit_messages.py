"""FIT files to messages: the chained files in one, each whole or with the reason why it cannot be read.

Values are the raw ones of the file (seconds since 1989-12-31, sixteenths of a kilogram, milliseconds), so that what
they mean is decided in one place. Bytes are read by fitdecode; the check sums at both ends of a file must fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import fitdecode

from pipeline.errors import RefusedError

SIGNATURE = b".FIT"
FIT_BYTES_MAX = 16 << 20  # four times a day of one-second records
_HEADER_BYTES = 12
_CRC_BYTES = 2
_READ = (
    "file_id",
    "activity",
    "session",
    "sport",
    "event",
    "record",
    "hrv",
    "monitoring",
    "monitoring_info",
    "monitoring_hr_data",
    "sleep_level",
    "hrv_status_summary",
    "hrv_value",
    "set",
    "exercise_title",
)


Message = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class FitFile:
    """One of the files chained in a file; ``broken`` says why it has no messages.

    ``others`` are the names of messages that nothing is read of.
    """

    messages: list[Message] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    broken: str | None = None


def is_fit(head: bytes) -> bool:
    """Whether a file begins as FIT."""
    return head[8:12] == SIGNATURE


def manufacturer_in(head: bytes) -> int | None:
    """Who made the device, as the profile numbers them, from the beginning of a file; None if it does not say."""
    try:
        with fitdecode.FitReader(
            head,
            processor=None,
            check_crc=fitdecode.CrcCheck.DISABLED,
            error_handling=fitdecode.ErrorHandling.IGNORE,
        ) as reader:
            for frame in reader:
                if isinstance(frame, fitdecode.FitDataMessage):
                    found = frame.get_raw_value("manufacturer", fallback=None) if frame.name == "file_id" else None
                    return found if isinstance(found, int) else None
    except Exception:  # a damaged beginning says nothing; reading the file will say what is wrong with it
        return None
    return None


def read_files(data: bytes) -> list[FitFile]:
    """The files chained in ``data``. Raises RefusedError if it is too large or the first of them is not whole."""
    if len(data) > FIT_BYTES_MAX:
        raise RefusedError(
            "the FIT file is too large",
            f"it has more than {FIT_BYTES_MAX >> 20} MiB, which is days of recording",
            "split it, or import the single recordings of the device",
        )
    found = [_messages(chunk) if chunk else FitFile(broken=_cut(index)) for index, chunk in enumerate(_chunks(data))]
    if found[0].broken is not None:
        raise RefusedError(
            "this FIT file is damaged", found[0].broken, "copy it from the device again, or export it again"
        )
    return found


def _chunks(data: bytes) -> Iterator[bytes]:
    """The bytes of each chained file; empty ones for a rest that is none, after which nothing is read."""
    at = 0
    while at < len(data):
        header, body = data[at], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + header + body + _CRC_BYTES
        whole = data[at + 8 : at + 12] == SIGNATURE and header >= _HEADER_BYTES and body and end <= len(data)
        yield data[at:end] if whole else b""
        if not whole:
            return
        at = end


def _cut(index: int) -> str:
    place = "it" if index == 0 else f"file {index + 1} of those chained in it"
    return f"{place} is cut off, or its recording was never closed: it is shorter than its header says"


def _messages(chunk: bytes) -> FitFile:
    found = FitFile()
    try:
        with fitdecode.FitReader(
            chunk, processor=None, check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.IGNORE
        ) as reader:
            for frame in reader:
                if not isinstance(frame, fitdecode.FitDataMessage):
                    continue
                if frame.name in _READ:
                    fields = {one.name: one.raw_value for one in frame.fields if one.raw_value is not None}
                    found.messages.append((frame.name, fields))
                else:
                    found.others.add(str(frame.name))
    except fitdecode.FitCRCError:
        return FitFile(broken="its check sum does not fit its content, so some of its bytes are wrong")
    except Exception as problem:  # whatever damaged bytes make the reader do
        return FitFile(broken=f"its bytes cannot be read as messages ({type(problem).__name__})")
    return found
