"""A crash, or a failed answer, between any two steps of a shard's life: what comes of it is as if nothing had happened.

`LIVES` is the table: each kind of life with all that its owner asks of Kafka and Redis, in order. Whatever it asks from
now on is a step more: a test holds the table against what is asked, so that there is no step without a crash.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import pytest
from faust.types import TP

from streams.core.calendar import UTC
from streams.core.engine.erasure import Erasure
from streams.core.engine.shard import Shard
from streams.core.flows import last_days
from streams.core.rules.rulebook import Rulebook
from streams.kafka.message import Message
from streams.outputs.change import decode_change
from streams.runtime.shard_work import ShardWork
from streams.sources import profile_commands
from streams.state.format import COUNTED, DOCUMENTS, MARKS, MEMBERSHIPS, ROWS, TIMELINE
from streams.state.redis_store import RedisStore
from streams.state.store import Store
from tests.rulebooks import rulebook
from tests.runtime.lives import HOW, Crash, Owner
from tests.runtime.world import NOON, World, lose
from tests.state.checkpoints import claimed

pytestmark = pytest.mark.usefixtures("at_once")

EVENTS, COMMANDS = TP("product-events", 1), TP("profile-commands", 1)
RULES = rulebook(open='count("Opened") > count("Closed")')
OTHERS = rulebook(open='count("Opened") > count("Closed")', closed='count("Closed") >= 1')
MORE = rulebook(open='count("Opened") > count("Closed")', printed='count("Printed") >= 1')
OTHERS_YET = rulebook(open='count("Opened") > count("Closed")', printed='count("Printed") >= 1 and missing(plan)')
# Of two partitions, by the default partitioner.
AT_HOME, ERASED, ELSEWHERE = "dan", "max", "ann"

CLAIMS: Final = ("owner", "is_current", "claim")
CLAIMS_BACK: Final = ("owner", "is_current", "claim_back")
BEGINS_FIRST: Final = ("committed", "reading_back", "earliest_offsets")
BEGINS_ANEW: Final = ("committed", "earliest_offsets", "reading_back")
GOES_ON: Final = ("earliest_offsets", "ends")
LOADS: Final = (*GOES_ON, "load")
TELLS: Final = ("publish segment-changes", "publish segment-memberships", "mark_published")
BEHIND_MS: Final = 60_000
# What is asked again stands here once.
LIVES: Final[Mapping[str, Sequence[str]]] = {
    "a first checkpoint": (*CLAIMS, *BEGINS_FIRST, "start_reading", "save", *TELLS),
    "a record that cannot be used": (*CLAIMS, *BEGINS_FIRST, "start_reading", "save", "publish dead-letters"),
    "a record that is another shard's": (
        *(*CLAIMS, *BEGINS_FIRST, "start_reading", "save"),
        *("publish rerouted-events", "mark_published"),
    ),
    "an erasure": (*CLAIMS, *LOADS, "start_reading", "save", *TELLS),
    "other rules": (*CLAIMS, *LOADS, "start_reading", "save", *TELLS),
    "other rules while it works": (*CLAIMS, *LOADS, "start_reading", "save", "claim_back", *TELLS),
    "other rules with their past while it works": (
        *("past progress", *CLAIMS, *LOADS, "start_reading"),
        *("past owner", "past claim", "reading_on", "past save"),
        *("claim_back", "save", *TELLS),
    ),
    "other rules, whose past was made before": (
        *("past progress", *CLAIMS, *LOADS, "start_reading"),
        *("past owner", "past claim", "past load", "reading_on", "past save"),
        *("save", *TELLS),
    ),
    # Applied while it is loaded under others, of which it takes the past.
    "others yet": (
        *("past progress", *CLAIMS, *LOADS, "start_reading"),
        *("past owner", "past claim", "past load", "reading_on", "past save"),
        *("save", *TELLS),
    ),
    "a shard that comes back": (*CLAIMS_BACK, *GOES_ON, "start_reading", "save", *TELLS),
    "a shard that comes back from another": (*CLAIMS, *LOADS, "start_reading", "save", *TELLS),
    "a state that was lost": (*CLAIMS, *BEGINS_ANEW, "start_reading", "save", *TELLS),
    "a state that was lost, found by a worker whose clock is behind": (
        *(*CLAIMS, *BEGINS_ANEW, "start_reading", "save", *TELLS),
    ),
    "a state that was lost, and the consumer group with it": (
        *(*CLAIMS, *BEGINS_FIRST, "start_reading", "save", *TELLS),
    ),
    "what the last owner did not publish": (*CLAIMS, *LOADS, "values", *TELLS, "start_reading", "save"),
}


BEGIN: Final[Mapping[str, Rulebook]] = {
    **{life: RULES for life in LIVES if life.endswith("while it works")},
    "others yet": MORE,
}

# --------------------------------------------------------------------------------------- what goes before each life


async def fresh(kept: Store, life: str) -> tuple[World, Rulebook]:
    """The world as it is when such a life begins, and by which rules it is lived."""
    await lose(kept)
    world = World(kept.shards)
    match life:
        case "a first checkpoint" | "a record that is another shard's":
            world.event(AT_HOME if life == "a first checkpoint" else ELSEWHERE, "Opened")
        case "a record that cannot be used":
            world.arrive(EVENTS, AT_HOME, b"{oops")
        case "an erasure":
            world.event(ERASED, "Opened")
            await Owner(world, RULES).live()
            world.arrive(COMMANDS, ERASED, profile_commands.encode(Erasure(ERASED, NOON + 500, "e")))
        case "other rules" | "other rules while it works":
            world.event(AT_HOME, "Closed")
            await Owner(world, RULES).live()
            return world, OTHERS
        case "other rules with their past while it works" | "other rules, whose past was made before" | "others yet":
            await _awaits(world, is_made=not life.endswith("while it works"))
            world.goes_on = life == "others yet"
            return world, OTHERS_YET if world.goes_on else MORE
        case "a shard that comes back":
            await _had(world)
        case "a shard that comes back from another":
            await _had(world)
            left, world.left = world.left, None
            await Owner(world, RULES).live()
            world.event(AT_HOME, "Opened")
            world.left = left
        case _ if life.startswith("a state that was lost"):
            await _lost(world, kept, with_group=life.endswith("the consumer group with it"))
            world.now_ms -= BEHIND_MS * life.endswith("clock is behind")
        case "what the last owner did not publish":
            world.event(AT_HOME, "Opened")
            with suppress(Crash):
                await Owner(world, RULES, "publish segment-changes", "before, a crash").live()
    return world, RULES


async def _awaits(world: World, *, is_made: bool) -> None:
    """Rules are live that had to await their past; is_made: an owner of before has made it."""
    world.event(AT_HOME, "Printed")
    await Owner(world, RULES).live()
    world.awaited, world.awaited_version = MORE, 2
    if is_made:
        world.version = 1
        await Owner(world, RULES).live()
        world.awaited = None
    world.version = 2


async def _had(world: World) -> None:
    """The next owner had the shard before; there is more to read since."""
    world.event(AT_HOME, "Opened")
    before = Owner(world, RULES)
    await before.live()
    assert before.left is not None
    world.event(AT_HOME, "Closed")
    world.left = before.left


async def _lost(world: World, kept: Store, with_group: bool) -> None:
    """There is no more of what the owner before had stored, nor of what Kafka knew of the group where it is so."""
    await _had(world)
    world.left = None
    await lose(kept)
    if with_group:
        world.committed.clear()


async def _live_after(world: World, rules: Rulebook, life: str) -> None:
    """The next life: of who awaits a past that is not there yet under the rules of before."""
    waits = world.awaited is not None and 1 not in world.ready
    if not waits:
        world.awaited = None
    await Owner(world, rules, after=BEGIN.get(life) if waits else None).live()


async def outcome(world: World) -> dict[str, Any]:
    """What others see, each once, and what is stored."""
    stored = await claimed(world.store, 1, 1 << 60)
    assert stored is not None
    changes = {message.headers: told(message) for message in world.of("segment-changes")}
    for message in world.of("segment-changes"):
        assert changes[message.headers] == told(message), "a repeat says something else"
    return {
        "changes": changes,
        "memberships": where_users_stand(world),
        "letters": {message.headers for message in world.of("dead-letters")},
        "sent home": {message.headers for message in world.of("rerouted-events")},
        "stored": [stored[each] for each in (ROWS, DOCUMENTS, MARKS)],
        "read model": await world.store.get(1, MEMBERSHIPS, AT_HOME),
        "timeline": await world.store.entries(1, TIMELINE, AT_HOME),
        "counts": await world.store.counts(["open", "closed"], [each.name for each in last_days(UTC, NOON, 2)]),
        "counted": stored[COUNTED],
        "positions": stored.positions,
        "outbox": stored.outbox,
        "rebuilds": stored.rebuilds,
    }


def where_users_stand(world: World) -> dict[bytes, Any]:
    """By the newest versions; whatever crashes, none is told after a greater one."""
    found: dict[bytes, Any] = {}
    for message in world.of("segment-memberships"):
        before, said = found.get(message.key), json.loads(message.value or b"null")
        if before is not None and said is not None:
            assert said["version"] > before["version"] or said == before, "a version that is no newer"
        found[message.key] = said
    return {key: said and said["segments"] for key, said in found.items()}


def told(change: Message) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(change.value or b"")
    return {name: value for name, value in said.items() if name not in ("detected_at", "live")}


@pytest.mark.parametrize("life", LIVES)
async def test_the_table_has_every_step(kept: Store, life: str) -> None:
    world, rules = await fresh(kept, life)
    owner = Owner(world, rules, after=BEGIN.get(life))
    await owner.live()
    steps, table = dict.fromkeys(owner.steps), LIVES[life]
    if any(step.startswith("past ") for step in table):  # it is made beside: who comes first is not said
        assert set(steps) == set(table)
    else:
        assert list(steps) == list(table)


@pytest.mark.parametrize("life", [life for life in LIVES if life.startswith("a state that was lost")])
async def test_what_was_told_before_the_state_was_lost_is_not_told_again(kept: Store, life: str) -> None:
    world, rules = await fresh(kept, life)
    before = len(world.of("segment-changes")), len(world.of("segment-memberships"))
    await Owner(world, rules).live()
    assert (len(world.of("segment-changes")), len(world.of("segment-memberships"))) == (before[0] + 1, before[1] + 1)


async def test_what_was_not_published_is_told_as_it_was_saved_whatever_profiles_say_until_they_are_evaluated(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under other rules they begin as the past of these has them."""
    world, rules = await fresh(kept, "what the last owner did not publish")
    monkeypatch.setattr(Shard, "all_memberships", lambda _, subjects: [{} for _ in subjects])
    await Owner(world, rules).live()
    (where,) = world.of("segment-memberships")
    assert list(json.loads(where.value or b"")["segments"]) == ["open"]


