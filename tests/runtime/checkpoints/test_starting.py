"""Where a shard begins to read."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from faust.types import TP

from streams.core.engine.shard import Shard
from streams.core.kernel.layout import NEVER
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Rulebook
from streams.errors import StateError, StateLost
from streams.runtime.checkpoints.starting import begins, count_on, has_read, where_the_past_begins, where_to_begin
from streams.settings import Settings

PRODUCT, BILLING = TP("product-events", 2), TP("billing-updates", 2)
TPS = (PRODUCT, BILLING)
NOW = 1_800_000_000_000


@dataclass
class Kafka:
    """Two partitions that hold the offsets 0 to 99, and what a test says otherwise."""

    beginnings: dict[TP, int] = field(default_factory=lambda: dict.fromkeys(TPS, 0))
    committed_offsets: dict[TP, int] = field(default_factory=dict)
    at: dict[TP, int | None] = field(default_factory=dict)

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.beginnings[tp] for tp in partitions}

    async def ends(self, positions: Mapping[TP, int]) -> Mapping[TP, int]:
        return dict.fromkeys(positions, 100)

    async def committed(self, tps: Sequence[TP]) -> Mapping[TP, int | None]:
        return {tp: self.committed_offsets.get(tp) for tp in tps}

    async def offsets_at(self, tps: Sequence[TP], time_ms: int) -> Mapping[TP, int | None]:
        return {tp: self.at.get(tp) for tp in tps}

    @asynccontextmanager
    async def reading_on(self, offsets: Mapping[TP, int]) -> AsyncIterator[None]:
        assert all(offset == 100 for offset in offsets.values()), "there is something to read"
        yield


async def test_a_shard_goes_on_where_its_state_ends() -> None:
    stored = {"product-events": 40, "billing-updates": 7}
    assert await where_to_begin(Kafka(), TPS, stored, Settings()) == {PRODUCT: 40, BILLING: 7}


async def test_a_shard_goes_on_even_where_kafka_has_forgotten_what_was_committed() -> None:
    stored = {"product-events": 0, "billing-updates": 100}
    assert await where_to_begin(Kafka(), TPS, stored, Settings()) == {PRODUCT: 0, BILLING: 100}


async def test_records_that_are_gone_before_they_were_read_stop_it_by_topic_partition_and_offset() -> None:
    kafka = Kafka(beginnings={PRODUCT: 50, BILLING: 0})
    stored = {"product-events": 40, "billing-updates": 7}
    with pytest.raises(StateLost, match="topic product-events, partition 2: the records from offset 40 up to 50"):
        await where_to_begin(kafka, TPS, stored, Settings())
    settings = Settings(accept_partial_history=True)
    assert await where_to_begin(kafka, TPS, stored, settings) == {PRODUCT: 50, BILLING: 7}


async def test_a_state_that_has_read_more_than_there_is_belongs_to_other_topics() -> None:
    with pytest.raises(StateError, match="Was the topic deleted and made anew"):
        await where_to_begin(Kafka(), TPS, {"product-events": 101, "billing-updates": 0}, Settings())


async def test_a_state_that_redis_has_lost_is_rebuilt_from_the_beginning() -> None:
    assert await has_read(Kafka(committed_offsets={PRODUCT: 90}), TPS)
    assert not await has_read(Kafka(), TPS)
    begun = await where_to_begin(Kafka(), TPS, None, Settings(start="latest"), lost=True)
    assert begun == {PRODUCT: 0, BILLING: 0}


async def test_a_lost_state_is_not_half_rebuilt_unless_that_is_wanted() -> None:
    kafka = Kafka(beginnings={PRODUCT: 1, BILLING: 0})
    with pytest.raises(StateLost, match="accept-partial-history"):
        await where_to_begin(kafka, TPS, None, Settings(), lost=True)
    settings = Settings(accept_partial_history=True)
    assert await where_to_begin(kafka, TPS, None, settings, lost=True) == {PRODUCT: 1, BILLING: 0}


@pytest.mark.parametrize(("start", "begun"), [("earliest", 10), ("latest", 100), (1_000, 33)])
async def test_a_first_start_begins_where_the_settings_say(start: str | int, begun: int) -> None:
    kafka = Kafka(beginnings=dict.fromkeys(TPS, 10), at={PRODUCT: 33})
    found = await where_to_begin(kafka, [PRODUCT], None, Settings.model_validate({"start": start}))
    assert found == {PRODUCT: begun}


async def test_a_time_after_the_last_record_begins_at_the_end() -> None:
    assert await where_to_begin(Kafka(), [PRODUCT], None, Settings(start=5)) == {PRODUCT: 100}


async def test_an_input_that_the_state_does_not_know_begins_as_at_a_first_start() -> None:
    begun = await where_to_begin(Kafka(), TPS, {"product-events": 40}, Settings(start="latest"))
    assert begun == {PRODUCT: 40, BILLING: 100}


@pytest.mark.parametrize("start", ["latest", 1_000])
async def test_commands_to_erase_are_read_from_their_beginning_wherever_events_begin(start: str | int) -> None:
    commands = TP("profile-commands", 2)
    kafka = Kafka(beginnings={PRODUCT: 10, commands: 0}, at={PRODUCT: 33, commands: 44})
    begun = await where_to_begin(kafka, [PRODUCT, commands], None, Settings.model_validate({"start": start}))
    assert begun == {PRODUCT: 100 if start == "latest" else 33, commands: 0}
    stored = {"product-events": 40}
    assert await where_to_begin(kafka, [PRODUCT, commands], stored, Settings.model_validate({"start": start})) == {
        PRODUCT: 40,
        commands: 0,
    }


@pytest.mark.parametrize(
    ("start", "offset", "begun"),
    [("earliest", 5, NEVER), ("latest", 5, NOW), (NOW - 7, 5, NOW - 7), ("latest", 0, NEVER), (NOW - 7, 0, NEVER)],
)
def test_what_is_told_from_the_beginning_has_begun_at_no_instant(start: str | int, offset: int, begun: int) -> None:
    assert begins(start, {PRODUCT: offset, BILLING: 0}, NOW) == begun


@pytest.mark.parametrize(("last", "now_ms", "number"), [(0, 7, 7), (7, 8, 8), (7, 7, 507), (9, 7, 509)])
def test_checkpoints_count_on_from_the_time_or_where_the_clock_is_behind_from_beyond_what_may_be_lost(
    last: int, now_ms: int, number: int
) -> None:
    assert count_on(last, now_ms) == number


async def test_where_nothing_is_there_any_more_a_past_has_what_comes_from_now_on_though_time_has_never_come() -> None:
    head = Head.decode(Shard(Rulebook(())).head())
    assert head.time_ms == NEVER
    kafka = Kafka(beginnings={PRODUCT: 0, BILLING: 100})
    assert await where_the_past_begins(kafka, TPS, head, Settings(), NOW) == ({PRODUCT: 0, BILLING: 100}, NOW)
