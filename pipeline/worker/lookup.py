"""Which documents may already be stored: a filter in memory in front of the scan.

A Bloom filter over document keys. A stale bit costs a scan, a missing bit would lose
a correction, so bits are set before the commit that stores the document (design.md 6).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BITS_PER_KEY = 16  # at the least; 10 million documents are 32 MB
HASHES = 8
BITS_MIN = 1 << 23
CHUNK = 1 << 16


class DocumentFilter:
    """``may_hold`` is true for every key ever added, and for about 1 in 50,000 others (1 in 2,000 when full)."""

    def __init__(self, keys: npt.NDArray[np.int64] | None = None, *, count: int = 0) -> None:
        """With ``keys``, and room for ``count`` that will be added."""
        self._count = 0
        held = count if keys is None else len(keys)
        self._allocate(max(BITS_MIN, held * BITS_PER_KEY * 3 // 2))
        if keys is not None:
            self._add(keys)

    @property
    def full(self) -> bool:
        """Whether it should be rebuilt larger from the stored documents."""
        return self._count * BITS_PER_KEY > self._size

    def may_hold(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """One flag per key."""
        held = np.ones(len(keys), np.bool_)
        for index in self._indexes(keys):
            held &= (self._bits[index >> 3] >> (index & 7).astype(np.uint8)) & 1 == 1
        return held

    def add(self, keys: npt.NDArray[np.int64]) -> None:
        """Remember these keys; call before the commit that stores them."""
        self._add(keys)

    def _allocate(self, bits: int) -> None:
        self._size = 1 << (int(bits) - 1).bit_length()
        self._bits = np.zeros(self._size >> 3, np.uint8)

    def _add(self, keys: npt.NDArray[np.int64]) -> None:
        for start in range(0, len(keys), CHUNK):  # the places of millions of keys at once would take gigabytes
            for index in self._indexes(keys[start : start + CHUNK]):
                np.bitwise_or.at(self._bits, index >> 3, np.left_shift(1, index & 7).astype(np.uint8))
        self._count += len(keys)

    def _indexes(self, keys: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        unsigned = keys.astype(np.uint64)
        step = ((unsigned >> np.uint64(32)) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(
            1
        )  # of the half the mask cuts off
        mask = np.uint64(self._size - 1)
        return [((unsigned + np.uint64(i) * step) >> np.uint64(7) & mask).astype(np.int64) for i in range(HASHES)]
