"""Levels and segments that are no more, or others than before, when a shard is loaded under changed rules."""

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Grouping, Level, Rulebook, Segment, Tier

START = 20_000 * DAY_MS


def tier(**levels: str) -> Tier:
    """name=condition; a last level `other` is added."""
    asked = tuple(Level(name, parse_condition(text)) for name, text in levels.items())
    return Tier("life", (*asked, Level("other", Always(True))), version=repr(levels))


def segment(text: str) -> Segment:
    return Segment("life", parse_condition(text), version=text)


def renewed(then: Grouping, now: Grouping | None) -> tuple[Shard, list[Change]]:
    """One user, idle for two days under one rule, then under the other."""
    shard = Shard(Rulebook((then,)))
    shard.step(Batch.of([Event("ann", START, "Signed In", True, "1", {}, {})]))
    shard.tick(START + 2 * DAY_MS)
    dirty = shard.take_dirty()
    after = Shard.restore(Rulebook((now,) if now is not None else ()), shard.head(), dirty.rows, dict(dirty.documents))
    return after, after.migrate()


def brief(changes: list[Change]) -> list[tuple[str, str, str | None, int]]:
    return [(change.type, change.segment, change.previous, change.ordinal) for change in changes]


def test_a_level_keeps_its_name_wherever_it_now_stands_among_the_others() -> None:
    after, changes = renewed(tier(idle="idle_days >= 1"), tier(gone="idle_days >= 9", idle="idle_days >= 1"))
    assert changes == []
    assert after.memberships("ann") == {"life/idle": (START + DAY_MS, 2)}


def test_whoever_is_in_a_level_that_is_gone_changes_from_it_to_another() -> None:
    _, changes = renewed(tier(idle="idle_days >= 1"), tier(quiet="idle_days >= 2"))
    assert brief(changes) == [("segment.changed", "life/quiet", "life/idle", 3)]
    assert (changes[0].cause, changes[0].occurred_at) == ("rule_change", START + 2 * DAY_MS)


def test_whoever_is_in_a_tier_that_is_gone_leaves_its_level() -> None:
    after, changes = renewed(tier(idle="idle_days >= 1"), None)
    assert brief(changes) == [("segment.exited", "life/idle", None, 3)]
    assert changes[0].segments == ()
    assert after.memberships("ann") == {}


def test_a_tier_that_becomes_a_segment_of_that_name_is_left_before_it_is_entered() -> None:
    after, changes = renewed(tier(idle="idle_days >= 1"), segment("idle_days >= 1"))
    assert brief(changes) == [("segment.exited", "life/idle", None, 3), ("segment.entered", "life", None, 4)]
    assert after.memberships("ann") == {"life": (START + 2 * DAY_MS, 4)}


def test_a_segment_that_becomes_a_tier_of_that_name_is_what_the_first_level_follows() -> None:
    _, changes = renewed(segment("idle_days >= 1"), tier(idle="idle_days >= 1"))
    assert brief(changes) == [("segment.changed", "life/idle", "life", 2)]


def test_a_rule_that_is_taken_away_and_comes_back_counts_on() -> None:
    """Else the second entry, at the same instant, would bear the id of the first."""
    without = Rulebook((segment("idle_days >= 99"),))
    within = Rulebook((Segment("here", parse_condition("idle_days >= 0"), version="1"), *without.rules))
    shard = Shard(without)
    shard.step(Batch.of([Event("ann", START, "Signed In", True, "1", {}, {})]))
    rows: dict[str, bytes] = {}
    documents: dict[str, bytes] = {}
    found: list[Change] = []
    for rules in (within, without, without, within):
        dirty = shard.take_dirty()
        rows, documents = rows | dict(dirty.rows), documents | dict(dirty.documents)
        shard = Shard.restore(rules, shard.head(), list(rows.items()), documents)
        found += shard.migrate()
    assert brief(found) == [
        ("segment.entered", "here", None, 1),
        ("segment.exited", "here", None, 2),
        ("segment.entered", "here", None, 3),
    ]
    assert len({change.id for change in found}) == 3


def test_what_a_rule_had_told_is_no_trace_of_it_where_nobody_was_in_it() -> None:
    after, found = renewed(Segment("here", parse_condition("idle_days >= 99"), version="1"), None)
    assert found == []
    assert after.take_dirty().documents == []
