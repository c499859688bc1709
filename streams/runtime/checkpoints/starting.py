"""Where to begin reading: where the state says, or, when nothing is stored, where the settings say.

Comes in: what the state remembers, and what Kafka knows. Goes out: an offset for every input of a shard, from where its
checkpoints count on, and, where Redis has lost its state, what of it stands on Kafka; or `StateLost` where records are
missing that the state needs.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from faust.types import TP

from streams.core.engine.past import begun
from streams.core.instants import format_time
from streams.core.kernel.layout import NEVER
from streams.core.profiles.snapshot import Head
from streams.core.subjects import USER
from streams.errors import StateError, StateLost
from streams.log import log, seconds
from streams.retry import Retry
from streams.runtime.checkpoints.published import Published, has_published, read_published
from streams.runtime.worker import Worker
from streams.settings import Settings
from streams.sources.inputs import INPUTS
from streams.state.store import Stored
from streams.topics import PROFILE_COMMANDS, SEGMENT_CHANGES, Topic, memberships_of

Offsets = dict[TP, int]
LOST_AT_MOST: Final = 500  # checkpoints: where Redis loses the newest, those of some seconds


class Beginning(NamedTuple):
    """since_ms: from when on nothing is missing of what there was; `NEVER` where that is from the very beginning."""

    offsets: Offsets
    since_ms: int = NEVER


class Offers(Protocol):
    """What a consumer can tell of partitions."""

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]: ...

    async def ends(self, positions: Mapping[TP, int]) -> Mapping[TP, int]: ...

    async def committed(self, tps: Sequence[TP]) -> Mapping[TP, int | None]: ...

    async def offsets_at(self, tps: Sequence[TP], time_ms: int) -> Mapping[TP, int | None]: ...


class Rereads(Offers, Protocol):
    """What can read partitions once more, beside."""

    def reading_on(self, offsets: Mapping[TP, int]) -> AbstractAsyncContextManager[Any]:
        """Portions of partitions from these offsets on."""


async def where_to_begin(
    kafka: Offers, tps: Sequence[TP], stored: Mapping[str, int] | None, settings: Settings, *, lost: bool = False
) -> Offsets:
    """stored: the state's next offset by topic, None where there is no state; lost: because Redis lost it."""
    beginnings = dict(await kafka.earliest_offsets(*tps))
    if stored is not None:
        known = {tp: stored[tp.topic] for tp in tps if tp.topic in stored}
        begun = {tp: _reached(tp, offset, beginnings[tp], settings) for tp, offset in known.items()}
        await _refuse_beyond_the_end(kafka, begun)
        return begun | await _first_start(kafka, [tp for tp in tps if tp not in known], beginnings, settings)
    if lost:
        return {tp: _reached(tp, 0, beginnings[tp], settings) for tp in tps}
    return await _first_start(kafka, tps, beginnings, settings)


class Begin(NamedTuple):
    """Where a shard goes on.

    offsets: of its inputs. number: as if of its last checkpoint. begun_ms: as `Shard` has it, where nothing is stored.
    published: what stands on Kafka of a shard that is made anew.
    """

    offsets: dict[TP, int]
    number: int = 0
    begun_ms: int = NEVER
    published: Published | None = None


async def begin(worker: Worker, number: int, tps: Sequence[TP], stored: Stored | None, retry: Retry) -> Begin:
    """Of the shard with these inputs. StateError: it cannot go on from what is stored, or be made anew."""
    kafka, positions = worker.consumer, stored.positions if stored else None
    subject = f"shard {number}, loading"
    lost = stored is None and await retry(subject, partial(_was_here, worker, number, tps))
    offsets = await retry(subject, partial(where_to_begin, kafka, tps, positions, worker.settings, lost=lost))
    rebuilds = lost or (stored is not None and stored.rebuilds)
    published = await retry(subject, partial(_published, worker, number)) if rebuilds else None
    last = max(stored.number if stored else 0, published.version if published else 0)
    begun_ms = begins(worker.settings.start, offsets, worker.clock())
    return Begin(offsets, count_on(last, worker.clock()), begun_ms, published)


def count_on(last: int, now_ms: int) -> int:
    """From where checkpoints count on, so that no version is older than one that was told of a user before.

    last: the greatest number that is known. Redis may have lost others that came after it: they counted on from the
    time of then, so that they are all smaller than that of now, unless the clock is behind.
    """
    return now_ms if now_ms > last else last + LOST_AT_MOST


async def _was_here(worker: Worker, number: int, tps: Sequence[TP]) -> bool:
    """Whether the group has had the shard before. What it told still stands where Kafka has forgotten the group."""
    if await has_read(worker.consumer, tps):
        return True
    changes = _partition_of(worker, SEGMENT_CHANGES, number)
    return await has_published(worker.consumer, changes, worker.outputs.source)


