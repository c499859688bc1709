"""Rows of a table, a column a field of the Segment spec, as lines: without making each a line.

Comes in: batches of rows, and which column is which field. Goes out: who each row is about; what a line of it would be
skimmed to (`streams.sources.segment_spec`); and of rows that are looked into, their lines as JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, overload

import msgspec
import numpy as np

from streams.backtest.blocks import MEMBERS, Numbered
from streams.core.arrays import Ints
from streams.core.kernel.json_ids import ABSENT, ODD, hash_of, hashes_of_texts
from streams.sources.columns import Columns
from streams.sources.records import MAX_RECORD_BYTES, Skimmed
from streams.sources.segment_spec import Skim

OBJECTS: Final = frozenset({"properties", "traits", "context"})
TIMES: Final = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
# The fields of a `Skim` in its order; an object's content is not looked at.
NAMES: Final = {field.name: field.encode_name for field in msgspec.structs.fields(Skim)}
SKIMMED: Final = tuple(NAMES.values())
LONGEST_CHARACTER: Final = 6  # bytes, of one that JSON writes as \u0000

_encode = msgspec.json.Encoder(decimal_format="number").encode
_skim_object = msgspec.json.Decoder(Skimmed | None).decode


class Fields:
    """by_column: which field each holds. others: columns that are properties. stated: what no column holds."""

    def __init__(self, by_column: Mapping[str, str], others: Sequence[str], stated: Mapping[str, str]):
        self._fields, self._others, self._stated = by_column, others, stated
        self._column = {field: name for name, field in by_column.items()}

    def lines(self, batch: Any) -> list[bytes]:
        keys = list(self._fields.values())
        columns = [_values(batch.column(name), is_object=field in OBJECTS) for name, field in self._fields.items()]
        rows = [{**self._stated, **dict(zip(keys, row, strict=True))} for row in zip(*columns, strict=True)]
        if self._others:
            others = [_values(batch.column(name), is_object=False) for name in self._others]
            for row, values in zip(rows, zip(*others, strict=True), strict=True):
                row["properties"] = dict(zip(self._others, values, strict=True))
        return list(map(_encode, rows))

    def hashes(self, batch: Any) -> Ints:
        """As those of the lines."""
        return np.stack([self._hashes(batch, member) for member in MEMBERS], axis=1)

    def _hashes(self, batch: Any, member: str) -> Ints:
        if member not in self._column:
            stated = self._stated.get(member)
            return np.full(batch.num_rows, ABSENT if stated is None else hash_of(stated))
        return _hashes(batch.column(self._column[member]))

    def columns(self, batch: Any) -> Columns | None:
        """What is looked at of rows that are plain; None where any column holds what its field does not."""
        if not self._can_be_skimmed(batch):
            return None
        return Columns(*(list(self._skimmed(batch, NAMES[each])) for each in Columns._fields))

    def skims(self, batch: Any) -> list[Skim | None]:
        """What each line would be skimmed to; None of a row that must be a line to tell."""
        if not self._can_be_skimmed(batch):
            return [None] * batch.num_rows
        columns = [self._skimmed(batch, field) for field in SKIMMED]
        skims: list[Skim | None] = list(map(Skim, *columns))
        for place in self.to_look_into(batch):
            skims[place] = None
        return skims

    def _skimmed(self, batch: Any, field: str) -> Iterator[Any] | list[Any]:
        if field in OBJECTS or field not in self._column:
            return repeat(self._stated.get(field), batch.num_rows)
        return _values(batch.column(self._column[field]), is_object=False)

    def _can_be_skimmed(self, batch: Any) -> bool:
        """Whether each column holds what its field does, and no row would be too large a line."""
        from pyarrow import compute, types  # noqa: PLC0415 - an extra; whoever has a batch has loaded it

        texts = [column for column in batch.columns if is_text(column.type)]
        longest = sum(compute.max(compute.binary_length(text)).as_py() or 0 for text in texts)
        kinds = {field: batch.schema.field(name).type for name, field in self._fields.items()}
        return longest * LONGEST_CHARACTER < MAX_RECORD_BYTES and all(
            types.is_null(kind)
            or is_text(kind)
            or (field in OBJECTS and (types.is_struct(kind) or types.is_map(kind)))
            or (field in TIMES and (types.is_timestamp(kind) or types.is_signed_integer(kind)))
            for field, kind in kinds.items()
        )

    def to_look_into(self, batch: Any) -> Iterator[int]:
        """Rows with a context, and rows with text where JSON of an object belongs."""
        for field in OBJECTS & self._column.keys():
            column = batch.column(self._column[field])
            if field == "context":
                yield from np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False)).tolist()
            elif is_text(column.type):
                yield from (place for place, text in enumerate(column.to_pylist()) if text and not _is_object(text))


def _is_object(text: str) -> bool:
    try:
        _skim_object(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def is_text(kind: Any) -> bool:
    from pyarrow import types  # noqa: PLC0415 - an extra; whoever has a column has loaded it

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _values(column: Any, *, is_object: bool) -> list[Any]:
    from pyarrow import types  # noqa: PLC0415 - an extra; whoever has a column has loaded it

    kind = column.type
    if types.is_timestamp(kind):
        column = column.cast("timestamp[ms]", safe=False).cast("int64")
    if types.is_map(kind):
        return [None if pairs is None else dict(pairs) for pairs in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    if is_object and is_text(kind):
        return [msgspec.Raw(value.encode()) if value else None for value in values]
    return values


def _hashes(column: Any) -> Ints:
    """What is no text is ODD."""
    is_there = column.is_valid().to_numpy(zero_copy_only=False)
    if not is_text(column.type):
        return np.where(is_there, ODD, ABSENT)
    text, bounds = laid_out(column)
    hashes = hashes_of_texts(np.frombuffer(text, np.uint8), bounds[:-1], bounds[1:])
    return np.where(is_there, hashes, ABSENT)


def laid_out(column: Any) -> tuple[bytes, Ints]:
    """Texts or bytes one after another, and where each starts and the last one ends."""
    from pyarrow import types  # noqa: PLC0415 - an extra; whoever has a column has loaded it

    is_large = types.is_large_string(column.type) or types.is_large_binary(column.type)
    _, bounds, text = column.buffers()
    places = np.frombuffer(bounds, np.int64 if is_large else np.int32)[column.offset : column.offset + len(column) + 1]
    first, last = int(places[0]), int(places[-1])
    return text.slice(first, last - first).to_pybytes() if last > first else b"", places.astype(np.int64) - first


class Row:
    """A row as a record, which has neither key nor time of its own."""

    __slots__ = ("_place", "_rows")
    key: None = None
    timestamp: None = None

    def __init__(self, rows: "Rows", place: int):
        self._rows, self._place = rows, place

    @property
    def value(self) -> bytes:
        return self._rows[self._place]


class Rows(Sequence[bytes]):
    """The lines of rows; each is made when it is asked for, or before that together with others."""

    def __init__(self, fields: Fields, batch: Any):
        self._fields, self._batch = fields, batch
        self._made: dict[int, bytes] = {}

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        if at not in self._made:
            self.make([at])
        return self._made[at]

    def __iter__(self) -> Iterator[bytes]:
        self.make([place for place in range(len(self)) if place not in self._made])
        return (self._made[place] for place in range(len(self)))

    def make(self, places: Sequence[int]) -> None:
        """Many at once, at a lower price."""
        if not places:
            return
        made = self._fields.lines(self._batch.take(np.array(places, np.int64)))
        self._made |= zip(places, made, strict=True)

    def at(self, places: Sequence[int]) -> "Rows":
        return Rows(self._fields, self._batch.take(np.array(places, np.int64)))

    def columns(self) -> Columns | None:
        return self._fields.columns(self._batch)

    def to_look_into(self) -> Iterator[int]:
        return self._fields.to_look_into(self._batch)

    def skims(self) -> list[Skim | None]:
        return self._fields.skims(self._batch)

    def records(self) -> list[Row]:
        return [Row(self, place) for place in range(len(self))]


class RowBlock:
    def __init__(self, first: int, fields: Fields, batch: Any):
        self.first, self._fields, self._batch = first, fields, batch

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def hashes(self) -> Ints:
        return self._fields.hashes(self._batch)

    def at(self, places: Ints) -> Rows:
        return Rows(self._fields, self._batch.take(places))

    def all(self) -> Numbered:
        return Numbered(range(self.first, self.first + len(self)), Rows(self._fields, self._batch))
