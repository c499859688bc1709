"""What the monitor sees of real shards, and what it does about one that hangs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from streams.core.engine.shard import Shard
from streams.core.identities.aliases import MOST_RECORDS
from streams.core.identities.owners import MOST_IDS
from streams.errors import Stuck
from streams.kafka.message import Message
from streams.lifecycle.awaiting import Made
from streams.monitoring import health
from streams.monitoring.health import State
from streams.runtime import monitor as monitors
from streams.runtime.metrics import registry
from streams.runtime.monitor import Monitor
from streams.settings import Settings
from streams.testing import track
from tests.rulebooks import rulebook
from tests.runtime.alone import INPUT, Alone

NOON = 0  # Kafka had the records of `Alone` then: a later event would be taken back to it
RULES = rulebook(open='count("Opened") > count("Closed")', quiet="idle_days >= 7")


class Worked(Alone):
    """A shard on which is worked, as an assignment of that one shard; its Kafka may hang, and tells no ends."""

    def __init__(self) -> None:
        self.now = NOON
        super().__init__(Shard(RULES), lambda: self.now)
        self.hangs = self.is_hanging = False
        self.has_joined = True
        self.made: Made | None = None
        self.monitor = Monitor(Settings())
        self.monitor.counters = self.counters
        self.monitor.lags = self  # type: ignore[assignment]  # what it is asked for stands below

    async def publish(self, topic: str, shard: int, messages: Sequence[Message]) -> None:
        if self.hangs:
            self.is_hanging = True
            await asyncio.Event().wait()
        await super().publish(topic, shard, messages)

    @asynccontextmanager
    async def at_work(self) -> Any:
        loop = await self.load()
        work = asyncio.create_task(loop.work(), name="shard 0")
        loop.time_came(self.now, {})
        yield loop
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not done():  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0)

    def look(self) -> health.ShardHealth:
        [found] = self.monitor.look(self).shards  # type: ignore[arg-type]  # it is an assignment, see above
        return found

    # as an assignment

    def owners(self) -> list[Any]:
        return [SimpleNamespace(number=0, loaded=self.loaded, obstacle=None, made=self.made)]

    def now_ms(self) -> int:
        return self.now

    def is_held_back(self, *_: object) -> bool:
        return False

    # as lags, of a Kafka that has no more than what was fetched

    obstacle = None

    def ask(self, _: object) -> None: ...

    def of(self, _: object) -> Any:
        return SimpleNamespace(end=self._offset, records=lambda at: self._offset - at, seconds=lambda *_: 0.0)

    async def close(self) -> None: ...


async def test_a_shard_is_behind_until_all_is_applied_and_stored() -> None:
    worked = Worked()
    async with worked.at_work():
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP)
        worked.arrive([track("ann", "Opened", NOON, "m-1")])
        assert worked.look().state is State.BEHIND
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP)


async def test_a_shard_whose_publishing_hangs_ends_the_worker_with_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STUCK_AFTER_S", 0.2)
    monkeypatch.setattr(monitors, "LOOK_EVERY_S", 0.01)
    worked, failed = Worked(), []

    async def fail(subject: str, error: Exception) -> None:
        failed.append((subject, error))

    watch: Callable[..., Awaitable[None]] = worked.monitor.watch
    async with worked.at_work(), asyncio.timeout(60):
        worked.hangs = True
        worked.arrive([track("ann", "Opened", NOON, "m-1")])
        await worked.until(lambda: worked.is_hanging)
        await watch(worked, fail)
    [(subject, error)] = failed
    assert subject == "shard 0"
    assert isinstance(error, Stuck)
    assert "there is something to do" in str(error)
    assert "hangs at retry.py:" in str(error)
    assert "runtime/checkpoints/checkpoint.py:" in str(error)
    assert worked.monitor.health.shards == ()  # nobody reads of shards that are no more


async def test_a_worker_that_was_paused_for_minutes_is_not_stuck_when_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked, now_s = Worked(), 1_000.0
    monkeypatch.setattr(monitors, "time", SimpleNamespace(monotonic=lambda: now_s))
    async with worked.at_work():
        worked.hangs = True
        worked.arrive([track("ann", "Opened", NOON, "m-1")])
        assert worked.look().state is State.BEHIND
        now_s += 10 * health.STUCK_AFTER_S
        assert worked.look().state is State.BEHIND
        for _ in range(int(health.STUCK_AFTER_S)):
            now_s += 1
            worked.look()
        assert worked.look().state is State.STUCK


async def test_members_are_counted_with_each_change_as_a_count_of_all_would() -> None:
    worked = Worked()
    async with worked.at_work() as loop:
        assert loop.members == {"open": 0, "quiet": 0}
        worked.arrive([track(user, "Opened", NOON, f"m-{user}") for user in ("ann", "bob", "cid")])
        await worked.until(lambda: loop.members["open"] == 3)
        worked.arrive([track("bob", "Closed", NOON + 1, "m-closed")])
        await worked.until(lambda: loop.members["open"] == 2)
        worked.now = NOON + 7 * 86_400_000 + 2
        loop.time_came(worked.now, {})
        await worked.until(lambda: loop.members["quiet"] == 3)
        assert loop.members == loop.shard.members()


def samples(worked: Worked) -> Iterator[Any]:
    for metric in registry(worked.monitor).collect():
        yield from metric.samples


async def test_metrics_tell_what_has_happened() -> None:
    worked = Worked()
    async with worked.at_work():
        worked.arrive([track("ann", "Opened", NOON, "m-1"), track("ann", "Opened", NOON, "m-1")])
        worked.receive_bad_record()
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP and worked.counters.checkpoints > 0)
        found = {(each.name, *each.labels.values()): each.value for each in samples(worked)}
    assert found["segmenter_records_total", INPUT.topic, "event"] == 2
    assert found["segmenter_records_total", INPUT.topic, "rejected"] == 1
    assert found["segmenter_events_total", "applied"] == found["segmenter_events_total", "duplicate"] == 1
    assert found["segmenter_changes_total", "open", "event"] == 1
    assert found["segmenter_dead_letters_total", "not_json"] == 1
    assert found["segmenter_members", "open", "0"] == found["segmenter_profiles", "0"] == 1
    assert found["segmenter_shards", "caught_up"] == found["segmenter_ready",] == 1
    assert found["segmenter_lag_records", INPUT.topic, "0"] == 0
    assert found["segmenter_step_seconds_count",] >= 1
    assert found["segmenter_publish_seconds_count",] >= 1
    assert found["segmenter_last_publish_timestamp_seconds", "0"] > NOON / 1000


async def test_what_reaches_nobody_and_the_links_that_are_refused_are_counted_by_reason() -> None:
    worked = Worked()
    nobodys = [track(None, "Opened", NOON, f"n-{n}") | {"anonymousId": "device"} for n in range(MOST_RECORDS + 2)]
    anns = [track("ann", "Opened", NOON, f"a-{n}") | {"anonymousId": f"device-{n}"} for n in range(MOST_IDS + 3)]
    async with worked.at_work():
        worked.arrive([*nobodys, *anns])
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP and worked.counters.checkpoints > 0)
        found = {(each.name, *each.labels.values()): each.value for each in samples(worked)}
    assert found["segmenter_unlinked_total", "too many of one alias"] == 2
    assert found["segmenter_unlinked_total", "too many ids of one person"] == 3
    assert found["segmenter_dead_letters_total", "too_many_ids"] == worked.published["dead-letters"] == 1
    assert found["segmenter_members", "open", "0"] == 1, "she counts, whatever ids she bears"


async def test_how_far_a_past_is_made_is_told_while_one_is() -> None:
    worked = Worked()
    async with worked.at_work():
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP)
        assert "segmenter_past_read_ratio" not in [each.name for each in samples(worked)]
        worked.made = Made(50, 200)
        worked.look()
        found = {(each.name, *each.labels.values()): each.value for each in samples(worked)}
    assert found["segmenter_past_read_ratio", "0"] == 0.25


async def test_no_label_has_a_user_in_it() -> None:
    worked = Worked()
    async with worked.at_work():
        worked.arrive([track("ann@example.com", "Opened", NOON, "m-1")])
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP)
        assert not [each for each in samples(worked) if "ann" in str(each.labels)]


async def test_a_deadline_that_has_come_and_was_not_worked_off_is_late() -> None:
    worked = Worked()
    async with worked.at_work() as loop:
        worked.arrive([track("ann", "Opened", NOON, "m-1")])
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP)
        worked.now = NOON + 7 * 86_400_000 + 90_000
        assert worked.look().state is State.BEHIND
        assert worked.monitor.figures[0].late_s == 90.0
        loop.time_came(worked.now, {})
        await worked.until(lambda: worked.look().state is State.CAUGHT_UP)
        assert worked.monitor.figures[0].late_s == 0.0
