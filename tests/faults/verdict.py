"""What came of a stream, held against what the engine alone makes of it.

Comes in: a group, and the stream that it read. Goes out: a `Verdict`: what was lost, invented, or differs, and how much
was told twice.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streams.kafka.clients import reading_back
from streams.kafka.partitioning import homes
from streams.kafka.provisioning import existing
from streams.settings import Settings
from streams.state.format import MEMBERSHIPS
from streams.state.opening import opened_store
from tests.e2e.changes import STAMPS
from tests.e2e.pipeline import PARTITIONS, Pipeline, Seen
from tests.faults.scores import Where, judge_scores, last_told, standing
from tests.faults.stream import RULES, SCORES, Stream

SETTLED_WITHIN_S: Final = 180.0
LOOK_EVERY_S: Final = 2.0
INPUTS: Final = ("product-events", "billing-updates", "profile-commands")
Known = Mapping[str, Sequence[dict[str, Any]]]


@dataclass
class Verdict:
    """wrong: what must not be, in words, and how often it is; examples: one of each.

    repeats: changes that were told again; letters_again: the same of dead letters. older: memberships that came after
    newer ones, as a worker may bring them that wakes too late. scores: changes of scores by quintiles.
    """

    wrong: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Any] = field(default_factory=dict)
    changes: int = 0
    repeats: int = 0
    letters_again: int = 0
    older: int = 0
    scores: int = 0

    def blame(self, what: str, example: Any) -> None:
        self.wrong[what] += 1
        self.examples.setdefault(what, example)

    def __str__(self) -> str:
        found = ", ".join(f"{count} {what} (as {self.examples[what]})" for what, count in self.wrong.items()) or "0"
        told = f"{self.changes} changes, {self.scores} of scores; lost, invented, differing: {found}; "
        told += f"repeats: {self.repeats} of changes"
        return f"{told}, {self.letters_again} of dead letters; memberships after newer ones: {self.older}"


def judge(group: Pipeline, stream: Stream, wanted: Known, lost: bool) -> Verdict:
    """When all that is wanted is there, or has not come for long. lost: whether Redis has lost something."""
    return asyncio.run(_judge(group, stream, wanted, lost))


async def _judge(group: Pipeline, stream: Stream, wanted: Known, lost: bool) -> Verdict:
    verdict, settings = Verdict(), group.settings
    scored = await _settled(group, stream, wanted)
    changes = await read(settings, "segment-changes")
    _judge_changes(verdict, changes, stream, wanted)
    stand = {user: set(changes[-1]["segments"]) for user, changes in wanted.items()}
    if scored is None:
        verdict.blame("shards that score by other edges", settings.group)
    else:
        verdict.scores = judge_scores(verdict.blame, changes, scored, lost)
        stand |= scored
    _judge_memberships(verdict, await read(settings, "segment-memberships"), stream, stand)
    await _judge_read_model(verdict, settings, stream, stand)
    _judge_letters(verdict, await read(settings, "dead-letters"), stream)
    if scored is not None and await standing(group, stream) not in (scored, None):
        return await _judge(group, stream, wanted, lost)  # edges moved while we looked
    return verdict


async def _settled(group: Pipeline, stream: Stream, wanted: Known) -> Where | None:
    """Until all is told. Gives where everybody stands who is scored."""
    ids = {change["id"] for changes in wanted.values() for change in changes}
    deadline, scored = time.monotonic() + SETTLED_WITHIN_S, None
    while time.monotonic() < deadline:
        changes, scored = await read(group.settings, "segment-changes"), await standing(group, stream)
        told, last = {one.headers["ce_id"].decode() for one in changes}, last_told(changes)
        all_told = ids <= told and scored is not None and scored.items() <= last.items()
        if all_told and stream.by_topic <= await _applied(group.settings):
            break
        await asyncio.sleep(LOOK_EVERY_S)
    await asyncio.sleep(LOOK_EVERY_S)  # for what should not come
    return scored


async def _applied(settings: Settings) -> Counter[str]:
    """How many records of each input topic all checkpoints together hold. There are more commands than were sent where
    a profile was of later than the one to erase it."""
    found: Counter[str] = Counter()
    async with opened_store(settings) as store:
        for shard in range(PARTITIONS):
            progress = await store.shards.progress(shard)
            for role in INPUTS:
                found[role] += progress.positions.get(settings.topic(role), 0) if progress else 0
    return found


def _judge_changes(verdict: Verdict, seen: Sequence[Seen], stream: Stream, wanted: Known) -> None:
    known = {change["id"]: change for changes in wanted.values() for change in changes}
    first: dict[str, list[str]] = {}
    bodies: dict[str, dict[str, Any]] = {}
    for one in seen:
        change = {name: value for name, value in one.json.items() if name not in STAMPS}
        if change["id"] in bodies:
            verdict.repeats += 1
            if bodies[change["id"]] != change:
                verdict.blame("repeats that differ", change)
            continue
        bodies[change["id"]] = change
        if change["user_id"] in stream.erased or change["rule"] == SCORES:
            continue
        first.setdefault(change["user_id"], []).append(change["id"])
        if change["id"] not in known:
            verdict.blame("invented", change)
        elif known[change["id"]] != change:
            verdict.blame("differing", (change, known[change["id"]]))
    verdict.changes = len(bodies)
    for user, changes in wanted.items():
        ids = [change["id"] for change in changes]
        for missing in set(ids) - set(first.get(user, [])):
            verdict.blame("lost", known[missing])
        if set(ids) == set(first.get(user, [])) and ids != first[user]:
            verdict.blame("out of order", user)


def _judge_memberships(verdict: Verdict, seen: Sequence[Seen], stream: Stream, stand: Mapping[str, set[str]]) -> None:
    newest: dict[str, tuple[int, set[str]]] = {}
    last: dict[str, bool] = {}
    for one in seen:
        user = (one.key or b"").decode()
        last[user] = one.value is None
        if one.value is None:
            newest.pop(user, None)
            continue
        version = one.json["version"]
        if version < newest.get(user, (0, set()))[0]:
            verdict.older += 1
        else:
            newest[user] = version, set(one.json["segments"])
    for user, segments in stand.items():
        if newest.get(user, (0, None))[1] != segments:
            verdict.blame("memberships that are wrong", (user, newest.get(user), segments))
    for user in stream.erased:
        if not last.get(user, True):
            verdict.blame("erased users who have memberships", user)


async def _judge_read_model(
    verdict: Verdict, settings: Settings, stream: Stream, stand: Mapping[str, set[str]]
) -> None:
    async with opened_store(settings) as store:
        for user, segments in [*stand.items(), *((user, set[str]()) for user in stream.erased)]:
            (shard,) = homes(user, PARTITIONS, settings.partitioner)
            found = await store.shards.get(shard, MEMBERSHIPS, user)
            if set(json.loads(found or b"{}")) != segments:
                verdict.blame("users who stand elsewhere in Redis", (user, found, segments))
            if user in stream.erased and await store.shards.profile(shard, user) is not None:
                verdict.blame("erased users who have a profile", user)
        sizes = await store.shards.sizes()
        wanted = Counter(segment for segments in stand.values() for segment in segments)
        for segment in RULES.keys() | wanted:
            if sizes.get(segment, 0) != wanted[segment]:
                verdict.blame("segments of another size", (segment, sizes.get(segment, 0), wanted[segment]))


def _judge_letters(verdict: Verdict, seen: Sequence[Seen], stream: Stream) -> None:
    places = Counter(map(place, seen))
    verdict.letters_again = places.total() - len(places)
    if len(places) != stream.bad:
        verdict.blame("too many or too few dead letters", (len(places), stream.bad))


def place(letter: Seen) -> tuple[bytes, ...]:
    """Where the record stands that could not be used."""
    return letter.headers["topic"], letter.headers["partition"], letter.headers["offset"]


async def read(settings: Settings, role: str) -> list[Seen]:
    topic = settings.topic(role)
    seen: list[Seen] = []
    for partition in range((await existing(settings))[topic]):
        async with reading_back(settings, topic, partition) as (_, batches):
            async for records in batches:
                for record in records:
                    headers = {name: value or b"" for name, value in record.headers}
                    seen.append(Seen(partition, record.key, record.value, headers))
    return seen
