"""Two users become one: as if they had always been, and only what differs from what was told is told."""

from collections.abc import Iterable, Sequence
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event, Value
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Rulebook, Segment, Tier
from tests import strategies as made
from tests.core.engine.merged_lives import USERS, Item, lives
from tests.core.harness import Changes, Engine
from tests.oracle import Merge, judge

START: Final = 20_000 * DAY_MS
LIFECYCLE = Tier("lifecycle", (Level("power", parse_condition("count(any) >= 3")), Level("active", Always(True))))
BUSY = Segment("busy", parse_condition("count(any) >= 2"))
QUIET = Segment("quiet", parse_condition("idle_days >= 7"), min_stay_ms=DAY_MS)
RULES = Rulebook((BUSY, LIFECYCLE, QUIET))


def at(day: float) -> int:
    return START + int(day * DAY_MS)


def seen(user: str, day: float, **traits: Value) -> Event:
    return Event(user, at(day), "" if traits else "Signed In", not traits, f"{user} {day}", {}, traits)


def merged(events: Sequence[Event], day: float, gone: str = "bob", into: str = "ann") -> tuple[Shard, list[Change]]:
    """The changes of the merge alone."""
    shard = Shard(RULES)
    shard.step(Batch.of(events))
    packed, changes = shard.depart(gone, into, at(day), "m-1")
    return shard, changes + shard.arrive(into, packed, at(day), "m-1")


def brief(changes: Iterable[Change]) -> list[tuple[str, str, str, str | None, int]]:
    return [(c.subject, c.type.removeprefix("segment."), c.segment, c.previous, c.ordinal) for c in changes]


def test_who_is_gone_leaves_and_the_survivor_is_told_what_is_new_of_her() -> None:
    shard, changes = merged([seen("ann", 0), seen("bob", 1), seen("bob", 2)], day=3)
    assert brief(changes) == [
        ("bob", "exited", "busy", None, 2),
        ("bob", "exited", "lifecycle/active", None, 2),
        ("ann", "entered", "busy", None, 1),
        ("ann", "changed", "lifecycle/power", "lifecycle/active", 2),
    ]
    assert {(change.cause, change.event_id, change.occurred_at) for change in changes} == {("merge", "m-1", at(3))}
    assert [change.merged_into for change in changes] == ["ann", "ann", None, None]
    assert [change.is_live(at(3), 3_600_000) for change in changes] == [False, False, True, True]
    assert "bob" not in shard.table


def test_who_both_were_in_one_segment_is_in_it_since_the_earlier_and_nothing_is_told() -> None:
    shard, changes = merged([seen("bob", 0), seen("bob", 1), seen("ann", 2), seen("ann", 3)], day=4)
    assert ("ann", "entered", "busy", None, 2) not in brief(changes)
    assert shard.memberships("ann")["busy"] == (at(1), 1)


def test_who_comes_to_the_level_that_the_other_had_has_it_since_then() -> None:
    shard, changes = merged([seen("ann", 0), *(seen("bob", day) for day in (1, 2, 3))], day=4)
    assert ("ann", "changed", "lifecycle/power", "lifecycle/active", 2) in brief(changes)
    assert shard.memberships("ann")["lifecycle/power"] == (at(3), 2)


def test_nobody_is_told_to_enter_and_to_leave_at_once() -> None:
    shard, changes = merged([seen("bob", 0), seen("ann", 9)], day=9)
    assert "quiet" in [change.segment for change in changes if change.subject == "bob"]
    assert "quiet" not in shard.memberships("ann")
    assert "quiet" not in [change.segment for change in changes if change.subject == "ann"]


def test_a_stay_counts_from_when_either_came_in() -> None:
    """She may not leave before the day is over that began when he came in."""
    shard, _ = merged([seen("bob", 0), seen("ann", 7.1)], day=7.5)
    assert shard.memberships("ann")["quiet"] == (at(7), 1)
    assert [change.segment for change in shard.tick(at(7.9))] == []
    assert [(change.segment, change.entered) for change in shard.tick(at(8.1))] == [("quiet", False)]


def test_no_clock_goes_back() -> None:
    shard, changes = merged([seen("ann", 0), seen("bob", 8), seen("bob", 9)], day=1)
    assert {change.occurred_at for change in changes if change.cause == "merge"} == {at(9)}
    assert shard.step(Batch.of([seen("ann", 2)])) == []


