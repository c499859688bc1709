"""Rules that take over with their past: from then on all is as if they had always been there."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.arrays import Ints
from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.past import Past
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.kernel.layout import CLOCK
from streams.core.profiles.document import Document
from streams.core.profiles.kinds import RULE, handling
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Rulebook
from tests import strategies as made
from tests.rulebooks import rulebook

Told = tuple[object, ...]
START: Final = made.START_MS
NOBODY: Final = Rulebook(())


class Stored(NamedTuple):
    """What a shard has saved: rows and documents by subject."""

    head: bytes
    rows: dict[str, bytes]
    documents: dict[str, bytes]

    def saved(self, shard: Shard) -> "Stored":
        dirty = shard.take_dirty()
        return Stored(shard.head(), self.rows | dict(dirty.rows), self.documents | dict(dirty.documents))


NOTHING: Final = Stored(b"", {}, {})


def signed_in(ts: int) -> Event:
    return Event("ann", ts, "Signed In", True, f"m-{ts}", {}, {})


def applied(shard: Shard, arrivals: Sequence[Event | int]) -> list[Change]:
    changes: list[Change] = []
    for each in arrivals:
        changes += shard.tick(each) if isinstance(each, int) else shard.step(Batch.of([each]))
    return changes


def loaded(rules: Rulebook, stored: Stored, past: Shard | None) -> Shard:
    known = None if past is None else Past(past, Head.decode(past.head()))
    return Shard.restore(rules, stored.head, stored.rows.items(), stored.documents, past=known)


def brief(changes: Sequence[Change]) -> list[Told]:
    """All but ordinals, which are those of what was told, and with when it was first noticed."""
    return [
        (
            *(one.subject, one.rule, one.type, one.segment, one.previous, one.occurred_at, one.cause, one.event_id),
            *((reason.condition, reason.value, reason.now) for reason in one.because),
            *(one.segments, *one.traits.items()),
        )
        for one in changes
    ]


def standing(shard: Shard) -> dict[str, set[str]]:
    subjects = shard.table.subjects
    return {user: set(where) for user, where in zip(subjects, shard.all_memberships(subjects), strict=True) if where}


def as_told(changes: Sequence[Change]) -> dict[str, set[str]]:
    """Where everybody is by what was told of them."""
    found: dict[str, set[str]] = {}
    for change in changes:
        if not change.is_shadow:
            where = found.setdefault(change.subject, set())
            where -= {change.previous or ""}
            (where.add if change.entered else where.discard)(change.segment)
    return {user: where for user, where in found.items() if where}


def counted(shard: Shard, at_ms: int) -> dict[str, tuple[list[int], Document]]:
    """What is kept of everybody beside the rules' own, as of one instant."""
    subjects, catalog = shard.table.subjects, shard.catalog
    words: Ints = shard.table.memory.words[shard.table.rows_of(subjects)].copy()
    then = words[:, CLOCK].copy()
    found = []
    for field in catalog.fields:
        if field.name != "clock" and not field.name.startswith(RULE):
            handling(field).age(words, field, then, np.maximum(then, at_ms), shard.calendar)
            found.append(words[:, field.start : field.start + field.words])
    rows = np.concatenate(found, axis=1).tolist() if subjects else []
    documents = [Document.decode(shard.table.stored_document(shard.table.row_of(user))) for user in subjects]
    for document in documents:
        document.ordinals.clear()
        document.forget_others({field.name for field in catalog.fields})
        document.forget_before({f.name: f.oldest_bucket(at_ms, shard.calendar) for f in catalog.fields if f.length})
    return dict(zip(subjects, zip(rows, documents, strict=True), strict=True))


def clocks(shard: Shard) -> dict[str, int]:
    return {user: int(shard.table.memory.words[shard.table.row_of(user), CLOCK]) for user in shard.table.subjects}


def newest(arrivals: Sequence[Event | int]) -> int:
    return max((each if isinstance(each, int) else each.ts for each in arrivals), default=START)


