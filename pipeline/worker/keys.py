"""64-bit digests of source and document, computed on whole columns.

A multilinear hash with fixed random multipliers per byte position, finished with a bit mixer
(Thorup 2015, "High speed hashing for integers and strings"). Keys are always compared together
with the athlete, so two documents only meet if one athlete has both: for a million documents of
one athlete the chance of any meeting is about 1e-7. The digest is part of the shard's contents,
never of the contract: changing it means a rebuild.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64s = npt.NDArray[np.int64]
UInt64s = npt.NDArray[np.uint64]

_SEED = 0x5707_7E12
_POSITIONS = 4096  # multipliers repeat beyond this many bytes, with the block number mixed in
_MULTIPLIERS: UInt64s = np.random.default_rng(_SEED).integers(1, 2**63, size=_POSITIONS, dtype=np.uint64) | np.uint64(1)
_MANY, _SAMPLE = 2048, 512  # columns of at least this many rows are looked at for repeated strings
_LENGTH = np.uint64(0x9E37_79B9_7F4A_7C15)


def digest(*columns: pa.Array | pa.ChunkedArray) -> Int64s:
    """One key per row from string columns of equal length; null counts as the empty string. Non-negative."""
    total: UInt64s | None = None
    for column in columns:
        part = _hash_strings(column)
        total = part if total is None else _mix(total * np.uint64(31) + part)
    if total is None:
        raise ValueError("a digest needs at least one column")
    return (_mix(total) >> np.uint64(1)).astype(np.int64)


def _hash_strings(column: pa.Array | pa.ChunkedArray) -> UInt64s:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.string())
    if pa.types.is_dictionary(array.type):
        hashed = _hash_strings(array.dictionary)
        indices = pc.fill_null(array.indices, 0).to_numpy(zero_copy_only=False)
        out: UInt64s = hashed[indices] if len(hashed) else np.zeros(len(array), np.uint64)
        if array.null_count:
            out[array.is_null().to_numpy(zero_copy_only=False)] = 0  # what the empty string gives
        return out
    if len(array) >= _MANY:  # few different strings are hashed once each: sources, sessions
        head = array.slice(0, _SAMPLE)
        if len(pc.unique(head)) * 4 < len(head):
            return _hash_strings(array.dictionary_encode())
    array = pc.fill_null(array.cast(pa.large_string()), "")
    count = len(array)
    if count == 0:
        return np.zeros(0, np.uint64)
    _, offsets_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64, count=count + 1, offset=array.offset * 8)
    first, last = int(offsets[0]), int(offsets[-1])
    starts = offsets[:-1] - first
    lengths = np.diff(offsets)
    if last == first:
        return _mix(lengths.astype(np.uint64) * _LENGTH)
    data = np.frombuffer(data_buffer, np.uint8, count=last - first, offset=first)
    position = np.arange(last - first, dtype=np.int64) - np.repeat(starts, lengths)
    if int(lengths.max()) <= _POSITIONS:
        multiplier = _MULTIPLIERS[position]
    else:
        block = (position // _POSITIONS).astype(np.uint64)
        multiplier = _MULTIPLIERS[position % _POSITIONS] + block * np.uint64(2)
    products = (data.astype(np.uint64) + np.uint64(1)) * multiplier
    sums = np.zeros(count, np.uint64)
    filled = lengths > 0
    sums[filled] = np.add.reduceat(products, starts[filled])
    return _mix(sums + lengths.astype(np.uint64) * _LENGTH)


def _mix(values: UInt64s) -> UInt64s:
    """The finaliser of MurmurHash3: every input bit moves every output bit."""
    mixed = values ^ (values >> np.uint64(33))
    mixed = mixed * np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed = mixed * np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(33)
    return mixed
