"""A Parquet file as lines: each row is a record in the Segment spec or a billing update, as JSON.

Comes in: a file. Goes out: numbered lines. Columns bear the names of the spec, also as warehouses write them (`user_id`
for `userId`, `id` for `messageId`); what is no field of it is a property, unless there is a column `properties`. That,
`traits` and `context` are structs, maps or JSON text. A file without such columns may hold whole records in one:
`record`, `value` or `json`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from streams.backtest.blocks import Block, TextBlock
from streams.backtest.rows import OBJECTS, Fields, RowBlock, is_text, laid_out
from streams.errors import UsageError

BATCH_ROWS: Final = 10_000
WHOLE: Final = ("record", "value", "json")
FIELDS: Final = frozenset(
    {
        *("type", "messageId", "userId", "anonymousId", "event", "name", "groupId", "previousId", "object", "into"),
        *("timestamp", "originalTimestamp", "sentAt", "receivedAt", *OBJECTS),
    }
)
WAREHOUSE: Final = {
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "message_id": "messageId",
    "group_id": "groupId",
    "previous_id": "previousId",
    "original_timestamp": "originalTimestamp",
    "sent_at": "sentAt",
    "received_at": "receivedAt",
    "id": "messageId",
    "event_text": "event",
}


def load_pyarrow() -> Any:
    """With its `parquet`. By itself it gives the memory of each batch back, and has that of the next cleared by the
    system: two thirds of the time that reading takes. ImportError: it is not installed."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # noqa: TID251 - it is written, for arrow alone
    import pyarrow.parquet  # noqa: PLC0415 - an extra, which is slow to import

    return pyarrow


class ParquetFile:
    """One file, read from its beginning, row by row as they lie in it."""

    def __init__(self, path: Path, number: int = 0, of: int = 1):
        """number, of: read but this piece, of so many with about as many groups of rows."""
        try:
            arrow = load_pyarrow()
        except ImportError:
            raise UsageError(f"To read {path} takes pyarrow: pip install 'streaming-segmenter[parquet]'") from None
        try:
            self._file = arrow.parquet.ParquetFile(path)
        except (OSError, arrow.ArrowInvalid) as error:
            raise UsageError(f"{path} cannot be read as Parquet: {error}") from error
        self.name, self.size = str(path), path.stat().st_size
        self._rows: int = self._file.metadata.num_rows
        self._read = 0
        names = self._file.schema_arrow.names
        self._block = _whole(names) or _by_fields(self.name, names)
        self.groups: int = self._file.metadata.num_row_groups
        groups = list(range(self.groups * number // of, self.groups * (number + 1) // of))
        self._batches: Iterator[Any] = self._file.iter_batches(BATCH_ROWS, groups, use_threads=False)

    @property
    def position(self) -> int:
        """As far as its rows tell."""
        return self.size if self._read == self._rows else self.size * self._read // self._rows

    def read(self) -> Block | None:
        first = self._read + 1
        batch = next(self._batches, None)
        if batch is None:
            return None
        self._read += batch.num_rows
        return self._block(first, _plain(batch))

    def close(self) -> None:
        self._file.close()


def _plain(batch: Any) -> Any:
    """The same with each value in its place, where columns hold but which of a few it is."""
    from pyarrow import RecordBatch, types  # noqa: PLC0415 - an extra; whoever has a batch has loaded it

    columns = [each.dictionary_decode() if types.is_dictionary(each.type) else each for each in batch.columns]
    return RecordBatch.from_arrays(columns, batch.schema.names)


Blocks = Callable[[int, Any], Block]
"""To the number of the first row and a batch of them, the block."""


def _whole(names: Sequence[str]) -> Blocks | None:
    """Where each row has a whole record in one column."""
    found = next((name for name in WHOLE if name in names), None)
    if found is None or {"userId", "user_id", "type"} & set(names):
        return None
    return lambda first, batch: _records(first, batch.column(found))


def _records(first: int, column: Any) -> Block:
    from pyarrow import types  # noqa: PLC0415 - an extra; whoever has a column has loaded it

    if types.is_binary(column.type) or types.is_large_binary(column.type) or is_text(column.type):
        text, bounds = laid_out(column)
        return TextBlock(first, text, bounds[:-1], bounds[1:])
    return TextBlock.of_texts(first, [str(value or "").encode() for value in column.to_pylist()])


def _by_fields(path: str, names: Sequence[str]) -> Blocks:
    found = _fields(names)
    if not {"userId", "anonymousId"} & set(found.values()) or not {"type", "event"} & set(found.values()):
        raise UsageError(
            f"{path} has the columns {', '.join(names)}: a history needs `user_id` or `anonymous_id`, `timestamp`, and"
            " `event` or `type`, or whole records in a column `record`"
        )
    others = [name for name in names if name not in found] if "properties" not in found.values() else []
    fields = Fields(found, others, {} if "type" in found.values() else {"type": "track"})
    return lambda first, batch: RowBlock(first, fields, batch)


def _fields(names: Sequence[str]) -> dict[str, str]:
    """By column, the field of the spec that it holds; one that bears the spec's own name goes first."""
    found = {name: name for name in names if name in FIELDS}
    for name, field in WAREHOUSE.items():
        if name in names and field not in found.values():
            found[name] = field
    return found
