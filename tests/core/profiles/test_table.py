"""The rows of users, as the table grows."""

import numpy as np
import pytest

from streams.core.engine.shard import Shard
from streams.core.kernel.layout import FAR
from streams.core.profiles.table import FIRST_ROWS, Table
from tests.rulebooks import rulebook

MANY = [f"user-{n}" for n in range(3 * FIRST_ROWS)]


@pytest.fixture
def table() -> Table:
    return Shard(rulebook(often='count("Signed In", days=7) >= 2')).table


def test_a_user_keeps_the_row(table: Table) -> None:
    assert table.rows(["ann", "bob", "ann"]).tolist() == [0, 1, 0]
    assert table.rows(["eve", "bob", "eve", "dan"]).tolist() == [2, 1, 2, 3]
    assert table.subjects == ["ann", "bob", "eve", "dan"]


def test_what_was_in_a_row_is_there_when_the_table_has_grown(table: Table) -> None:
    (row,) = table.rows(["ann"]).tolist()
    memory = table.memory
    memory.words[row], memory.due[row], memory.dirty[row] = 7, 8, 1
    assert table.rows(MANY).tolist() == list(range(1, len(MANY) + 1))
    assert set(table.memory.words[row].tolist()) == {7}
    assert (table.memory.due[row], table.memory.dirty[row]) == (8, 1)


def test_rows_are_empty_wherever_they_begin(table: Table) -> None:
    empty = table.memory.words[table.rows(["ann"])]
    table.memory.words[len(table) :] = 7  # what the kernel leaves in its spare rows
    rows = table.rows(MANY)
    assert np.array_equal(table.memory.words[rows], np.repeat(empty, len(rows), axis=0))


def test_the_table_grows_elsewhere_while_somebody_looks_at_it(table: Table) -> None:
    row = table.rows(["ann"])
    view = table.memory.words[row[0] :]
    view[0] = 9
    table.rows(MANY)
    assert (view[0] == 9).all()
    assert (table.memory.words[row] == 9).all()


def test_the_row_of_a_removed_user_is_as_new(table: Table) -> None:
    empty = table.memory.words[table.rows(["ann", "bob"])[1]].copy()
    table.memory.words[0], table.memory.due[0], table.memory.dirty[0] = 7, 8, 1
    table.document(0).traits["plan"] = ("pro", 5)
    table.document_changed(0)
    assert table.remove("ann") == 0
    assert "ann" not in table
    assert table.subjects == ["bob"]
    assert table.take_changed_documents() == []
    assert table.rows(["eve"]).tolist() == [0]
    assert np.array_equal(table.memory.words[0], empty)
    assert (table.memory.due[0], table.memory.dirty[0], table.stored_document(0)) == (FAR, 0, b"")
