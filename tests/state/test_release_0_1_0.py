"""State that release 0.1.0 wrote is taken over whole, and goes on as state made today does.

`release_0_1_0/` has that state, what happened before and after, the rules, and in its README.md how it was made.
"""

import base64
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from streams import rulefiles
from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.erasure import Erasure, mark_of
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.rules.rulebook import Rulebook
from streams.kafka.partitioning import homes
from streams.observed.names import ObservedNames
from streams.outputs.messages import Outputs
from streams.runtime.checkpoints.pending import Pending
from streams.runtime.quintiles import Refresher
from streams.settings import Settings
from streams.sources import profile_commands
from streams.state.format import DOCUMENTS, FORMAT, MARKS, MEMBERSHIPS, OBSERVED, POPULATIONS, QUINTILES, ROWS, SETTLED
from streams.state.memory import MemoryStore
from streams.state.redis_store import RedisStore
from streams.state.store import Store, Stored
from streams.testing import ManualClock
from tests.conftest import Opens
from tests.decoders import Decoder
from tests.state.checkpoints import claimed
from tests.state.release_0_1_0 import history

FOLDER = Path(__file__).parent / "release_0_1_0"
THEN, NOW = rulefiles.load(FOLDER / "rules_then"), rulefiles.load(FOLDER / "rules_now")
SHARDS = (0, 1)
EPOCH = 3  # of 0.1.0's worker
GROUP = "segmenter"
SCORED = "rfm/"

Dump = dict[str, tuple[str, Any]]


def dump() -> Dump:
    """By key: hash, set or string, and what lies there."""
    found: dict[str, tuple[str, Any]] = json.loads(gzip.decompress((FOLDER / "state.json.gz").read_bytes()))
    return {_raw(key).decode(): (form, _decoded(form, value)) for key, (form, value) in found.items()}


def _decoded(form: str, value: Any) -> Any:
    match form:
        case "hash":
            return {_raw(name): _raw(each) for name, each in value.items()}
        case "set":
            return set(map(_raw, value))
        case _:
            return _raw(value)


def _raw(text: str) -> bytes:
    return base64.b64decode(text)


async def put(other: Redis, group: str, keys: Dump) -> None:
    for key, (form, value) in keys.items():
        name = group + key.removeprefix(GROUP)
        match form:
            case "hash":
                await other.hset(name, mapping=value)
            case "set":
                await other.sadd(name, *value)
            case _:
                await other.set(name, value)


@pytest.fixture
async def released(opens: Opens, redis_server: Any, other: Redis, group: str) -> RedisStore:
    """What 0.1.0 left in Redis."""
    await put(other, group, dump())
    return opens(redis_server.url)


async def taken_over(store: Store, shard: int) -> Stored:
    stored = await claimed(store.shards, shard, EPOCH + 1)
    assert stored is not None
    return stored


def restored(stored: Stored) -> Shard:
    return Shard.restore(NOW, stored.head, stored[ROWS].items(), stored[DOCUMENTS], marks=stored[MARKS])


# -------------------------------------------------------------------------------------------- everything is there


async def test_a_worker_of_today_finds_all_that_was_stored(released: RedisStore) -> None:
    kept = dump()
    for shard in SHARDS:
        stored, prefix = await taken_over(released, shard), f"{GROUP}:{{{shard}}}:"
        state = kept[f"{prefix}state"][1]
        assert stored.number == int(state[b"number"])
        assert stored.head == state[b"head"]
        assert stored.positions == json.loads(state[b"positions"])
        assert {user.encode(): row for user, row in stored[ROWS].items()} == kept[f"{prefix}rows"][1]
        assert {user.encode(): each for user, each in stored[DOCUMENTS].items()} == kept[f"{prefix}documents"][1]
        assert {mark: b"%d" % ms for mark, ms in stored[MARKS].items()} == kept[f"{prefix}erased"][1]
        assert {message.topic for message in stored.outbox} == {"segment-changes", "segment-memberships"}
        profiles = restored(stored)
        for user in profiles.table.subjects:
            segments = await released.shards.get(shard, MEMBERSHIPS, user)
            assert segments == kept[f"{prefix}user:{user}"][1]


async def test_what_the_group_shares_is_there(released: RedisStore) -> None:
    settled = {"partitions": b"2", "utc_offset": b"+00:00", "partitioner": b"murmur2"}
    assert await released.group.read(SETTLED) == settled
    assert sorted(await released.group.read(POPULATIONS.under("rfm"))) == list(SHARDS)
    assert len(await released.group.read(QUINTILES)) == 1
    days = await released.group.read(OBSERVED)
    assert [len(ObservedNames.decode(record).events.counts) > 0 for record in days.values()] == [True] * 7
    members = {key: value for key, (_, value) in dump().items() if ":members:" in key}
    assert sum((await released.shards.sizes()).values()) == sum(map(len, members.values()))


async def test_whoever_was_erased_stays_so(released: RedisStore) -> None:
    for user in (history.ERASED_LATE, history.ERASED_AND_BACK):
        (home,) = homes(user, len(SHARDS), "murmur2")
        assert await released.shards.get(home, MARKS, mark_of(user)) is not None
    (home,) = homes(history.ERASED_LATE, len(SHARDS), "murmur2")
    shard = restored(await taken_over(released, home))
    assert history.ERASED_LATE not in shard.table
    at_ms = history.start_of(history.DAYS - 2)
    shard.step(Batch.of([Event(history.ERASED_LATE, at_ms, "Signed In", True, None, {}, {})]))
    assert (shard.refused, history.ERASED_LATE in shard.table) == (1, False)


