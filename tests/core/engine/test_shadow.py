"""Rules in shadow: evaluated like any other, and nobody is told of them; and what becomes of their members when they go
live, and the other way round."""

from collections.abc import Sequence
from dataclasses import replace

import hypothesis
import msgspec

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Grouping, Level, Rulebook, Segment, Tier
from tests.rulebooks import rulebook
from tests.strategies import END_MS, arrivals, histories, partly_in_shadow

START = 20_000 * DAY_MS
QUIET = Segment("quiet", parse_condition("idle_days >= 1"), exit=parse_condition("idle_days < 0.5"), version="v1")
LIFE = Tier("life", (Level("new", parse_condition("tenure_days < 5")), Level("old", Always(True))), version="v1")


def in_shadow(rule: Grouping) -> Grouping:
    return replace(rule, is_shadow=True)


def came(user: str, ts: int) -> Event:
    return Event(user, ts, "Signed In", True, f"{user}-{ts}", {}, {})


class Kept:
    """A shard at rest, loaded again and again under other rules."""

    def __init__(self, rules: Rulebook):
        self.shard = Shard(rules)
        self._rows: dict[str, bytes] = {}
        self._documents: dict[str, bytes] = {}

    def under(self, rules: Rulebook) -> list[Change]:
        dirty = self.shard.take_dirty()
        self._rows |= dict(dirty.rows)
        self._documents |= dict(dirty.documents)
        self.shard = Shard.restore(rules, self.shard.head(), self._rows.items(), self._documents)
        return self.shard.migrate()


def brief(changes: list[Change]) -> list[tuple[bool, str, str, int]]:
    return [(change.is_shadow, change.type, change.segment, change.ordinal) for change in changes]


def test_a_rule_in_shadow_is_found_out_and_kept_apart() -> None:
    shard = Shard(rulebook(in_shadow(QUIET), LIFE))
    shard.step(Batch.of([came("ann", START)]))
    changes = shard.tick(START + 2 * DAY_MS)
    assert brief(changes) == [(True, "segment.entered", "quiet", 1)]
    assert changes[0].segments == ("life/new",), "what it says of others is true of all who are told"
    assert shard.memberships("ann") == {"life/new": (START, 1)}
    assert shard.members() == {"life/new": 1, "life/old": 0, "quiet": 1}
    assert [standing.segment for standing in shard.explain("ann", START)] == ["life/new", "quiet"]


def test_changes_of_others_do_not_name_it() -> None:
    shard = Shard(rulebook(in_shadow(LIFE), QUIET))
    shard.step(Batch.of([came("ann", START)]))
    told = [change for change in shard.tick(START + 9 * DAY_MS) if not change.is_shadow]
    assert [change.segments for change in told] == [("quiet",)]


def test_from_shadow_to_live_its_members_are_told() -> None:
    kept = Kept(rulebook(in_shadow(QUIET)))
    kept.shard.step(Batch.of([came("ann", START), came("bob", START + 2 * DAY_MS)]))
    kept.shard.tick(START + 2 * DAY_MS)
    changes = kept.under(rulebook(QUIET))
    assert brief(changes) == [(True, "segment.exited", "quiet", 2), (False, "segment.entered", "quiet", 1)]
    (entered,) = (change for change in changes if not change.is_shadow)
    assert (entered.subject, entered.cause, entered.occurred_at) == ("ann", "rule_change", START + 2 * DAY_MS)
    assert entered.segments == ("quiet",)
    assert next((reason.condition, reason.value, reason.now) for reason in entered.because) == (
        "idle_days >= 1",
        2.0,
        True,
    )
    assert kept.shard.memberships("ann") == {"quiet": (START + 2 * DAY_MS, 1)}
    left = kept.shard.step(Batch.of([came("ann", START + 3 * DAY_MS)]))
    assert brief(left) == [(False, "segment.exited", "quiet", 2)]


def test_who_is_in_shadow_by_having_been_in_goes_live_too() -> None:
    """She would not enter by what holds now; only `exit` would let her go."""
    twice = Segment("twice", parse_condition("count(any) == 2"), exit=parse_condition("idle_days > 99"), version="v1")
    kept = Kept(rulebook(in_shadow(twice)))
    kept.shard.step(Batch.of([came("ann", START + day) for day in range(3)]))
    assert brief(kept.under(rulebook(twice)))[1:] == [(False, "segment.entered", "twice", 1)]


