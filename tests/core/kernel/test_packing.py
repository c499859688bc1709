"""Rows to bytes and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.kernel.packing import pack, unpack

PREFIX = 7
WORDS = st.one_of(st.just(0), st.integers(0, 255), st.integers(-(2**63), 2**63 - 1), st.just(-(2**63)))
ROWS = st.integers(1, 12).flatmap(lambda width: st.lists(st.lists(WORDS, min_size=width, max_size=width), max_size=5))


@given(ROWS)
def test_what_is_packed_unpacks(rows: list[list[int]]) -> None:
    if rows:
        table = np.array(rows, np.int64)
        assert unpack(pack(table, np.arange(len(rows)), table.shape[1], PREFIX), table.shape[1]).tolist() == rows


@pytest.mark.parametrize(
    ("words", "packed"),
    [
        ([0, 0, 0], "0002"),
        ([1], "0101"),
        ([0x0300_0000_0000_0002, 0], "8102030000"),
        ([-1, -1, 5], "ffffffffffffffffff01ffffffffffffffff0105"),
    ],
)
def test_the_bytes_are_the_prefix_and_those_of_cap_n_proto(words: list[int], packed: str) -> None:
    assert pack(np.array([words]), np.array([0]), len(words), prefix=0x2A)[0].hex() == "2a" + packed


def test_long_runs_of_zeros_are_split() -> None:
    table = np.zeros((1, 1_000), np.int64)
    table[0, 999] = 7
    (packed,) = pack(table, np.array([0]), 1_000, PREFIX)
    assert len(packed) == 1 + 2 * 4 + 2
    assert unpack([packed], 1_000).tolist() == table.tolist()


@given(ROWS, st.data())
def test_bytes_that_are_no_row_are_refused_by_number(rows: list[list[int]], data: st.DataObject) -> None:
    if rows:
        table = np.array(rows, np.int64)
        good = pack(table, np.arange(len(rows)), table.shape[1], PREFIX)
        last = good[-1]
        broken = data.draw(st.sampled_from([last[:-1], last + b"\x00", last[:1], b""]))
        with pytest.raises(ValueError, match=f"row {len(rows) - 1} "):
            unpack([*good[:-1], broken], table.shape[1])


@given(st.lists(st.binary(max_size=30), max_size=4), st.integers(1, 9))
def test_any_bytes_unpack_or_are_refused(packed: list[bytes], words: int) -> None:
    try:
        rows = unpack(packed, words)
    except ValueError:
        return
    assert rows.shape == (len(packed), words)
