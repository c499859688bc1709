"""What a worker notes of what it reads, for all workers of its group together."""

import logging
from types import SimpleNamespace

import pytest

from streams.core.events import Event, Reads
from streams.errors import Unreachable
from streams.observed.names import Names, ObservedNames
from streams.observed.recorder import ENOUGH, ONE_IN, Recorder
from streams.state.format import OBSERVED
from streams.state.memory import MemoryGroupStore
from streams.testing import ManualClock, Record, identify, to_bytes, track
from tests.decoders import Decoder

DAY = 20_513  # 2026-03-01


@pytest.fixture
def store() -> MemoryGroupStore:
    return MemoryGroupStore()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock("2026-03-01 09:00")


def show(recorder: Recorder, *records: Record) -> None:
    """As one fetch brings them."""
    fetched = [SimpleNamespace(value=to_bytes(record)) for record in records]
    decoded = [Decoder(Reads({})).product(each.value, None, 0) for each in fetched]
    recorder.read([event for event in decoded if isinstance(event, Event)], fetched)


def happened(name: str, **properties: object) -> Record:
    return track("ann", name, "2020-01-01", None, **properties)


async def read_on(store: MemoryGroupStore, day: int = DAY) -> ObservedNames:
    return ObservedNames.decode((await store.read(OBSERVED))[day])


async def test_every_event_is_counted_on_the_day_on_which_it_was_read(
    store: MemoryGroupStore, clock: ManualClock
) -> None:
    recorder = Recorder(store, clock)
    show(recorder, happened("A"), happened("B"), happened("A"))
    show(recorder, happened("A"), identify("ann", "2020-01-01", plan="pro"))
    await recorder.note()
    assert (await read_on(store)).events == Names({"A": 3, "B": 1}, records=4)
    clock.advance("1d")
    show(recorder, happened("A"))
    await recorder.note()
    assert (await read_on(store)).events.counts == {"A": 3, "B": 1}
    assert (await read_on(store, DAY + 1)).events.counts == {"A": 1}


async def test_of_every_fetch_some_records_are_looked_into(store: MemoryGroupStore, clock: ManualClock) -> None:
    recorder = Recorder(store, clock)
    show(recorder, happened("A", first=1))
    show(recorder, happened("A", second=1), happened("A", third=1), happened("B", fourth=1))
    show(recorder, identify("ann", "2020-01-01", plan="pro"))
    await recorder.note()
    seen = await read_on(store)
    assert seen.properties == {"A": Names({"first": 1, "second": 1}, 2), "B": Names({"fourth": 1}, 1)}
    assert seen.traits == Names({"plan": 1}, records=4)


async def test_a_rare_event_is_looked_into_before_a_frequent_one(store: MemoryGroupStore, clock: ManualClock) -> None:
    recorder = Recorder(store, clock)
    for _ in range(3):
        show(recorder, *[happened("Frequent", x=1)] * 10)
    show(recorder, *[happened("Frequent", x=1)] * 10, happened("Rare", y=1))
    await recorder.note()
    assert (await read_on(store)).properties["Rare"] == Names({"y": 1}, 1)


async def test_of_many_records_one_in_so_many_is_looked_into(store: MemoryGroupStore, clock: ManualClock) -> None:
    recorder = Recorder(store, clock)
    show(recorder, *(happened(f"event {number}", x=1) for number in range(10 * ONE_IN - 1)))
    await recorder.note()
    assert (await read_on(store)).traits.records == 10


async def test_of_one_event_no_more_are_looked_into_than_enough_until_they_are_noted(
    store: MemoryGroupStore, clock: ManualClock
) -> None:
    recorder = Recorder(store, clock)
    for notes in (1, 2):
        for _ in range(2 * ENOUGH):
            show(recorder, happened("A", x=1))
        await recorder.note()
        assert (await read_on(store)).properties == {"A": Names({"x": notes * ENOUGH}, notes * ENOUGH)}


async def test_workers_add_to_one_record(store: MemoryGroupStore, clock: ManualClock) -> None:
    first, second = Recorder(store, clock), Recorder(store, clock)
    for _ in range(3):
        for recorder in (first, second):
            show(recorder, happened("A", x=1))
            await recorder.note()
    seen = await read_on(store)
    assert seen.events == Names({"A": 6}, records=6)
    assert seen.properties == {"A": Names({"x": 6}, records=6)}


async def test_where_nothing_was_read_nothing_is_noted(store: MemoryGroupStore, clock: ManualClock) -> None:
    recorder = Recorder(store, clock)
    show(recorder)
    await recorder.note()
    assert await store.read(OBSERVED) == {}


async def test_while_redis_is_away_it_waits_and_is_told_once(
    store: MemoryGroupStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object, **__: object) -> bytes:
        raise Unreachable("Redis at r:1 does not answer")

    recorder = Recorder(store, clock)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(store, "replace", away)
        for _ in range(3):
            show(recorder, happened("A"))
            await recorder.note()
    assert [record.message for record in caplog.records] == [
        "worker - what was read is not noted for `check --seen`: Redis at r:1 does not answer"
    ]
    await recorder.note()
    assert (await read_on(store)).events.counts == {"A": 3}