@pytest.mark.parametrize("at", ["before, a crash", "after, a crash"])
async def test_who_was_told_of_once_more_while_a_state_was_made_anew_is_taken_away_by_the_next_owner(
    kept: Store, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tombstone stands there of the erasure, which the one who begins anew had not reached when it crashed."""
    await lose(kept)
    world = World(kept.shards)
    world.event(ERASED, "Opened")
    await Owner(world, RULES).live()
    world.publish("segment-memberships", 1, [Message("segment-memberships", ERASED.encode(), None)])
    await lose(kept)
    monkeypatch.setattr(ShardWork, "_end_rebuild", lambda _: None)  # there is more to read
    with suppress(Crash):
        await Owner(world, RULES, "publish segment-memberships", at).live()
    world.arrive(COMMANDS, ERASED, profile_commands.encode(Erasure(ERASED, NOON + 500, "e")))
    await Owner(world, RULES).live()
    said, taken_away, *again, last = (message.value is None for message in world.of("segment-memberships"))
    assert (said, taken_away, set(again), last) == (False, True, {False}, True)


async def test_rules_that_follow_before_all_have_the_past_of_others_go_on_with_it(kept: Store) -> None:
    world, rules = await fresh(kept, "others yet")
    await Owner(world, rules, after=BEGIN["others yet"]).live()
    changes = [decode_change(message.value or b"") for message in world.of("segment-changes")]
    assert [(change.segment, change.entered, change.cause) for change in changes] == [("printed", True, "rule_change")]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("life", LIVES)
async def test_a_crash_between_any_two_steps_changes_nothing_that_is_told_or_stored(
    kept: Store, life: str, how: str
) -> None:
    if isinstance(kept, RedisStore) and how != HOW[0]:
        pytest.skip("what Redis adds to the store in memory is whether a crash leaves a step done or not")
    world, rules = await fresh(kept, life)
    owner = Owner(world, rules, after=BEGIN.get(life))
    await owner.live()
    wanted = await outcome(world)
    for at, step in enumerate(owner.steps):
        world, rules = await fresh(kept, life)
        with suppress(Crash):
            await Owner(world, rules, at, how, BEGIN.get(life)).live()
        await _live_after(world, rules, life)
        assert await outcome(world) == wanted, f"{how} at {step}"
