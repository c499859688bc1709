"""Loading a shard, and what to do with profiles that other rules wrote (CONTRACT 3.4).

Comes in: stored rows and documents. Goes out: filled rows of the table, and the list of those to be evaluated
anew; a member of a rule that is gone leaves it, as a change of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from streams.core.catalog import CLOCK, Catalog
from streams.core.changes import Change
from streams.core.program import Ints
from streams.core.snapshot import Head, Layout, carry_over, read_rows
from streams.core.table import Table
from streams.errors import StateError


class Gone(NamedTuple):
    """A membership in a rule that no longer is. `at`: when it ends (ms)."""

    rule: str
    version: str
    ordinal: int
    at: int


class Renewal:
    """The profiles still to be evaluated anew, in the order of their rows."""

    def __init__(self, rows: list[int], gone: dict[int, list[tuple[str, str, int]]]):
        self._rows = rows
        self._gone = gone

    @classmethod
    def none(cls) -> "Renewal":
        return cls([], {})

    def __bool__(self) -> bool:
        return bool(self._rows)

    @classmethod
    def load(
        cls,
        table: Table,
        catalog: Catalog,
        head: Head,
        utc_offset_ms: int,
        rows: Sequence[tuple[str, bytes]],
        documents: Mapping[str, bytes],
    ) -> "tuple[Renewal, set[int]]":
        """Fill the table. Also returns the numbers of the layouts that the rows were written in."""
        if head.utc_offset_ms != utc_offset_ms:
            raise StateError(
                f"the state was written with utc_offset {head.utc_offset_ms} ms, which is fixed at first start; "
                f"this worker has {utc_offset_ms} ms: set SEGMENTER_UTC_OFFSET back, or use another SEGMENTER_GROUP"
            )
        today = Layout.of(catalog)
        by_layout: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        for user, packed in rows:
            by_layout[packed[0]].append((user, packed))
        stale: list[int] = []
        gone: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
        for number, members in by_layout.items():
            layout = head.layouts[number]
            places = table.rows([user for user, _ in members])
            old = read_rows([packed for _, packed in members], layout)
            new = table.memory.words[places][:, : today.words].copy()
            carry_over(new, today, old, layout, utc_offset_ms)
            table.memory.words[places, : today.words] = new
            if layout != today:
                stale += places.tolist()
                _note_gone(gone, layout, today, old, places)
        for user, raw in documents.items():
            table.put_document(user, raw)
        table.rank_texts()
        return cls(sorted(stale), gone), set(by_layout)

    def take(self, limit: int) -> Ints:
        taken, self._rows = self._rows[:limit], self._rows[limit:]
        return np.array(taken, np.int64)

    def exits(self, table: Table, rows: Ints, at: int) -> dict[int, list[Gone]]:
        """The memberships that end because their rule is gone, by row."""
        found: dict[int, list[Gone]] = {}
        for row in rows.tolist():
            if row in self._gone:
                instant = max(at, int(table.memory.words[row, CLOCK]))
                found[row] = [Gone(*each, at=instant) for each in self._gone.pop(row)]
        return found

    @staticmethod
    def merged(
        table: Table,
        changes: list[Change],
        gone: dict[int, list[Gone]],
        memberships: Callable[[str], Mapping[str, object]],
    ) -> list[Change]:
        """All changes of the renewal, each user's in the order of the rules' names."""
        left = [
            Change(
                user=table.users[row],
                rule=each.rule,
                entered=False,
                occurred_at=each.at,
                cause="rule_change",
                event_id=None,
                ordinal=each.ordinal,
                rule_version=each.version,
                because=(),
                segments=tuple(memberships(table.users[row])),
                traits={},
            )
            for row, ended in gone.items()
            for each in ended
        ]
        return sorted(changes + left, key=lambda change: (table.row_of[change.user], change.rule))


def _note_gone(
    gone: dict[int, list[tuple[str, str, int]]], layout: Layout, today: Layout, old: Ints, places: Ints
) -> None:
    for rule, version in layout.rules.items():
        field = layout.field(f"rule {rule}")
        if rule not in today.rules and field is not None:
            counts = old[:, field.start + 1]
            for i in np.flatnonzero(counts & 1).tolist():
                gone[int(places[i])].append((rule, version, (int(counts[i]) >> 1) + 1))
