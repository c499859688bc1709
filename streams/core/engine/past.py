"""The past of a rulebook: a shard that was told all that another has been told, under the rules that take over there.

Comes in: that shard, once it stands where the other stands; the rows of the other as they are loaded under the new
rules. Goes out: the same with what they lack filled in (`streams.core.profiles.filling`), and with where each profile
is by the new rules; what differs from what was told of them is for `migrate` to tell, once.

Of whom there is no past (who was erased there, or is known by another id) nothing is filled in. What is scored by
quintiles is left as it is, and so is what asks for it: edges are made of what lives, not of what was.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from msgspec import json
from msgspec.structs import replace

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.dependencies import by_quintiles
from streams.core.compiler.fields import Field
from streams.core.engine.merging import unpack
from streams.core.events import Event
from streams.core.kernel.layout import CLOCK, FAR, LEVEL, NEVER
from streams.core.kernel.packing import pack as write
from streams.core.links import How
from streams.core.merges import Moved, Packed
from streams.core.profiles.document import Document
from streams.core.profiles.filling import Bools, fill, fill_document, lacking
from streams.core.profiles.kinds import RULE
from streams.core.profiles.merging import Profile, merge
from streams.core.profiles.snapshot import Head, RowSchema
from streams.core.profiles.table import Table
from streams.core.rules.rulebook import Rulebook

if TYPE_CHECKING:
    from streams.core.engine.readable import Readable

NOBODY: Final[Mapping[str, Sequence[Packed]]] = MappingProxyType({})
ALWAYS_KEPT: Final = ("clock", "first_seen", "newest_activity", "ids")


class Elsewhere(NamedTuple):
    """That a profile is at another level by its past than was told: the row, and the rule's number among all."""

    row: int
    rule: int
    told: int


class Past:
    """`shard` has the same catalog as the one that is filled. departed: by user, who became her, with what was counted
    of them before."""

    def __init__(self, shard: "Readable", head: Head, departed: Mapping[str, Sequence[Packed]] = NOBODY):
        self._departed = departed
        self._table = shard.table
        self._catalog = shard.catalog
        self._calendar = shard.calendar
        self._fields = shard.catalog.fields
        self._words = shard.catalog.kept
        self.kept_since = head.kept_since

    def dated(self, head: Head, stored: Head) -> Head:
        """The head with since when every event is in what is filled in. stored: the head of before."""
        lacked = {field.name for field in lacking(stored.schemas[stored.current], self._fields)}
        ours = {name: self.kept_since.get(name, NEVER) if name in lacked else FAR for name in head.kept_since}
        since = {name: min(at, ours[name]) for name, at in head.kept_since.items()}
        return replace(head, kept_since={name: at for name, at in since.items() if at != NEVER})

    def is_whole(self, head: Head) -> bool:
        """Whether it begins where the shard began: then it knows where everybody is."""
        begun = min(
            (head.kept_since.get(each.name, NEVER) for each in head.schemas[head.current].filled()), default=NEVER
        )
        return max(self.kept_since.values(), default=NEVER) <= begun

    def fill(self, table: Table, then: RowSchema, subjects: Sequence[str], rows: Ints) -> tuple[Ints, Ints]:
        """Some rows of one schema. Gives which of them have a past, and the words of that, as of the same instant."""
        found = self._table.find_all(subjects)
        known = found >= 0
        rows, found = rows[known], found[known]
        ours, theirs = (
            each.memory.words[of][:, : self._words].copy() for each, of in ((table, rows), (self._table, found))
        )
        united = self._unite(found, theirs)
        filled = fill(ours, theirs, self._fields, then, self.kept_since, self._calendar)
        table.memory.words[rows, : self._words] = ours
        self._fill_documents(table, rows, found, filled, united)
        return rows, theirs

    def united(self, subjects: Sequence[str]) -> list[str]:
        """Those of these to whom something is added."""
        return [subject for subject in subjects if subject in self._departed and subject in self._table]

    def _unite(self, rows: Ints, words: Ints) -> dict[int, Document]:
        """Add to the words of these rows what was counted of those who became them. Gives their documents with it, by
        row; the shard stays as it is."""
        found: dict[int, Document] = {}
        for at, user in enumerate(self._table.subjects_of(rows) if self._departed else ()):
            if user in self._departed:
                document = Document.decode(self._table.stored_document(int(rows[at])))
                one = Profile(words[at], document)
                for packed in self._departed[user]:
                    unite(one, unpack(self._table, self._catalog, self._calendar, packed), self._fields, self._calendar)
                found[int(rows[at])] = document
        return found

    def _fill_documents(
        self, table: Table, rows: Ints, found: Ints, filled: Mapping[str, Bools], united: Mapping[int, Document]
    ) -> None:
        changed = []
        for at, (row, their_row) in enumerate(zip(rows.tolist(), found.tolist(), strict=True)):
            if their_row not in united and not self._table.has_document(their_row):
                continue
            names = [name for name, those in filled.items() if those[at]]
            theirs = united.get(their_row) or self._table.document(their_row)
            if fill_document(table.document(row), theirs, names):
                table.document_changed(row)
                changed.append(row)
        table.rewrite(np.array(changed, np.int64))

    def take_levels(self, table: Table, rows: Ints, theirs: Ints) -> Iterator[Elsewhere]:
        """Have profiles be where they are by their past, where that is elsewhere than was told."""
        for at, rule, told in _take_levels(table.memory.words, rows, theirs, self._catalog):
            yield Elsewhere(int(rows[at]), rule, told)


