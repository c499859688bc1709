"""Putting in order what is too much to be held at once."""

import tracemalloc
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.admin.sorting import Entry, Sorter

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.lists(st.lists(st.tuples(NAMES, st.integers(0, 9)), max_size=8), max_size=8), st.integers(1, 12))
def test_all_come_out_in_order_and_each_once_whatever_they_are_called(pieces: list[list[Entry]], at_once: int) -> None:
    with Sorter(at_once) as sorter:
        for piece in pieces:
            sorter.add(piece)
        assert list(sorter.in_order()) == sorted({entry for piece in pieces for entry in piece})


def test_of_ten_times_as_many_hardly_more_is_held() -> None:
    def most_held(number: int) -> int:
        random = Random(1)
        tracemalloc.start()
        with Sorter(at_once=2_000) as sorter:
            for _ in range(number):
                sorter.add([(f"user-{random.getrandbits(64):020}", 0)])
            assert sum(1 for _ in sorter.in_order()) == number
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert most_held(40_000) < 3 * most_held(4_000)