async def _published(worker: Worker, number: int) -> Published:
    """What stands on Kafka of a shard that Redis has lost."""
    since = time.monotonic()
    changes, memberships = (_partition_of(worker, topic, number) for topic in (SEGMENT_CHANGES, memberships_of(USER)))
    log.error("shard %d - Redis has lost its state; rebuilding it from the input topics", number)
    found = await read_published(worker.consumer, changes, memberships, worker.outputs.source)
    said = "shard %d - %s changes and where %s users stand are published already, read in %s"
    log.info(said, number, f"{found.changes:,}", f"{found.users:,}", seconds(since))
    return found


def _partition_of(worker: Worker, topic: Topic, number: int) -> TP:
    return TP(worker.settings.topic(topic.name), number)


async def has_read(kafka: Offers, tps: Sequence[TP]) -> bool:
    """Whether the group has read any of these before: Kafka remembers it of every checkpoint, until the group is
    deleted, as Kafka does by itself with one that was empty for a week."""
    return any(offset is not None for offset in (await kafka.committed(tps)).values())


def begins(start: str | int, offsets: Offsets, now_ms: int) -> int:
    """The instant from which on a new shard is told everything; `NEVER` where it is told all that there was."""
    if start == "earliest" or not any(offsets.values()):
        return NEVER
    return now_ms if isinstance(start, str) else start


def _reached(tp: TP, wanted: int, beginning: int, settings: Settings) -> int:
    """The wanted offset, if the topic still reaches back to it."""
    if wanted >= beginning:
        return wanted
    gap = f"topic {tp.topic}, partition {tp.partition}: the records from offset {wanted} up to {beginning} are gone"
    if not settings.accept_partial_history:
        raise StateLost(
            f"{gap}. They are needed to go on where the state ends (or to rebuild it, if Redis has lost it). Restore"
            " Redis from a backup, or go on without them with --accept-partial-history."
        )
    log.error("%s - going on without them, as --accept-partial-history says", gap)
    return beginning


async def _refuse_beyond_the_end(kafka: Offers, begun: Offsets) -> None:
    ends = await kafka.ends(begun)
    for tp, offset in begun.items():
        if offset > ends.get(tp, offset):
            raise StateError(
                f"topic {tp.topic}, partition {tp.partition}: the state has read up to offset {offset}, and the"
                f" partition ends at {ends[tp]}. Was the topic deleted and made anew? Then the state does not belong to"
                " it: use another SEGMENTER_GROUP."
            )


async def _first_start(kafka: Offers, inputs: Sequence[TP], beginnings: Offsets, settings: Settings) -> Offsets:
    """Wherever the events begin, nobody comes back who was erased: commands are read from their beginning."""
    commands = settings.topic(PROFILE_COMMANDS.name)
    begun = {tp: beginnings[tp] for tp in inputs if settings.start == "earliest" or tp.topic == commands}
    return begun | await _begin_later(kafka, [tp for tp in inputs if tp not in begun], beginnings, settings)


async def _begin_later(kafka: Offers, tps: Sequence[TP], beginnings: Offsets, settings: Settings) -> Offsets:
    if not tps or settings.start == "earliest":
        return {}
    ends = dict(await kafka.ends({tp: beginnings[tp] for tp in tps}))
    if settings.start == "latest":
        return ends
    log.info("shard %d - begins at %s", tps[0].partition, format_time(settings.start))
    found = await kafka.offsets_at(tps, settings.start)
    return {tp: ends[tp] if (at := found[tp]) is None else at for tp in tps}


async def where_the_past_begins(
    kafka: Rereads, tps: Sequence[TP], head: Head, settings: Settings, now_ms: int
) -> Beginning:
    """Where the inputs of a shard begin that is to be made once more. head: of the shard as it is, which says from when
    on it was told everything."""
    begun_ms = begun(head)
    beginnings = dict(await kafka.earliest_offsets(*tps))
    offsets = dict(beginnings)
    if begun_ms != NEVER:
        of_events = [tp for tp in tps if tp.topic in (settings.topic(each.topic.name) for each in INPUTS)]
        ends = dict(await kafka.ends({tp: beginnings[tp] for tp in of_events}))
        found = await kafka.offsets_at(of_events, begun_ms)
        offsets |= {tp: ends.get(tp, beginnings[tp]) if (at := found[tp]) is None else at for tp in of_events}
    since_ms = begun_ms
    for tp, offset in offsets.items():
        if 0 < offset == beginnings[tp]:  # what stood before it is gone
            since_ms = max(since_ms, await _time_of_first(kafka, tp, offset, now_ms))
    return Beginning(offsets, since_ms)


async def _time_of_first(kafka: Rereads, tp: TP, offset: int, now_ms: int) -> int:
    """Of the first record that there is, ms; now, where there is none."""
    end = (await kafka.ends({tp: offset})).get(tp, offset)
    async with kafka.reading_on({tp: offset}) as source:
        while offset < end:
            portion = (await source.portions({tp}, 0.2)).get(tp)
            if portion is not None:
                offset = portion.next_offset
                for record in portion.records:
                    return now_ms if record.timestamp is None or record.timestamp < 0 else int(record.timestamp)
    return now_ms
