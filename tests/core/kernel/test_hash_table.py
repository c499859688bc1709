"""The hash table itself: ids in, rows out, and nobody lost when a slot is emptied."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.arrays import Ints
from streams.core.kernel import hash_table
from streams.core.kernel.hash_table import FREE, LENGTH, LINE, ROW, START, TAG
from streams.core.profiles.index import encoded

SLOTS, ROWS = 16, 12


class Table(NamedTuple):
    """As `streams.core.profiles.index` has it."""

    slots: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    arena: npt.NDArray[np.uint8]

    def find(self, ids: list[str]) -> tuple[Ints, Ints]:
        """The tags and the rows of ids."""
        tags, rows = np.empty(len(ids), np.int64), np.empty(len(ids), np.int64)
        hash_table.find(*self, *encoded(ids), tags, rows)
        return tags, rows

    def put(self, ids: list[str], free: list[int], line: int = 0) -> tuple[list[int], int, int]:
        """Their rows, how many were new, and the next line."""
        found = self.find(ids)
        used, end = hash_table.put(*self, *encoded(ids), *found, np.array(free, np.int64), line)
        return found[1].tolist(), used, end


@pytest.fixture
def table() -> Table:
    return empty()


def empty() -> Table:
    return Table(
        np.full((SLOTS, 2), FREE, np.int32), np.full((ROWS, 2), FREE, np.int32), np.zeros((64, LINE), np.uint8)
    )


def test_who_is_not_there_has_no_row(table: Table) -> None:
    table.places[0] = 0, 0  # the look-up guesses at row 0 where a slot is free
    assert table.find(["ann", "", "bob"])[1].tolist() == [FREE] * 3


def test_each_new_id_gets_the_next_free_row_and_a_repeated_one_the_same(table: Table) -> None:
    assert table.put(["ann", "bob", "ann", "日本"], [5, 3, 7, 9]) == ([5, 3, 5, 7], 3, 3)
    assert table.find(["日本", "ann", "eve", "bob"])[1].tolist() == [7, 5, FREE, 3]


def test_ids_who_have_a_row_keep_it(table: Table) -> None:
    table.put(["ann"], [5])
    assert table.put(["bob", "ann"], [3, 7], line=1) == ([3, 5], 1, 2)


def test_the_bytes_of_an_id_begin_on_a_line_of_their_own(table: Table) -> None:
    assert table.put(["eight ch", "nine char", "x"], [0, 1, 2]) == ([0, 1, 2], 3, 4)
    assert table.places[:3].tolist() == [[0, 8], [1, 9], [3, 1]]
    kept = [table.arena.reshape(-1)[LINE * row[START] :][: row[LENGTH]].tobytes() for row in table.places[:3]]
    assert kept == [b"eight ch", b"nine char", b"x"]


@given(st.lists(st.text(max_size=12), unique=True, max_size=ROWS))
def test_every_id_is_found_again_whatever_its_hash(ids: list[str]) -> None:
    table = empty()
    rows = list(range(len(ids)))
    assert table.put(ids, rows)[:2] == (rows, len(ids))
    assert table.find(ids[::-1])[1].tolist() == rows[::-1]
    others = [other for each in ids if (other := f"{each}.") not in ids]
    assert set(table.find(others)[1].tolist()) <= {FREE}


def test_ids_of_one_tag_are_told_apart_by_their_bytes_and_their_length(table: Table) -> None:
    twins = ["user-34151", "user-436"]
    tags, _ = table.find(twins)
    assert tags[0] == tags[1], "not twins any more: look for two other ids"
    assert table.put(twins, [0, 1])[0] == [0, 1]
    assert table.find(twins)[1].tolist() == [0, 1]


def slots_with(tags: list[int]) -> npt.NDArray[np.int32]:
    slots = empty().slots
    hash_table.settle(slots, np.array(tags, np.int64), np.arange(len(tags)))
    return slots


def reachable(slots: npt.NDArray[np.int32], tag: int) -> list[int]:
    """The rows met from a tag's first slot on, up to one that is free."""
    found, slot = [], tag % SLOTS
    while slots[slot, ROW] != FREE:
        found += [int(slots[slot, ROW])] if slots[slot, TAG] == tag else []
        slot = (slot + 1) % SLOTS
    return found


tags = st.lists(st.integers(0, 2 * SLOTS), min_size=1, max_size=ROWS)


@given(tags)
def test_whoever_settles_is_met_on_the_way_from_the_first_slot(tags: list[int]) -> None:
    slots = slots_with(tags)
    for tag in set(tags):
        assert reachable(slots, tag) == [row for row, each in enumerate(tags) if each == tag]


@given(tags, st.data())
def test_nobody_is_lost_when_others_go(tags: list[int], data: st.DataObject) -> None:
    slots = slots_with(tags)
    gone = data.draw(st.sets(st.integers(0, len(tags) - 1)))
    for row in gone:
        hash_table.unsettle(slots, tags[row], row)
    for tag in set(tags):
        left = [row for row, each in enumerate(tags) if each == tag and row not in gone]
        assert sorted(reachable(slots, tag)) == left
    assert np.count_nonzero(slots[:, ROW] != FREE) == len(tags) - len(gone)
