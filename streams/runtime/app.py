"""The composition root: everything that runs is put together here, and nowhere else.

Comes in: settings, a clock, a store, in which the rules are (or will be, from the folder that the settings name). Goes
out: a Faust app, for `streams.runtime.running` to run.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

from faust.app.base import BootStrategy
from faust.app.base import logger as faust_logger
from msgspec.structs import replace
from yarl import URL

from streams.errors import SegmenterError, Unreachable, UsageError
from streams.kafka.connection import KAFKA, Broker
from streams.kafka.errors import in_words
from streams.kafka.provisioning import ensure
from streams.lifecycle import awaiting
from streams.lifecycle.awaiting import Made
from streams.lifecycle.checking import InForce
from streams.lifecycle.following import Followed
from streams.log import Throttle, counted, log
from streams.observed.recorder import Recorder
from streams.outputs.messages import Outputs
from streams.retry import Retry
from streams.runtime.agents import Declared, declare
from streams.runtime.assignment import Assignment
from streams.runtime.compiling import compile_engine
from streams.runtime.monitor import Monitor
from streams.runtime.quintiles import Refresher
from streams.runtime.transport.producing import PRODUCE_BYTES, Producer
from streams.runtime.transport.transport import Consumer, Transport
from streams.runtime.worker import Worker, decoder_for
from streams.settings import Settings
from streams.state.format import SETTLED, past_room
from streams.state.opening import redis_store
from streams.state.store import Store
from streams.topics import PRODUCT_EVENTS

Clock = Callable[[], int]
CHECK_EVERY_S: Final = 1.0
UNWATCHED_WITHIN_S: Final = 0.8
COMPACTED: Final = (
    "is compacted, by which a command to erase or to merge users is forgotten once there is a newer one of that user:"
    " give it cleanup.policy=delete and retention.ms=-1, as docs/operate.md has it under Erase a user"
)


def wall_clock() -> int:
    """The time, ms."""
    return time.time_ns() // 1_000_000


class Boot(BootStrategy):
    """No web server: it would listen on all interfaces, and a second worker on the machine would die of it."""

    enable_web = False


class SegmenterApp(Declared):
    """The Faust app of one worker."""

    BootStrategy = Boot
    logger = faust_logger

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        broker: Broker,
        compile_first: bool,
        monitor: Monitor,
    ):
        super().__init__(settings.group, **_faust_options(settings))
        self.transport = self.producer_transport = Transport(self, settings, broker)
        self.worker_monitor = monitor
        self._watching: list[asyncio.Task[None]] = []
        self._made_of = settings, store, clock
        self._compile_first = compile_first
        self._has_shards = False
        self._awaits: Worker | None = None
        self._tidied: set[tuple[int, int]] = set()
        self._may_tell, self._may_tell_past = Throttle(), Throttle(every_s=5)
        self.failure: Exception | None = None
        self.failed, self.has_let_go = asyncio.Event(), asyncio.Event()
        declare(self, settings)

    def _create_directories(self) -> None:
        """Faust would make a data directory for its tables where it is started; we have none."""

    async def on_start(self) -> None:
        settings, store, clock = self._made_of
        if self._compile_first:
            # Before the group waits for our heartbeats.
            compile_engine()
        self.worker_monitor.counters.lives += 1
        partitions = self.worker_monitor.partitions = await prepare(settings, store, self.worker_monitor.starting)
        self._followed = await self._begun(settings, store, partitions)
        version, rulebook = self._followed.number, self._followed.checked.rulebook
        log.info("worker - runs version %d of the rules: %s", version, counted(len(rulebook.rules), "rule"))
        # Made by our transport.
        consumer, producer = cast(Consumer, self.consumer), cast(Producer, self.producer)
        outputs = Outputs(settings)
        self.recorder = Recorder(store.group, clock)
        self._worker = Worker(
            settings,
            rulebook,
            store.shards,
            clock,
            consumer,
            producer,
            decoder_for(rulebook, settings, self.worker_monitor.counters),
            outputs,
            self.worker_monitor.counters,
            self.recorder,
            partitions,
            self._followed.past_version,
            has_past=self._followed.has_past,
        )
        self.shards = Assignment(self._worker, self.fail)
        self.refresher = Refresher(lambda: self._worker.rulebook, store.group, clock, self.shards.loaded)
        self._has_shards = True
        self._watching.append(asyncio.create_task(self._watch(), name="monitor"))
        await super().on_start()

    async def _begun(self, settings: Settings, store: Store, partitions: int) -> Followed:
        fixed = {name: value.encode() for name, value in _fixed(settings, partitions).items()}
        followed = Followed(store.group, settings, fixed)
        await self.worker_monitor.starting("Redis", lambda: followed.begin(wall_clock()))
        self.worker_monitor.rules = followed
        return followed

    async def look_at_rules(self) -> None:
        """Take over another version, if one is live. Where Redis does not take part, it waits for the next time."""
        try:
            if await self._followed.look():
                self._take_over()
            elif not self.shards.is_taking_over:
                await self._make_past(self._followed.awaited)
                await self._tidy(self._followed.past_version, self._followed.has_past)
        except Unreachable as error:
            if self._may_tell():
                log.warning("worker - the rules stay as they are: %s", error)

    def _take_over(self) -> None:
        rulebook = self._followed.checked.rulebook
        past_version, has_past = self._followed.past_version, self._followed.has_past
        has_it = self._worker.has_past or not has_past  # else shards may come to us that ran what came in between
        if has_it and rulebook.means_the_same_as(self._worker.rulebook):
            log.info("worker - takes over version %d of the rules: none means anything else", self._followed.number)
            return
        log.info("worker - takes over version %d of the rules", self._followed.number)
        awaited, self._worker = self._awaits, self._worker.under(rulebook, past_version, has_past=has_past)
        if awaited is not None and awaited.version == past_version and rulebook.means_the_same_as(awaited.rulebook):
            self._worker = awaited
        self.shards.take_over(self._worker)

    async def _make_past(self, awaited: InForce | None) -> None:
        """Have it made for our shards, and tell how far it is; whoever sees that it is there for all makes it live."""
        if awaited is None or awaited.version is None:
            self._awaits = None
            await self.shards.await_past(None)
            return
        _, store, _ = self._made_of
        version = awaited.version
        if self._awaits is None or self._awaits.version != version.number:
            log.info("worker - makes the past of %s of the rules", version)
            has_limit, rulebook = version.max_change is not None, awaited.checked.rulebook
            self._awaits = self._worker.under(rulebook, version.number, has_limit=has_limit, has_past=True)
        await self.shards.await_past(self._awaits)
        found = await awaiting.told(store.group, version.number, self.shards.made())
        if found.is_done:
            room = store.shards.beside(past_room(version.number))
            if refused := await awaiting.settle(store.group, room, version, found):
                log.error("rules - %s", refused)
        elif self._may_tell_past():
            log.info("worker - the past of %s of the rules: %s", version, found)

    async def _tidy(self, version: int, has_past: bool) -> None:
        """Forget the past of the version that is live, once all shards have it, and have heard what was told before
        that: until then one may need another's. With it goes what is left of versions before, which were given up or
        refused while nobody made it here.

        has_past: whether it came with one; else nobody needs what is kept under its number."""
        left = {owner.number: owner for owner in self.shards.owners() if (version, owner.number) not in self._tidied}
        if not left:
            return
        _, store, _ = self._made_of
        found = await awaiting.progress(store.group, version)
        for number, owner in left.items():
            made = found.made.get(number, Made(0, 0) if has_past else None)
            if made is not None and not made.is_taken and owner.has_taken(version):
                await awaiting.tell(store.group, version, number, replace(made, is_taken=True))
            elif made is not None and not made.is_over and found.is_taken and await owner.has_heard(version):
                await awaiting.tell(store.group, version, number, replace(made, is_over=True))
            if found.is_over or not (found.made or has_past):
                for each in [version, *await awaiting.made_before(store.group, version)]:
                    await owner.forget_past(each)
                self._tidied.add((version, number))

    async def _watch(self) -> None:
        async with self.failing("the monitor"):
            await self.worker_monitor.watch(self.shards, self.fail)

    async def on_started(self) -> None:
        """Once all of its services run, and before there are shards."""
        self._watching.append(asyncio.create_task(self._look_after_kafka(), name="Kafka's client"))
        await super().on_started()

    async def _look_after_kafka(self) -> None:
        async with self.failing("reading from Kafka"):
            while True:
                await cast(Consumer, self.consumer).check()
                await asyncio.sleep(CHECK_EVERY_S)

    async def on_stop(self) -> None:
        for each in self._watching:
            each.cancel()
        try:
            if self._has_shards:
                # What crashed may be what a last checkpoint needs.
                done = self.shards.let_go() if self.crash_reason is None else self.shards.drop()
                letting_go = asyncio.create_task(done)
                try:
                    await self.recorder.note()
                finally:
                    await letting_go
        except Exception as error:  # noqa: BLE001 - Faust must stop its thread all the same
            await self.fail("letting go of shards", error)
        if self._watching:
            # The monitor closes its connections.
            await asyncio.wait(self._watching, timeout=UNWATCHED_WITHIN_S)
        self.has_let_go.set()
        await super().on_stop()

    async def on_shutdown(self) -> None:
        _, store, _ = self._made_of
        with suppress(SegmenterError):
            await store.close()

    async def fail(self, subject: str, reason: Exception) -> None:
        """The app ends, the shards that are well in good order."""
        log.error("%s - failed: %s", subject, in_words(reason))
        log.debug("%s - the same with where it came from", subject, exc_info=reason)
        if self.should_stop or self.failed.is_set():
            return
        self.failure = reason
        self.failed.set()
        if self.in_worker:
            # `faust worker` knows nothing of `failed`.
            await self.crash(reason)


def create_app(
    settings: Settings,
    store: Store,
    *,
    clock: Clock = wall_clock,
    broker: Broker = KAFKA,
    compile_first: bool = True,
    monitor: Monitor | None = None,
) -> SegmenterApp:
    """A worker, ready to be started. `compile_first`: False where the engine may run as it is until it is compiled.
    `monitor`: one for all apps of the process, if there may be more."""
    return SegmenterApp(settings, store, clock, broker, compile_first, monitor or Monitor(settings))


async def prepare(settings: Settings, store: Store, retry: Retry) -> int:
    """Topics as they must be, and a Redis that keeps what it is given; waits for both to answer. Returns the number of
    partitions."""
    begun_with = await retry("Redis", lambda: store.group.get(SETTLED, "partitions"))
    found = await retry("Kafka", lambda: ensure(settings, int(begun_with) if begun_with else None))
    for each in found:
        if each.created:
            log.info("topic %s - created with %d partitions", each.topic, each.partitions)
        if each.loses_records:
            log.warning("topic %s - %s", each.topic, COMPACTED)
    await retry("Redis", store.check)
    partitions = next(each.partitions for each in found if each.topic == settings.topic(PRODUCT_EVENTS.name))
    said = "SEGMENTER_UTC_OFFSET" if settings.is_set("utc_offset") else "SEGMENTER_TIMEZONE"
    whats = "the number of partitions of the input topics", said, "SEGMENTER_PARTITIONER"
    for (name, now), what in zip(_fixed(settings, partitions).items(), whats, strict=True):
        await _settle(store, name, now, what)
    return partitions


def _fixed(settings: Settings, partitions: int) -> dict[str, str]:
    """What is fixed at first start."""
    days = settings.calendar.name  # `utc_offset`, as states of before call it
    return {"partitions": str(partitions), "utc_offset": days, "partitioner": settings.partitioner}


async def _settle(store: Store, name: str, now: str, what: str) -> None:
    """What the state was begun with cannot change under it: users' shards and days depend on it."""
    found = await Retry()("Redis", lambda: store.group.replace(SETTLED, name, b"", now.encode()))
    then = found.decode() or now
    if then != now:
        raise UsageError(
            f"{what}: it is {now}, and was {then} when the state was begun. Go back to {then}, or begin anew with"
            " another SEGMENTER_GROUP."
        )


def default_app() -> SegmenterApp:
    """The app that `faust -A streams worker` runs: all of it as the environment says."""
    settings = Settings.current()
    return create_app(settings, redis_store(settings))


def _faust_options(settings: Settings) -> dict[str, Any]:
    return {
        # Said for Faust's own displays; our transport connects by itself.
        "broker": [URL(f"kafka://{address}") for address in settings.kafka.split(",")],
        "autodiscover": False,
        "broker_commit_interval": 2.0,
        "broker_session_timeout": settings.session_timeout / 1000,
        "producer_acks": -1,
        "producer_max_batch_size": PRODUCE_BYTES,
        "producer_request_timeout": 30.0,
        # A message is a whole fetch; the default of 4,096 could be millions of records.
        "stream_buffer_maxsize": 16,
        "stream_wait_empty": False,
        "topic_disable_leader": True,
        "web_enabled": False,
    }