@given(made.partly_in_shadow(), made.partly_in_shadow(), made.arrivals(), st.integers(0, 25), st.integers(1, 3))
@example(rulebook(here='count("Signed In") >= 1'), rulebook(here='count("Report Created") >= 1'), [], 0, 1)
def test_rules_that_take_over_with_their_past_are_as_if_they_had_always_been_there(
    then: Rulebook, now: Rulebook, arrivals: list[Event | int], at: int, saved_after: int
) -> None:
    """A crash in the middle of the taking over, when the first profiles were written anew and others were not."""
    before, at_ms = arrivals[:at], newest(arrivals[:at])
    running, always = Shard(then), Shard(now)
    told = applied(running, [*before, at_ms])
    applied(always, [*before, at_ms])
    # What is late is told as ever, but of whom the rules before had something change that these would not have had: no
    # clock goes back behind what was published.
    ahead = {user for user, at in clocks(running).items() if at > clocks(always)[user]}
    after = [
        each for each in arrivals[at:] if newest([each]) > at_ms or not (isinstance(each, int) or each.subject in ahead)
    ]
    stored, before_that = NOTHING.saved(running), len(told)
    taken_over = loaded(now, stored, always)
    told += taken_over.migrate(saved_after)
    taken_over = loaded(now, stored.saved(taken_over), always)
    while taken_over.is_stale:
        told += taken_over.migrate(saved_after)
    assert as_told(told) == standing(taken_over) == standing(always)
    ids = [change.id for change in told if not change.is_shadow]
    assert len(set(ids)) == len(ids)
    assert all((change.cause, change.occurred_at) == ("rule_change", at_ms) for change in told[before_that:])
    ends = [*after, made.END_MS]
    assert brief(applied(taken_over, ends)) == brief(applied(always, ends))
    assert counted(taken_over, made.END_MS) == counted(always, made.END_MS)
    assert Head.decode(taken_over.head()).kept_since == Head.decode(always.head()).kept_since


@settings(max_examples=1 + settings().max_examples // 3)
@given(made.partly_in_shadow(), made.partly_in_shadow(), made.arrivals(), st.integers(0, 25))
@example(
    rulebook(quiet="idle_days >= 1"),
    rulebook(here='count("Signed In") >= 1', twice='count("Signed In") >= 2'),
    [signed_in(START), START + 2 * DAY_MS, signed_in(START + HOUR_MS)],
    2,
)
def test_nobody_is_told_of_anything_before_what_the_rules_before_have_told(
    then: Rulebook, now: Rulebook, arrivals: list[Event | int], at: int
) -> None:
    """What comes late counts all the same, for everybody."""
    before, at_ms = arrivals[:at], newest(arrivals[:at])
    running, always = Shard(then), Shard(now)
    newest_of = {each.subject: each.occurred_at for each in applied(running, [*before, at_ms])}
    applied(always, [*before, at_ms])
    following = running.under(now, Past(always, Head.decode(always.head())))
    while following.is_stale:
        following.migrate()
    ends = [*arrivals[at:], made.END_MS]
    assert all(one.occurred_at >= newest_of.get(one.subject, 0) for one in applied(following, ends))
    applied(always, ends)
    assert counted(following, made.END_MS) == counted(always, made.END_MS)


@given(made.partly_in_shadow(), made.partly_in_shadow(), made.arrivals(), st.integers(0, 25), st.integers(1, 3))
def test_no_event_waits_until_all_profiles_are_under_the_rules_that_take_over(
    then: Rulebook, now: Rulebook, arrivals: list[Event | int], at: int, slice_of: int
) -> None:
    """Profiles are brought a few at a time, and those of an event before it: as if all had been there at once."""
    before, at_ms = arrivals[:at], newest(arrivals[:at])
    running, past = Shard(then), Shard(now)
    told = applied(running, [*before, at_ms])
    applied(past, [*before, at_ms])
    at_once = loaded(now, NOTHING.saved(running), past)
    expected = at_once.migrate(1_000_000)
    following, found = running.under(now, Past(past, Head.decode(past.head()))), list[Change]()
    for each in [*arrivals[at:], made.END_MS]:
        while isinstance(each, int) and following.is_stale:  # time comes once all are there
            found += following.migrate(slice_of)
        expected += applied(at_once, [each])
        found += applied(following, [each]) + following.migrate(slice_of)
        assert +Counter(following.members()) == +Counter(members(told + found))
    assert sorted(brief(found), key=repr) == sorted(brief(expected), key=repr)
    assert [each.id for each in in_order(found)] == [each.id for each in in_order(expected)]
    assert counted(following, made.END_MS) == counted(at_once, made.END_MS)
    assert Head.decode(following.head()) == Head.decode(at_once.head())
    assert following.profiles == at_once.profiles


def members(changes: Sequence[Change]) -> list[str]:
    """Who is in what by what was told, in shadow too: a segment for each who is in it."""
    where = Counter[tuple[str, str]]()
    for change in changes:
        where[change.subject, change.previous or ""] -= change.previous is not None
        where[change.subject, change.segment] += 1 if change.entered else -1
    return [segment for (_, segment), there in where.items() if there > 0]


def in_order(changes: Sequence[Change]) -> list[Change]:
    """Each subject's in the order in which they were told."""
    return sorted(changes, key=lambda change: change.subject)
