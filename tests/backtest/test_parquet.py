"""Rows of Parquet are the records that JSON Lines of the same would be."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from streams.backtest import histories
from streams.backtest.blocks import TextBlock
from streams.backtest.histories import Piece, opened, pieces
from streams.backtest.parquet import ParquetFile
from streams.backtest.records import HistoryDecoder
from streams.backtest.rows import Fields
from streams.core.events import Event, Reads
from streams.core.kernel.json_ids import ODD
from streams.errors import UsageError
from streams.sources import Decoder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = 1_772_366_400_000


def written(folder: Path, columns: Mapping[str, Sequence[Any] | pa.Array]) -> Path:
    path = folder / "events.parquet"
    parquet.write_table(pa.table(dict(columns)), path, row_group_size=3)
    return path


def records(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with closing(opened(Piece(str(path)))) as file:
        while (block := file.read()) is not None:
            numbers, lines = block.all()
            assert list(numbers) == list(range(len(found) + 1, len(found) + len(block) + 1))
            found += map(json.loads, lines)
        assert file.position == file.size
    return [{name: value for name, value in record.items() if value is not None} for record in found]


@pytest.mark.parametrize(("wanted", "found"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_memory_is_kept_from_batch_to_batch_unless_somebody_wants_another_pool(wanted: str | None, found: str) -> None:
    says = "from streams.backtest.parquet import load_pyarrow; print(load_pyarrow().default_memory_pool().backend_name)"
    others = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    environment = others if wanted is None else others | {"ARROW_DEFAULT_MEMORY_POOL": wanted}
    told = subprocess.run([sys.executable, "-c", says], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == found


def test_columns_of_the_spec_are_its_fields(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "type": ["track", "identify"],
            "userId": ["ann", "bob"],
            "event": ["Opened", None],
            "timestamp": pa.array([NOON, NOON], pa.timestamp("us", tz="America/New_York")),
            "properties": ['{"format": "pdf", "deep": {"n": 1}}', None],
            "traits": pa.array([None, [("plan", "pro")]], pa.map_(pa.string(), pa.string())),
        },
    )
    assert records(path) == [
        {
            "type": "track",
            "userId": "ann",
            "event": "Opened",
            "timestamp": NOON_MS,
            "properties": {"format": "pdf", "deep": {"n": 1}},
        },
        {"type": "identify", "userId": "bob", "timestamp": NOON_MS, "traits": {"plan": "pro"}},
    ]


def test_a_table_of_a_warehouse_has_its_own_columns_as_properties(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "id": ["m-1"],
            "user_id": ["ann"],
            "event": ["Opened"],
            "timestamp": pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ns")),
            "amount": [Decimal("9.50")],
            "format": ["pdf"],
            "seen": [date(2026, 3, 1)],
        },
    )
    assert records(path) == [
        {
            "type": "track",
            "messageId": "m-1",
            "userId": "ann",
            "event": "Opened",
            "timestamp": NOON_MS,
            "properties": {"amount": 9.5, "format": "pdf", "seen": "2026-03-01"},
        }
    ]


@pytest.mark.parametrize("as_bytes", [True, False])
def test_whole_records_stand_in_one_column(tmp_path: Path, as_bytes: bool) -> None:
    said = {"type": "track", "userId": "ann", "event": "Opened", "timestamp": "2026-03-01"}
    text = json.dumps(said)
    assert records(written(tmp_path, {"value": [text.encode() if as_bytes else text] * 7})) == [said] * 7


def test_a_struct_is_an_object(tmp_path: Path) -> None:
    path = written(tmp_path, {"type": ["track"], "userId": ["ann"], "context": [{"active": False}]})
    assert records(path)[0]["context"] == {"active": False}


TEXTS = ["ann", "bob", "null", "", 'a"b', "é", None, "of no word for nobody", "x" * 256]
times = st.sampled_from([NOON, datetime(1960, 1, 1, tzinfo=UTC), datetime(1971, 1, 1, tzinfo=UTC), None])
OBJECTS = ['{"a": 1}', "{}", "[]", "5", "{", "null", "", '{"b": {"c": "x"}}', None]
columns: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(["track", "track", "identify", "page", "group", "alias", "merge", "dance", None]),
    "event": st.sampled_from(["Opened", "Read", "", None]),
    "user_id": st.sampled_from(TEXTS),
    "anonymousId": st.sampled_from(TEXTS),
    "message_id": st.sampled_from(TEXTS),
    "timestamp": times,
    "received_at": times,
    "properties": st.sampled_from(OBJECTS),
    "traits": st.sampled_from(OBJECTS),
    "context": st.sampled_from(['{"active": false}', '{"device": {"type": "x"}}', "{", None, None, None]),
    "a": st.sampled_from(["x", None]),
    "n": st.sampled_from([1, 2.5, None]),
    "groupId": st.sampled_from([7, None]),
}
ALWAYS = {"event", "user_id", "timestamp"}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    names = ALWAYS | draw(st.sets(st.sampled_from(sorted(columns))))
    count = draw(st.integers(1, 8))
    made = {name: pa.array(draw(st.lists(columns[name], min_size=count, max_size=count))) for name in sorted(names)}
    encoded = draw(st.sets(st.sampled_from(["event", "user_id"])))
    encoded = {name for name in encoded if made[name].null_count < count}  # which pyarrow does not write
    return pa.table({name: each.dictionary_encode() if name in encoded else each for name, each in made.items()})


READS = Reads({"Read": frozenset({"a", "n"})}, context=frozenset({"device.type"}))


@given(tables(), st.sampled_from([Reads({}), READS]))
def test_rows_mean_what_lines_of_them_mean(
    tmp_path_factory: pytest.TempPathFactory, table: pa.Table, reads: Reads
) -> None:
    path = tmp_path_factory.mktemp("history") / "events.parquet"
    parquet.write_table(table, path)
    with closing(opened(Piece(str(path)))) as file:
        block = file.read()
    assert block is not None
    lines = list(block.all().lines)
    assert HistoryDecoder(Decoder(reads), {}).decode_lines(block.all().lines) == Decoder(reads).decode_lines(lines)
    of_lines = TextBlock.of_texts(1, lines).hashes()
    assert ((block.hashes() == of_lines) | (of_lines == ODD)).all()
    some = np.arange(0, len(block), 2)
    assert list(block.at(some)) == lines[::2]


def test_rows_that_are_plain_are_never_made_lines(tmp_path: Path) -> None:
    path = written(tmp_path, {"user_id": ["ann"], "event": ["Opened"], "timestamp": pa.array([NOON])})
    with closing(opened(Piece(str(path)))) as file, pytest.MonkeyPatch.context() as patch:
        block = file.read()
        assert block is not None
        patch.setattr(Fields, "lines", lambda *_: pytest.fail("a line was made"))
        patch.setattr(Fields, "skims", lambda *_: pytest.fail("it was skimmed"))
        (event,) = HistoryDecoder(Decoder(Reads({})), {}).decode_lines(block.all().lines)
    assert isinstance(event, Event)
    assert (event.subject, event.name, event.ts) == ("ann", "Opened", NOON_MS)


def test_columns_that_are_no_history_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has the columns a, b: a history needs `user_id`"):
        ParquetFile(written(tmp_path, {"a": [1], "b": [2]}))


def test_what_is_no_parquet_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(UsageError, match=r"x.parquet cannot be read as Parquet"):
        opened(Piece(str(tmp_path / "x.parquet")))
    with pytest.raises(UsageError, match=r"y.parquet cannot be read as Parquet"):
        opened(Piece(str(tmp_path / "y.parquet")))


def test_its_pieces_have_each_row_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, {"userId": [f"u-{n}" for n in range(20)], "event": ["Opened"] * 20})
    monkeypatch.setattr(histories, "PIECE_BYTES", path.stat().st_size // 3)
    found: list[str] = []
    every = pieces(str(path))
    for piece in every:
        with closing(opened(piece)) as file:
            while (block := file.read()) is not None:
                found += [json.loads(line)["userId"] for line in block.all().lines]
    assert (len(every), found) == (3, [f"u-{n}" for n in range(20)])
