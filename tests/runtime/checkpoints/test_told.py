"""Where the last changes led is known from what stands on their topic, and who stands elsewhere by then."""

import random
from collections.abc import Sequence
from typing import Final

import pytest
from msgspec import structs

from streams.core.changes import Change, Type
from streams.core.engine.shard import Shard
from streams.core.kernel.layout import NEVER
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.rulebook import Rulebook, Scores, Segment
from streams.runtime.checkpoints import told
from streams.runtime.checkpoints.published import Published
from streams.runtime.checkpoints.told import Led
from streams.testing import decoded, instant, track
from tests.rulebooks import rulebook
from tests.runtime.checkpoints.published_topics import OURS, Topics

NOON: Final = instant("2026-03-01 12:00")
RULES: Final = rulebook(often="count(any) >= 2", once="count(any) >= 1")


def change(user: str, rule: str, ordinal: int, kind: Type = "segment.entered") -> Change:
    return Change(user, rule, kind, rule, None, NOON + ordinal, "event", "m", ordinal, "1", (), (), {})


def left(user: str, rule: str, ordinal: int) -> Change:
    return change(user, rule, ordinal, "segment.exited")


async def read(*changes: Change) -> Published:
    return await Topics([OURS.change(each, NOON) for each in changes]).read()


def shard_of(rules: Rulebook, *users: str) -> Shard:
    """Each with one event for every time she is named."""
    shard = Shard(rules)
    shard.step(decoded(rules, [track(user, "Signed In", NOON, f"m-{n}") for n, user in enumerate(users)]))
    return shard


def elsewhere(published: Published, shard: Shard) -> Sequence[Led]:
    return [led for rows in published.told.pieces(shard) for led in published.told.elsewhere(shard, rows)]


async def test_who_stands_elsewhere_is_found_with_where_the_last_change_of_her_led() -> None:
    changes = [
        *(change("in", "once", 1), left("in", "once", 2), change("in", "once", 3)),
        *(change("out", "often", 1), left("out", "often", 2)),
        *(change("she", "once", 1), left("she", "once", 2), change("she", "often", 7)),
    ]
    found = elsewhere(await read(*changes), shard_of(RULES, "in", "out", "she", "nobody knows"))
    assert sorted(found) == [Led("she", "often", "often", 7), Led("she", "once", None, 2)]


async def test_time_had_come_as_far_as_what_it_made_says_but_not_ahead_of_the_clock_of_then() -> None:
    by_time = structs.replace(change("ann", "once", 1), cause="timer")
    before, ahead = (structs.replace(by_time, occurred_at=NOON + ms) for ms in (-5_000, 60_000))
    assert (await read(change("dan", "once", 1))).told.time_ms == NEVER
    assert (await read(before, change("dan", "once", 1))).told.time_ms == NOON - 5_000
    assert (await read(ahead, before)).told.time_ms == NOON


async def test_what_comes_again_is_no_later_change() -> None:
    entered, again = change("ann", "once", 1), left("ann", "once", 2)
    assert elsewhere(await read(again, entered, again), shard_of(RULES, "ann")) == []


async def test_what_is_told_meanwhile_and_what_the_last_owner_had_not_published_comes_after_what_was_read() -> None:
    published, shard = await read(left("ann", "once", 2), left("bob", "once", 2)), shard_of(RULES, "ann", "bob")
    assert len(elsewhere(published, shard)) == 2
    published.told.follow(b"ann", change("ann", "once", 3))
    published.say([OURS.change(change("bob", "once", 3), NOON), OURS.change(left("bob", "once", 2), NOON)])
    assert elsewhere(published, shard) == []
    assert published.told.last_of("bob", "once") == Led("bob", "once", "once", 3)


async def test_of_who_was_never_told_of_by_a_rule_nothing_is_found() -> None:
    published = await read()
    published.told.follow(b"ann", left("ann", "once", 2))
    assert elsewhere(published, shard_of(RULES, "ann")) == []
    assert published.told.last_of("ann", "once") is None


async def test_what_hangs_on_quintiles_waits_for_their_edges_and_what_is_in_shadow_is_nobodys() -> None:
    scores = Scores("rfm", parse_value("mrr"), parse_value("count(any)"), parse_value("mrr"))
    asks = Segment("asks", parse_condition("count(any) >= 1 and rfm.f >= 1", ["rfm"]))
    then = Segment("then", parse_condition('in_segment("asks") or count(any) > 9'))
    hidden = Segment("hidden", parse_condition("count(any) > 9"), is_shadow=True)
    rules = rulebook(scores, asks, then, hidden, once="count(any) >= 1")
    champion = structs.replace(change("ann", "rfm", 1, "segment.changed"), segment="rfm/champions")
    known = [change("ann", name, 1) for name in ("asks", "hidden", "then")]
    assert elsewhere(await read(champion, *known, left("ann", "once", 2)), shard_of(rules, "ann")) == [
        Led("ann", "once", None, 2)
    ]


@pytest.mark.parametrize("at_once", [1, 3, 500])
async def test_all_are_found_however_many_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(told, "AT_ONCE", at_once)
    chance = random.Random(1)
    users = [f"u-{number}" for number in range(40)]
    shard = shard_of(RULES, *users, *(user for user in users if chance.random() < 0.5))
    last = {(user, rule): chance.random() < 0.5 for user in users for rule in ("often", "once")}
    published = await read(*(change(*whose, 2) if is_in else left(*whose, 2) for whose, is_in in last.items()))
    wanted = {whose for whose, is_in in last.items() if is_in != (whose[1] in shard.memberships(whose[0]))}
    assert {(led.user, led.rule) for led in elsewhere(published, shard)} == wanted
    for led in elsewhere(published, shard):
        published.told.follow(led.user.encode(), shard.lead_on(*led))
    assert elsewhere(published, shard) == []