def test_what_has_come_for_all_is_worked_off_at_once() -> None:
    shard = Shard(RULES)
    shard.step(Batch.of([seen("ann", 0), seen("bob", 1), seen("bob", 2)]))
    shard.tick(at(30))
    packed, _ = shard.depart("bob", "ann", at(5), "m-1")
    changes = shard.arrive("ann", packed, at(5), "m-1")
    assert [(change.segment, change.occurred_at) for change in changes if change.segment != "quiet"] == [
        ("busy", at(9)),
        ("lifecycle/power", at(9)),
    ]
    assert shard.memberships("ann")["quiet"][0] == at(7)


def test_who_is_gone_leaves_what_was_told_in_another_life_and_has_not_come_to_pass_and_nothing_else() -> None:
    shard = Shard(RULES)
    shard.step(Batch.of([seen("ann", 0), seen("bob", 0), seen("bob", 1)]))
    shard.tick(at(20))  # he is in `quiet` by his first change of it
    packed, _ = shard.depart("bob", "ann", at(20), "m-1")
    told = {"busy": (at(1), 1), "quiet": (at(30), 3), "lifecycle/power": (at(30), 2), "a rule of then": (at(1), 9)}
    changes = shard.leave_as_told("bob", shard.beyond("bob", told, packed), at(31), "m-1", "ann")
    assert brief(changes) == [("bob", "exited", "quiet", None, 4), ("bob", "exited", "lifecycle/power", None, 3)]
    assert {(change.occurred_at, change.cause, change.event_id, change.merged_into) for change in changes} == {
        (at(31), "merge", "m-1", "ann")
    }


def test_who_was_erased_leaves_what_was_told_in_another_life_unless_she_is_back_in_it() -> None:
    shard = Shard(RULES)
    shard.step(Batch.of([seen("ann", 5), seen("ann", 6)]))
    told = {"busy": (at(1), 1), "lifecycle/power": (at(3), 2), "a rule of then": (at(1), 9)}
    assert shard.beyond("bob", told) == {"busy": (at(1), 1), "lifecycle/power": (at(3), 2)}
    beyond = shard.beyond("ann", told)
    assert "busy" not in beyond
    changes = shard.leave_as_told("bob", shard.beyond("bob", told), at(2), "m-1")
    assert brief(changes) == [("bob", "exited", "busy", None, 2), ("bob", "exited", "lifecycle/power", None, 3)]
    assert {(change.occurred_at, change.cause, change.merged_into) for change in changes} == {(at(3), "erase", None)}
    assert shard.leave_as_told("bob", {}, at(2), "m-1") == []


def test_a_profile_that_other_rules_wrote_is_merged_by_what_both_count() -> None:
    then, now = Shard(Rulebook((BUSY,))), Shard(RULES)
    then.step(Batch.of([seen("bob", 1), seen("bob", 2, plan="pro")]))
    now.step(Batch.of([seen("ann", 0)]))
    packed, _ = then.depart("bob", "ann", at(3), "m-1")
    changes = now.arrive("ann", packed, at(3), "m-1")
    assert brief(changes) == [("ann", "entered", "busy", None, 1)]
    assert now.table.document(now.table.row_of("ann")).read("plan") == "pro"


def lived(rulebook: Rulebook, items: Sequence[Item], saves: set[int], in_one: bool) -> Changes:
    engine, now, batch = Engine(rulebook), dict(zip(USERS, USERS, strict=True)), list[Event]()
    for place, item in enumerate([*items, made.END_MS]):
        if isinstance(item, Event):
            batch.append(replace(item, subject=now[item.subject]))
        if not isinstance(item, Event) or not in_one:
            engine.apply(batch)
            batch = []
        if place in saves:
            engine.save_and_reload(rulebook)
        if isinstance(item, Merge):
            engine.merge(item)
            now = {user: item.into if one == item.gone else one for user, one in now.items()}
        elif isinstance(item, int):
            engine.pass_time(item)
    return engine.reported


@given(made.rulebooks(most=3), lives(), st.data())
def test_merged_is_as_if_always_one(rulebook: Rulebook, items: list[Item], data: st.DataObject) -> None:
    saves = data.draw(st.sets(st.integers(0, len(items)), max_size=3), "saves")
    in_one = data.draw(st.booleans(), "in one batch")
    expected = {user: changes for user, changes in judge(rulebook, items, made.END_MS).items() if changes}
    assert lived(rulebook, items, set() if in_one else saves, in_one) == expected
