"""Document keys and the filter in front of the scan."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.worker.keys import digest
from pipeline.worker.lookup import DocumentFilter

texts = st.lists(st.text(max_size=40), min_size=1, max_size=50)


@given(texts)
def test_a_key_depends_on_the_text_alone(values: list[str]) -> None:
    column = pa.array(values, pa.string())
    whole = digest(column)
    alone = [int(digest(pa.array([value], pa.string()))[0]) for value in values]
    assert whole.tolist() == alone
    assert digest(column.dictionary_encode()).tolist() == alone
    assert digest(pa.chunked_array([column[:1], column[1:]])).tolist() == alone
    assert (whole >= 0).all()


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), min_size=2, max_size=60, unique=True))
def test_different_pairs_get_different_keys(pairs: list[tuple[str, str]]) -> None:
    keys = digest(pa.array([a for a, _ in pairs]), pa.array([b for _, b in pairs]))
    assert len(set(keys.tolist())) == len(pairs)


def test_a_million_documents_do_not_meet() -> None:
    names = pa.array([f"w{i // 20}-s{i % 20}" for i in range(1_000_000)])
    assert len(np.unique(digest(names))) == 1_000_000


def test_keys_are_part_of_the_file_format_and_stay() -> None:
    """A changed digest would not find stored documents: it needs a rebuild of every shard."""
    assert digest(pa.array(["gymlog"]), pa.array(["w1-s3"])).tolist() == [GOLDEN]


GOLDEN = 7990668117055294746


@given(st.lists(st.integers(0, 2**63 - 1), max_size=300), st.lists(st.integers(0, 2**63 - 1), max_size=50))
def test_the_filter_never_misses_a_key(first: list[int], later: list[int]) -> None:
    held = DocumentFilter(np.array(first, np.int64))
    held.add(np.array(later, np.int64))
    assert held.may_hold(np.array(first + later, np.int64)).all()


def test_the_filter_says_no_to_nearly_all_others_and_when_it_is_full() -> None:
    random = np.random.default_rng(1)
    keys = random.integers(0, 2**63 - 1, 500_000)
    held = DocumentFilter(keys[:300_000])  # 28 bits each
    assert held.may_hold(keys[300_000:]).sum() <= 20  # expected are 3
    assert not held.full
    held.add(random.integers(0, 2**63 - 1, 224_000))  # 16 bits each
    assert not held.full
    assert held.may_hold(keys[300_000:]).sum() <= 200  # expected are 115
    held.add(random.integers(0, 2**63 - 1, 1_000))
    assert held.full