def without_counts(event: Event, rulebook: Rulebook) -> Event:
    """Word of a profile that became another's, without what was counted of it, which others rules did not all keep: all
    of it is united in the end (`unite`). What these rules have packed is whole, with all who had become her before:
    so she and they are mere aliases, of whom nothing is looked for any more."""
    if not isinstance(event.identity, Moved):
        return event
    packed = event.identity.profile
    then = json.decode(packed.schema, type=RowSchema)
    if then == RowSchema.of(Catalog(rulebook)):
        ids = {each: How.ALIAS if how == How.MERGE else how for each, how in event.identity.aliases.items()}
        ids[event.identity.gone] = How.ALIAS
        return replace(event, identity=replace(event.identity, aliases=ids))
    fields = [each for each in then.fields if each[0] in ALWAYS_KEPT or each[0].startswith(RULE)]
    slim = replace(packed, schema=json.encode(replace(then, fields=fields)))
    return replace(event, identity=replace(event.identity, profile=slim))


def unite(one: Profile, other: Profile, fields: Sequence[Field], calendar: Calendar) -> None:
    """Add to one what was counted of a profile that became it, but for where rules had it."""
    at_ms = max(int(one.row[CLOCK]), int(other.row[CLOCK]))
    merge(one, other, [field for field in fields if not field.name.startswith(RULE)], at_ms, calendar)
    one.row[CLOCK] = at_ms


def complete(
    table: Table,
    catalog: Catalog,
    calendar: Calendar,
    packed: Packed,
    parts: Sequence[Packed],
    kept_since: Mapping[str, int],
) -> Packed:
    """A profile on its way that rules of before have packed, with what they did not keep. parts: what the pasts have of
    it, under today's rules, and of those who had become it. kept_since: as `Head` has it."""
    one, (theirs, *others) = (
        unpack(table, catalog, calendar, packed),
        [unpack(table, catalog, calendar, each) for each in parts],
    )
    for other in others:
        unite(theirs, other, catalog.fields, calendar)
    then = json.decode(packed.schema, type=RowSchema)
    filled = fill(one.row[None], theirs.row[None], catalog.fields, then, kept_since, calendar)
    fill_document(one.document, theirs.document, [name for name, those in filled.items() if those[0]])
    _take_levels(one.row[None], np.zeros(1, np.int64), theirs.row[None], catalog)
    [row] = write(one.row[None], np.zeros(1, np.int64), catalog.kept, packed.row[0])
    return Packed(row, one.document.encode(), json.encode(RowSchema.of(catalog)))


def begun(head: Head) -> int:
    """From when on a shard was told everything, ms; `NEVER` where it was told all that there was."""
    return min((head.kept_since.get(each.name, NEVER) for each in head.schemas[head.current].filled()), default=NEVER)


def _take_levels(words: Ints, rows: Ints, theirs: Ints, catalog: Catalog) -> list[tuple[int, int, int]]:
    """Have rows be where their past, which is beside each, says. Gives which was elsewhere, by which rule, and at what
    level."""
    found: list[tuple[int, int, int]] = []
    for number, word in _levels(catalog):
        state, level = words[rows, word + 1], theirs[:, word + 1] & LEVEL
        moved = np.flatnonzero((state & LEVEL) != level)
        words[rows[moved], word] = theirs[moved, word]
        words[rows[moved], word + 1] = state[moved] & ~LEVEL | level[moved]
        found += [(at, number, int(state[at]) & LEVEL) for at in moved.tolist()]
    return found


@lru_cache(maxsize=8)  # of the rules that run, and of those that await their past
def _levels(catalog: Catalog) -> list[tuple[int, int]]:
    """The number of each rule that a past says where profiles are by, and where its level begins in a row."""
    places = {field.name: field.start for field in catalog.fields}
    by_scores = by_quintiles(catalog.rulebook)
    rules = enumerate(catalog.rulebook.groupings)
    return [(i, places[RULE + rule.key]) for i, rule in rules if rule.name not in by_scores]
