"""What a group made of a stream, as whoever relies on it finds it: on its topics, in Redis, and at its endpoint.

Comes in: a group. Goes out: `Told`, which judges look at.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from streams.core.profiles.snapshot import Head
from streams.core.scores.edges import EdgesSince
from streams.core.scores.quintiles import Quintiles
from streams.kafka.clients import reading_back
from streams.kafka.partitioning import homes
from streams.kafka.provisioning import existing
from streams.settings import Settings
from streams.state.format import MEMBERSHIPS, QUINTILES
from streams.state.opening import opened_store
from streams.state.store import Store
from tests.e2e.pipeline import PARTITIONS, Seen
from tests.faults.endpoint import Webhook
from tests.faults.stream import SCORES, Where

INPUTS: Final = ("product-events", "billing-updates", "profile-commands")


class Held(NamedTuple):
    """How many connections a process has to a server."""

    name: str
    server: str
    connections: int


@dataclass
class Told:
    """changes, memberships, letters, decisions, messages: what stands on the topics.

    held, profiles, sizes: of Redis: where users stand, who has a profile, how large segments are. agreed: the edges
    that the group agreed on last; edges: by shard, those that it has written down; at_home: by shard, who is its own of
    those who are looked up. applied: how many records of each input all checkpoints together hold. feeds: the ids of
    the messages that stand there. webhooks: in the order in which they came. held_open: by each process.
    """

    changes: Sequence[Seen] = ()
    memberships: Sequence[Seen] = ()
    letters: Sequence[Seen] = ()
    held: Where = field(default_factory=dict)
    profiles: set[str] = field(default_factory=set)
    sizes: Mapping[str, int] = field(default_factory=dict)
    agreed: Quintiles | None = None
    edges: Mapping[int, Quintiles] = field(default_factory=dict)
    at_home: Mapping[int, Sequence[str]] = field(default_factory=dict)
    applied: Mapping[str, int] = field(default_factory=dict)
    decisions: Sequence[Seen] = ()
    messages: Sequence[Seen] = ()
    feeds: Mapping[str, set[str]] = field(default_factory=dict)
    webhooks: Sequence[Webhook] = ()
    held_open: Sequence[Held] = ()

    @property
    def size(self) -> tuple[int, ...]:
        """It grows as long as something comes."""
        topics = (self.changes, self.memberships, self.letters, self.decisions, self.messages, self.webhooks)
        return (*map(len, topics), *self.applied.values())


class Users(NamedTuple):
    """Who is looked up in Redis: where all of them stand, what is in whose feed, and that nothing is left of others."""

    all: Collection[str]
    with_feeds: set[str]
    gone: set[str]


async def look(settings: Settings, users: Users, webhooks: Sequence[Webhook], now_ms: int) -> Told:
    """At all that a group told."""
    told = Told(webhooks=webhooks)
    async with opened_store(settings) as store:
        await _look_at_scores(store, told)
        told.applied = await applied(settings, store)
        told.changes = await read(settings, "segment-changes")
        told.memberships = await read(settings, "segment-memberships")
        told.letters = await read(settings, "dead-letters")
        told.decisions = await read(settings, "deliveries")
        told.messages = await read(settings, "segment-messages")
        await _look_at_users(settings, store, told, users, now_ms)
    return told


async def _look_at_scores(store: Store, told: Told) -> None:
    told.agreed = next(map(Quintiles.decode, (await store.group.read(QUINTILES)).values()), None)
    heads = {number: Head.decode(shard.head) for number, shard in (await store.shards.all()).items()}
    held = {number: head.edges[SCORES] for number, head in heads.items() if SCORES in head.edges}
    told.edges = {number: EdgesSince.decode(raw).newest for number, raw in held.items()}


async def _look_at_users(settings: Settings, store: Store, told: Told, users: Users, now_ms: int) -> None:
    held, feeds = dict[str, set[str]](), dict[str, set[str]]()
    of = {user: homes(user, PARTITIONS, settings.partitioner) for user in users.all}
    told.at_home = {shard: [user for user, those in of.items() if shard in those] for shard in range(PARTITIONS)}
    for shard, here in told.at_home.items():
        found = await store.shards.values(shard, MEMBERSHIPS, here)
        held |= {user: set(json.loads(found.get(user, b"{}"))) for user in here}
        for user in users.with_feeds.intersection(here):
            feeds[user] = {each.message.id for each in (await store.feeds.read(shard, user)).standing(now_ms)}
        for user in users.gone.intersection(here):
            if await store.shards.profile(shard, user) is not None:
                told.profiles.add(user)
    told.held, told.feeds, told.sizes = held, feeds, await store.shards.sizes()


async def applied(settings: Settings, store: Store) -> Counter[str]:
    """There are more commands than were sent where a profile was of later than the one to erase it, and more events
    where a collector's answer was lost."""
    found: Counter[str] = Counter()
    for shard in range(PARTITIONS):
        progress = await store.shards.progress(shard)
        for role in INPUTS:
            found[role] += progress.positions.get(settings.topic(role), 0) if progress else 0
    return found


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
