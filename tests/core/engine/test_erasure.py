"""Whoever is erased leaves everything, and is to the shard as if nothing had ever been heard of them."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.erasure import Erasure, mark_of
from streams.core.engine.shard import Shard
from streams.core.events import Event, Value
from streams.core.explain.forecast import clock
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Edges, Level, Rulebook, Scores, Segment, Tier
from streams.core.scores.quintiles import Quintiles
from tests import strategies as made
from tests.core.harness import Changes, Engine

START = 20_000 * DAY_MS

LIFECYCLE = Tier("lifecycle", (Level("power", parse_condition("count(any) >= 3")), Level("active", Always(True))))
HERE = Segment("here", parse_condition("count(any) >= 1"), version="sha256:1")
QUIET = Segment("quiet", parse_condition("idle_days >= 7"))
PRO = Segment("pro", parse_condition('plan == "pro" or missing(email)'), include=("plan",))
RULES = Rulebook((HERE, LIFECYCLE, PRO, QUIET))


def seen(user: str, day: float, **traits: Value) -> Event:
    at = START + int(day * DAY_MS)
    return Event(user, at, "" if traits else "Signed In", not traits, f"{user} {day}", {}, traits)


def at(day: float) -> int:
    return START + int(day * DAY_MS)


def shard_of(events: Sequence[Event], rules: Rulebook = RULES) -> Shard:
    shard = Shard(rules)
    shard.step(Batch.of(events))
    return shard


def brief(changes: Iterable[Change]) -> list[tuple[str, str, bool, float]]:
    return [(c.subject, c.segment, c.entered, (c.occurred_at - START) / DAY_MS) for c in changes]


def test_whoever_is_erased_leaves_every_segment_and_level_once_with_nothing_told_of_them() -> None:
    shard = shard_of([seen("ann", 0), seen("ann", 1, plan="pro", email="ann@acme.com"), seen("bob", 1)])
    changes = shard.erase([Erasure("ann", at(2), "the command")])
    assert brief(changes) == [
        ("ann", "here", False, 2.0),
        ("ann", "lifecycle/active", False, 2.0),
        ("ann", "pro", False, 2.0),
    ]
    for change in changes:
        assert (change.type, change.previous, change.cause) == ("segment.exited", None, "erase")
        assert (change.event_id, change.because, change.segments, change.traits) == ("the command", (), (), {})
        assert not change.is_live(at(2), 3_600_000)
    assert [(change.rule, change.ordinal, change.rule_version) for change in changes][:2] == [
        ("here", 2, "sha256:1"),
        ("lifecycle", 2, LIFECYCLE.version),
    ]
    assert "ann" not in shard.table
    assert "bob" in shard.table


def test_what_was_due_of_them_is_not_told_any_more() -> None:
    shard = shard_of([seen("ann", 0)])
    shard.erase([Erasure("ann", at(8))])
    assert shard.tick(at(30)) == []


def test_events_up_to_then_are_refused_and_counted_however_late_they_come() -> None:
    shard = shard_of([seen("ann", 0)])
    shard.erase([Erasure("ann", at(2))])
    assert shard.step(Batch.of([seen("ann", 1), seen("ann", 2, plan="pro"), seen("bob", 1)])) != []
    assert shard.refused == 2
    assert "ann" not in shard.table


def test_a_newer_event_begins_a_profile_that_knows_nothing_of_the_one_before() -> None:
    shard = Shard(RULES)
    before = shard.step(Batch.of([seen("ann", 0), seen("ann", 1, plan="pro", email="ann@acme.com")]))
    shard.erase([Erasure("ann", at(2))])
    after = shard.step(Batch.of([seen("ann", 3)]))
    here, level, pro = after
    assert (here.segment, here.ordinal, here.cause) == ("here", 1, "event")
    assert (level.segment, level.previous) == ("lifecycle/active", None)
    assert pro.traits == {}
    assert {change.id for change in before}.isdisjoint(change.id for change in after)


def test_a_profile_goes_with_what_it_counted_after_the_command_was_given() -> None:
    shard = shard_of([seen("ann", 0), seen("ann", 3)])
    (here, _, _) = shard.erase([Erasure("ann", at(2))])
    assert here.occurred_at == at(3)
    shard.step(Batch.of([seen("ann", 2.5)]))
    assert "ann" not in shard.table


def test_a_profile_that_began_after_the_command_was_given_stays() -> None:
    shard = shard_of([seen("ann", 3)])
    assert shard.erase([Erasure("ann", at(2))]) == []
    assert "ann" in shard.table
    shard.step(Batch.of([seen("ann", 1, plan="pro")]))
    assert shard.refused == 1
    assert shard.take_dirty().erased == []


def test_a_command_given_twice_does_once_what_it_says() -> None:
    shard = shard_of([seen("ann", 0)])
    command = Erasure("ann", at(2))
    assert len(shard.erase([command, command])) == 3
    shard.step(Batch.of([seen("ann", 3)]))
    assert shard.erase([command]) == []
    assert "ann" in shard.table


def test_a_command_about_somebody_unknown_refuses_what_is_still_to_come() -> None:
    shard = Shard(RULES)
    assert shard.erase([Erasure("ann", at(2))]) == []
    shard.step(Batch.of([seen("ann", 1)]))
    assert (shard.refused, "ann" in shard.table) == (1, False)
    assert shard.take_dirty().marks == [(mark_of("ann"), at(2))]


def test_a_checkpoint_is_told_once_of_whom_nothing_may_be_kept() -> None:
    shard = shard_of([seen("ann", 0, plan="pro"), seen("bob", 0)])
    shard.take_dirty()
    shard.erase([Erasure("ann", at(2))])
    assert shard.dirty_count == 1
    dirty = shard.take_dirty()
    assert (dirty.rows, dirty.documents, dirty.erased) == ([], [], ["ann"])
    assert dirty.marks == [(mark_of("ann"), at(2))]
    assert b"ann" not in mark_of("ann")
    assert shard.take_dirty() == ([], [], [], [], [])


def test_a_mark_outlives_the_worker() -> None:
    shard = shard_of([seen("ann", 0)])
    shard.erase([Erasure("ann", at(2))])
    dirty = shard.take_dirty()
    later = Shard.restore(RULES, shard.head(), dirty.rows, {}, marks=dict(dirty.marks))
    later.step(Batch.of([seen("ann", 1)]))
    assert (later.refused, "ann" in later.table) == (1, False)


def test_of_two_marks_the_later_one_holds() -> None:
    shard = Shard(RULES)
    shard.erase([Erasure("ann", at(5)), Erasure("ann", at(2))])
    shard.step(Batch.of([seen("ann", 4)]))
    assert shard.refused == 1


def test_their_texts_are_forgotten_unless_they_are_others_too() -> None:
    traits = {"plan": "gold", "email": "ann@acme.com"}
    shard = shard_of([seen("ann", 0, **traits), seen("bob", 0, plan="gold", email="bob@acme.com")])
    assert {"gold", "ann@acme.com", "bob@acme.com", "pro"} <= set(shard.table.values.texts)
    shard.erase([Erasure("ann", at(2))])
    assert "ann@acme.com" not in shard.table.values.texts
    assert {"gold", "bob@acme.com", "pro"} <= set(shard.table.values.texts)
    shard.step(Batch.of([seen("ann", 3, plan="pro", email="ann@acme.com")]))
    assert [segment for segment in shard.memberships("ann") if segment == "pro"] == ["pro"]


def test_new_edges_wake_nobody_who_was_erased_nor_are_they_counted_among_others() -> None:
    scores = Scores("rfm", parse_value("idle_days"), parse_value("count(any)"), parse_value("mrr"))
    shard = shard_of([seen("ann", 0), seen("bob", 0), seen("cid", 1)], Rulebook((scores,)))
    shard.erase([Erasure("ann", at(2)), Erasure("cid", at(2))])
    recency, _, _ = shard.measure("rfm", at(2))
    assert recency.tolist() == [2.0 - at(2) / DAY_MS]
    edges = Edges((3.0, 20.0, 30.0, 40.0), (2.0, 3.0, 4.0, 5.0), (1.0, 2.0, 3.0, 4.0))
    shard.set_edges(Quintiles("rfm", 1, at(2), edges))
    assert {change.subject for change in shard.tick(at(3))} == {"bob"}


class Erasing(NamedTuple):
    """Erase `user` before the arrival at `place`, as of `at_ms`."""

    user: str
    at_ms: int
    place: int


class World(NamedTuple):
    """What became of a history: the changes by user, and what is kept at the end."""

    changes: Changes
    kept: dict[str, tuple[bytes, bytes]]


def lived(
    rulebook: Rulebook, arrivals: Sequence[Event | int], erasing: Erasing | None, reload: bool
) -> tuple[World, int]:
    """Also returns up to when events are refused."""
    engine, until_ms = Engine(rulebook), 0
    for place, arrival in enumerate([*arrivals, made.END_MS]):
        if erasing is not None and erasing.place == place:
            before, until_ms = engine.reported, erasing.at_ms
            engine.reported = {user: changes for user, changes in before.items() if user != erasing.user}
            if erasing.user in engine.shard.table:
                until_ms = max(until_ms, clock(engine.shard, erasing.user))
            left = [change.segment for change in engine.erase(erasing.user, erasing.at_ms)]
            assert left == [segment for change in before.get(erasing.user, [])[-1:] for segment in change.segments]
            if reload:
                engine.save_and_reload(rulebook)
        if isinstance(arrival, int):
            engine.pass_time(arrival)
        else:
            engine.apply([arrival])
    engine.save()
    kept = {user: (row[1:], engine.documents.get(user, b"")) for user, row in engine.rows.items()}
    return World(engine.reported, kept), until_ms


@given(made.rulebooks(most=2), made.arrivals(), st.data())
def test_an_erasure_anywhere_is_as_if_what_was_before_had_never_been(
    rulebook: Rulebook, arrivals: list[Event | int], data: st.DataObject
) -> None:
    user = data.draw(st.sampled_from(("ann", "bob")), "user")
    place = data.draw(st.integers(0, len(arrivals)), "place")
    # Not before anything of theirs that has come: a command is given about what was.
    before = [item.ts for item in arrivals[:place] if isinstance(item, Event) and item.subject == user]
    at_ms = max([data.draw(st.integers(made.START_MS, made.END_MS), "time"), min(before, default=0)])
    reload = data.draw(st.booleans(), "reload")
    world, until_ms = lived(rulebook, arrivals, Erasing(user, at_ms, place), reload)
    rest = [
        item
        for number, item in enumerate(arrivals)
        if isinstance(item, int) or item.subject != user or (number >= place and item.ts > until_ms)
    ]
    assert world == lived(rulebook, rest, None, reload=False)[0]


SAVE: Final = "save"
CRASH: Final = "crash"
Item = Event | Erasure | int | str

erasures = st.builds(Erasure, st.sampled_from(("ann", "bob")), st.integers(made.START_MS, made.END_MS), st.just("m"))


@st.composite
def lives(draw: st.DrawFn) -> list[Item]:
    """A history, with erasures, checkpoints and crashes among it."""
    items: list[Item] = list(draw(made.arrivals()))
    for extra in draw(st.lists(erasures | st.sampled_from((SAVE, CRASH)), max_size=8)):
        items.insert(draw(st.integers(0, len(items))), extra)
    return items


class Worker:
    """What it has told, by id, and the state: what is in memory, and what the last checkpoint kept."""

    def __init__(self, rulebook: Rulebook):
        self.told: dict[str, Change] = {}
        self.rows: dict[str, bytes] = {}
        self.documents: dict[str, bytes] = {}
        self.marks: dict[bytes, int] = {}
        self._shard = Shard(rulebook)
        self._head = self._shard.head()
        self._undone: list[Event | Erasure | int] = []

    def do(self, item: Item) -> None:
        if item == SAVE:
            self._save()
        elif item == CRASH:
            rules, rows = self._shard.catalog.rulebook, list(self.rows.items())
            self._shard = Shard.restore(rules, self._head, rows, self.documents, marks=self.marks)
            again, self._undone = self._undone, []
            for each in again:
                self.do(each)
        elif not isinstance(item, str):
            self._undone.append(item)
            for change in self._changes(item):
                assert self.told.setdefault(change.id, change) == change

    def _changes(self, item: Event | Erasure | int) -> list[Change]:
        match item:
            case Event():
                return self._shard.step(Batch.of([item]))
            case Erasure():
                return self._shard.erase([item])
            case _:
                return self._shard.tick(max(item, self._shard.time_ms))

    def _save(self) -> None:
        dirty = self._shard.take_dirty()
        for kept in (self.rows, self.documents):
            for user in dirty.erased:
                kept.pop(user, None)
        self.rows |= dirty.rows
        self.documents |= dirty.documents
        self.marks |= dirty.marks
        self._head, self._undone = self._shard.head(), []


@given(made.rulebooks(most=2), lives())
def test_who_is_erased_is_erased_once_whatever_crashes(rulebook: Rulebook, items: list[Item]) -> None:
    crashing, steady = Worker(rulebook), Worker(rulebook)
    for item in [*items, SAVE]:
        crashing.do(item)
    for item in [*(item for item in items if item != CRASH), SAVE]:
        steady.do(item)
    assert list(crashing.told.values()) == list(steady.told.values())
    assert (crashing.rows, crashing.documents, crashing.marks) == (steady.rows, steady.documents, steady.marks)