async def test_state_of_format_1_is_that_of_2_without_marks(
    opens: Opens, redis_server: Any, other: Redis, group: str
) -> None:
    """As versions before 0.1.0 wrote it."""
    older = {key: value for key, value in dump().items() if not key.endswith(":erased")}
    for shard in SHARDS:
        older[f"{GROUP}:{{{shard}}}:state"][1][b"format"] = b"1"
    await put(other, group, older)
    store = opens(redis_server.url)
    for shard in SHARDS:
        stored = await taken_over(store, shard)
        assert stored[MARKS] == {}
        assert {user.encode() for user in stored[ROWS]} == set(older[f"{GROUP}:{{{shard}}}:rows"][1])
        assert await other.hget(f"{group}:{{{shard}}}:state", "format") == str(FORMAT)


# ------------------------------------------------------------------------------------------ and goes on as today's


@dataclass
class Owner:
    """A shard of today, through the days that 0.1.0's went through."""

    number: int
    store: Store
    shard: Shard = field(default_factory=lambda: Shard(THEN))
    pending: Pending = field(default_factory=lambda: Pending(Outputs(Settings(group=GROUP))))
    settled_ms: int = 0
    checkpoint: int = 0

    def live(self, day: int) -> None:
        now_ms = history.start_of(day + 1)
        self.pending.add([*happened(self.shard, self.number, day)], now_ms)
        self.come(now_ms)

    def come(self, now_ms: int) -> None:
        self.pending.add([*passed(self.shard, now_ms)], now_ms)
        self.settled_ms = now_ms

    async def save(self, is_published: bool) -> None:
        self.checkpoint += 1
        snapshot = self.pending.snapshot(self.shard, Identities.empty(self.shard, 0), self.checkpoint, {}, ())
        await self.store.shards.save(self.number, EPOCH, snapshot.checkpoint)
        if is_published:
            await self.store.shards.mark_published(self.number, EPOCH, self.checkpoint)

    async def change_rules(self, now_ms: int) -> None:
        """Of which a crash leaves only the first slice."""
        stored = await claimed(self.store.shards, self.number, EPOCH)
        assert stored is not None
        self.shard = restored(stored)
        self.pending.add(self.shard.migrate(5), now_ms)
        await self.save(is_published=False)


def happened(shard: Shard, number: int, day: int) -> Iterator[Change]:
    """What follows from a day's records."""
    decoder = Decoder(shard.catalog.reads)
    decode = {"product": decoder.product, "billing": decoder.billing}
    for sent in history.of_day(day):
        if list(homes(sent.user, len(SHARDS), "murmur2")) != [number]:
            continue
        if sent.kind == "erase":
            erasure = profile_commands.decode(sent.value, None, None)
            assert isinstance(erasure, Erasure)
            yield from shard.erase([erasure])
        else:
            event = decode[sent.kind](sent.value, None, None)
            assert isinstance(event, Event), event
            yield from shard.step(Batch.of([event]))


def passed(shard: Shard, now_ms: int) -> Iterator[Change]:
    while shard.time_ms < now_ms:
        yield from shard.tick(now_ms)


async def made_today(rulebook: Rulebook = THEN) -> Store:
    """As README.md's script did."""
    store, clock = MemoryStore(), ManualClock(0)
    await store.group.put(SETTLED, "partitions", b"2")
    owners = {number: Owner(number, store) for number in SHARDS}
    refresher = Refresher(lambda: rulebook, store.group, clock, lambda: owners)
    for number in SHARDS:
        await claimed(store.shards, number, EPOCH)
    for day in range(history.DAYS):
        clock.set(history.start_of(day + 1))
        for owner in owners.values():
            owner.live(day)
        for _ in owners:
            await refresher.refresh()
        for owner in owners.values():
            owner.come(clock())
            if day % 3 == 0 or day == history.DAYS - 1:
                await owner.save(is_published=day < history.DAYS - 1)
    for owner in owners.values():
        await owner.change_rules(clock())
    return store


def told(stored: Stored, number: int) -> dict[str, list[Change | str]]:
    """By subject: the ids of the changes that wait to be published, and of what comes of the rest of the rule change,
    of which slices are in no order; then the changes of the days after."""
    shard, found = restored(stored), defaultdict[str, list[Change | str]](list)
    for message in stored.outbox:
        headers = dict(message.headers)
        if message.value is not None and not headers.get("ce_segment", b"").startswith(SCORED.encode()):
            found[message.key.decode()].append(headers["ce_id"].decode())
    while shard.is_stale:
        for change in apart_from_scores(shard.migrate(4)):
            found[change.subject].append(change.id)
    for day in range(history.DAYS, history.DAYS + history.MORE_DAYS):
        for change in apart_from_scores((*happened(shard, number, day), *passed(shard, history.start_of(day + 1)))):
            found[change.subject].append(change)
    return found


def apart_from_scores(changes: Iterable[Change]) -> Iterator[Change]:
    """Recency by quintiles means something else since 0.2: its edges age."""
    for change in changes:
        if not change.segment.startswith(SCORED):
            others = tuple(segment for segment in change.segments if not segment.startswith(SCORED))
            yield msgspec.structs.replace(change, segments=others)


async def test_it_goes_on_as_state_made_today_does(released: RedisStore) -> None:
    today = await made_today()
    for number in SHARDS:
        then, now = await taken_over(released, number), await taken_over(today, number)
        assert (then.number, then[ROWS].keys(), then[MARKS]) == (now.number, now[ROWS].keys(), now[MARKS])
        found = told(then, number)
        assert found == told(now, number)
        changes = [change for each in found.values() for change in each if isinstance(change, Change)]
        assert {change.cause for change in changes} == {"event", "timer"}
        assert {change.rule for change in changes} == set(NOW.names) - {"rfm"}
