"""A Parquet file as lines: each row is a record in the Segment spec or a billing update, as JSON.

Comes in: a file. Goes out: numbered lines. Columns bear the names of the spec, also as warehouses write them (`user_id`
for `userId`, `id` for `messageId`); what is no field of it is a property, unless there is a column `properties`. That,
`traits` and `context` are structs, maps or JSON text. A file without such columns may hold whole records in one:
`record`, `value` or `json`.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.backtest.blocks import Block, TextBlock
from streams.errors import UsageError

BATCH_ROWS: Final = 10_000
WHOLE: Final = ("record", "value", "json")
OBJECTS: Final = frozenset({"properties", "traits", "context"})
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
Column = list[Any]

_encode = msgspec.json.Encoder(decimal_format="number").encode


class ParquetFile:
    """One file, read from its beginning, row by row as they lie in it."""

    def __init__(self, path: Path):
        try:
            from pyarrow import ArrowInvalid, parquet  # noqa: PLC0415 - an extra, which is slow to import
        except ImportError:
            raise UsageError(f"To read {path} takes pyarrow: pip install 'streaming-segmenter[parquet]'") from None
        try:
            self._file = parquet.ParquetFile(path)
        except (OSError, ArrowInvalid) as error:
            raise UsageError(f"{path} cannot be read as Parquet: {error}") from error
        self.name, self.size = str(path), path.stat().st_size
        self._rows: int = self._file.metadata.num_rows
        self._read = 0
        names = self._file.schema_arrow.names
        self._lines = _whole(names) or _by_fields(self.name, names)
        self._batches: Iterator[Any] = self._file.iter_batches(BATCH_ROWS, use_threads=False)

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
        return TextBlock.of_texts(first, self._lines(batch))

    def mentions(self, words: Sequence[bytes]) -> bool:
        columns = " ".join(str(name) for name in self._file.schema_arrow.names)
        if any(word.strip(b'"') in f"{columns} {self._file.schema_arrow}".encode() for word in words):
            return True
        return any(word in buffer for batch in self._batches for buffer in _texts(batch) for word in words)

    def close(self) -> None:
        self._file.close()


def _texts(batch: Any) -> Iterator[bytes]:
    """The bytes of all columns of text, which lie one after the other."""
    for column in batch.columns:
        *_, text = column.buffers()
        if text is not None:
            yield text.to_pybytes()


Lines = Callable[[Any], list[bytes]]


def _whole(names: Sequence[str]) -> Lines | None:
    """Where each row has a whole record in one column."""
    found = next((name for name in WHOLE if name in names), None)
    if found is None or {"userId", "user_id", "type"} & set(names):
        return None
    return lambda batch: [_as_line(value) for value in batch.column(found).to_pylist()]


def _as_line(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()


def _by_fields(path: str, names: Sequence[str]) -> Lines:
    fields = _fields(names)
    if not {"userId", "anonymousId"} & set(fields.values()) or not {"type", "event"} & set(fields.values()):
        raise UsageError(
            f"{path} has the columns {', '.join(names)}: a history needs `user_id` or `anonymous_id`, `timestamp`, and"
            " `event` or `type`, or whole records in a column `record`"
        )
    others = [name for name in names if name not in fields] if "properties" not in fields.values() else []
    stated = {} if "type" in fields.values() else {"type": "track"}
    keys = list(fields.values())

    def lines(batch: Any) -> list[bytes]:
        columns = [_values(batch.column(name), is_object=field in OBJECTS) for name, field in fields.items()]
        rows = [stated | dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]
        if others:
            properties = zip(*(_values(batch.column(name), is_object=False) for name in others), strict=True)
            for row, values in zip(rows, properties, strict=True):
                row["properties"] = dict(zip(others, values, strict=True))
        return list(map(_encode, rows))

    return lines


def _fields(names: Sequence[str]) -> dict[str, str]:
    """By column, the field of the spec that it holds; one that bears the spec's own name goes first."""
    found = {name: name for name in names if name in FIELDS}
    for name, field in WAREHOUSE.items():
        if name in names and field not in found.values():
            found[name] = field
    return found


def _values(column: Any, *, is_object: bool) -> Column:
    from pyarrow import types  # noqa: PLC0415 - an extra; whoever has a column has loaded it

    kind = column.type
    if types.is_timestamp(kind):
        column = column.cast("timestamp[ms]", safe=False).cast("int64")
    if types.is_map(kind):
        return [None if pairs is None else dict(pairs) for pairs in column.to_pylist()]
    values: Column = column.to_pylist()
    if is_object and (types.is_string(kind) or types.is_large_string(kind)):
        return [msgspec.Raw(value.encode()) if value else None for value in values]
    return values