def test_from_live_to_shadow_all_exit_and_stay_in_it_in_shadow() -> None:
    kept = Kept(rulebook(QUIET))
    kept.shard.step(Batch.of([came("ann", START)]))
    kept.shard.tick(START + 2 * DAY_MS)
    changes = kept.under(rulebook(in_shadow(QUIET)))
    assert brief(changes) == [(False, "segment.exited", "quiet", 2), (True, "segment.entered", "quiet", 1)]
    assert {change.cause for change in changes} == {"rule_change"}
    assert kept.shard.memberships("ann") == {}
    assert kept.shard.members() == {"quiet": 1}
    again = kept.under(rulebook(QUIET))
    assert brief(again)[1:] == [(False, "segment.entered", "quiet", 3)], "a change that bore the id of another"


def test_a_tier_goes_live_with_the_level_that_each_has() -> None:
    kept = Kept(rulebook(in_shadow(LIFE)))
    kept.shard.step(Batch.of([came("ann", START)]))
    changes = kept.under(rulebook(LIFE))
    assert brief(changes) == [(True, "segment.exited", "life/new", 2), (False, "segment.changed", "life/new", 1)]
    assert changes[1].previous is None


def test_a_rule_that_means_something_else_when_it_goes_live_is_told_as_it_then_is() -> None:
    kept = Kept(rulebook(in_shadow(QUIET)))
    kept.shard.step(Batch.of([came("ann", START), came("bob", START + 1)]))
    kept.shard.tick(START + 2 * DAY_MS)
    stricter = Segment("quiet", parse_condition("idle_days >= 9"), version="v2")
    changes = kept.under(rulebook(stricter))
    assert brief(changes) == [(True, "segment.exited", "quiet", 2)] * 2
    assert kept.shard.members() == {"quiet": 0}
    assert brief(kept.shard.tick(START + 10 * DAY_MS)) == [(False, "segment.entered", "quiet", 1)] * 2


def test_a_rule_in_shadow_that_is_taken_out_is_left_in_silence() -> None:
    kept = Kept(rulebook(in_shadow(QUIET), LIFE))
    kept.shard.step(Batch.of([came("ann", START)]))
    kept.shard.tick(START + 2 * DAY_MS)
    assert brief(kept.under(rulebook(LIFE))) == [(True, "segment.exited", "quiet", 2)]


def test_who_is_erased_leaves_what_is_in_shadow_too() -> None:
    shard = Shard(rulebook(in_shadow(QUIET), LIFE))
    shard.step(Batch.of([came("ann", START)]))
    shard.tick(START + 2 * DAY_MS)
    left = shard.erase_one("ann", START + 3 * DAY_MS, "m")
    assert brief(left) == [(False, "segment.exited", "life/new", 2), (True, "segment.exited", "quiet", 2)]


def told(rules: Rulebook, arrived: Sequence[Event | int]) -> list[Change]:
    shard, found = Shard(rules), list[Change]()
    for each in arrived:
        found += shard.tick(each) if isinstance(each, int) else shard.step(Batch.of([each]))
    return found


@hypothesis.given(partly_in_shadow(), histories(most=25))
def test_others_are_as_if_what_is_in_shadow_were_not_there(rules: Rulebook, events: list[Event]) -> None:
    live = Rulebook(tuple(rule for rule in rules.rules if not rule.is_shadow))
    arrived: list[Event | int] = [*events, END_MS]
    assert [change for change in told(rules, arrived) if not change.is_shadow] == told(live, arrived)


@hypothesis.given(partly_in_shadow(), arrivals())
def test_what_is_in_shadow_is_as_if_it_were_live(rules: Rulebook, arrived: list[Event | int]) -> None:
    assert list(map(alike, told(rules, arrived))) == list(map(alike, told(rules.all_live(), arrived)))


def alike(change: Change) -> Change:
    return msgspec.structs.replace(change, segments=(), is_shadow=False)
