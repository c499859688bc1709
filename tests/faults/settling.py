"""Waiting for a world to come to rest: until its groups have told all that they must, or nothing more comes.

Comes in: a world whose faults are over, and the stream that it was told. Goes out: a verdict of each group.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from pydantic import SecretStr

from streams import rulefiles
from streams.settings import Settings
from streams.state.opening import opened_store
from tests.e2e.pipeline import Pipeline
from tests.faults.judges.all import judged
from tests.faults.judges.verdict import Verdict
from tests.faults.stream import Stream, Wanted
from tests.faults.told import Told, Users, applied, look
from tests.faults.world import World

STILL_FOR_S: Final = 180.0  # scores are refreshed each minute
LOOK_EVERY_S: Final = 2.0
TELL_EVERY_S: Final = 30.0


def settled(world: World, stream: Stream, tell: Callable[[str], None]) -> Sequence[Verdict]:
    """Each time it is looked at, all judges are asked; what is wrong at last stays wrong though nothing comes."""
    wanted = [stream.wanted(rulefiles.load(world.rules_later(group))) for group in world.groups]
    return [_settled(world, group, each, tell) for group, each in zip(world.groups, wanted, strict=True)]


def _settled(world: World, group: Pipeline, wanted: Wanted, tell: Callable[[str], None]) -> Verdict:
    _wait_until_read(world, group, wanted)
    size, since, was_right = None, time.monotonic(), False
    tell_at = since + TELL_EVERY_S
    while True:
        told = asyncio.run(_look(world, group, wanted))
        verdict = judged(
            told, wanted, rulefiles.load(world.rules_later(group)), world.lost, delivers=group is world.groups[0]
        )
        if not verdict.wrong and was_right:
            return verdict  # twice, for what should not come
        was_right = not verdict.wrong
        if told.size != size:
            size, since = told.size, time.monotonic()
        elif time.monotonic() - since > STILL_FOR_S:
            return verdict
        if verdict.wrong and time.monotonic() > tell_at:
            tell(f"so far: {verdict.in_short}")
            tell_at = time.monotonic() + TELL_EVERY_S
        time.sleep(LOOK_EVERY_S)


def _wait_until_read(world: World, group: Pipeline, wanted: Wanted) -> None:
    """Until the inputs are, or nothing more of them comes to be: to look at all that was told takes a while."""
    before, since = None, time.monotonic()
    while time.monotonic() - since < STILL_FOR_S:
        found = asyncio.run(_applied(world, group))
        if not Counter(wanted.by_topic) - found:
            return
        if found != before:
            before, since = found, time.monotonic()
        time.sleep(LOOK_EVERY_S)


async def _applied(world: World, group: Pipeline) -> Counter[str]:
    settings = _directly(world, group)
    async with opened_store(settings) as store:
        return await applied(settings, store)


def _directly(world: World, group: Pipeline) -> Settings:
    """Not by the network to which harm is done."""
    return group.settings.model_copy(update={"redis": SecretStr(world.redis.url)})


async def _look(world: World, group: Pipeline, wanted: Wanted) -> Told:
    gone = {*wanted.erased, *wanted.merged}
    scored = {record["userId"] for record in wanted.scored}
    payers = {user for user, changes in wanted.changes.items() if any(each["rule"] == "payer" for each in changes)}
    users = Users({*wanted.stand, *scored, *gone}, payers | set(wanted.erased), gone)
    told = await look(_directly(world, group), users, list(world.endpoint.webhooks), time.time_ns() // 1_000_000)
    told.held_open = world.held_open(group)
    return told
