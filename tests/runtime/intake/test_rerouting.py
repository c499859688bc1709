"""Records that came to a foreign partition, from the shard that finds them to the one that applies them."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Reads
from streams.kafka.message import Message
from streams.kafka.partitioning import homes
from streams.outputs.messages import Outputs
from streams.runtime.counters import Counters
from streams.runtime.intake.intake import Intake
from streams.runtime.intake.misrouted import likely_setting
from streams.runtime.intake.rerouting import send_home
from streams.runtime.transport.fetching import Fetched
from streams.runtime.worker import Worker
from streams.settings import Settings
from streams.sources import Decoder
from streams.state.memory import MemoryStore
from streams.testing import Record, billing, to_bytes, track
from tests.anytime import ANY_TIME
from tests.rulebooks import rulebook
from tests.runtime.lives import Owner
from tests.runtime.records import Read
from tests.runtime.world import NOON, World

PARTITIONS = 4
READING = 1
USERS = [f"user-{number}" for number in range(12)]
ROLES = ("product-events", "billing-updates", "rerouted-events")


def home(user: str) -> int:
    return homes(user, PARTITIONS, "murmur2")[0]


class Shard:
    """The intake of one shard, and what it sends to others."""

    def __init__(self, number: int, offsets: dict[str, int] | None = None, partitioner: str = "murmur2"):
        settings = Settings.from_environment({"SEGMENTER_PARTITIONER": partitioner})
        self.number, self.counters = number, Counters()
        worker: Any = SimpleNamespace(
            settings=settings,
            decoder=Decoder(Reads({}), ANY_TIME),
            outputs=Outputs(settings),
            counters=self.counters,
            consumer=self,
            recorder=self,
            partitions=PARTITIONS,
        )
        stored = offsets or {}
        self._offsets = {TP(role, number): stored.get(role, 0) for role in ROLES}
        self.intake = Intake(cast(Worker, worker), self._offsets, stored)

    async def start_reading(self, offsets: object) -> int:
        return READING

    def read(self, events: object, records: object) -> None: ...

    async def started(self) -> "Shard":
        await self.intake.start(self._offsets)
        for role in ROLES:
            self.fetch(role, [], 0)
        return self

    def fetch(self, role: str, records: Sequence[Any], first: int) -> None:
        """Records, or messages that another shard has sent, at the offsets from `first` on."""
        tp = TP(role, self.number)
        fetched = [as_fetched(first + i, each) for i, each in enumerate(records)]
        end = first + len(records)
        self.intake.receive(Fetched(tp, READING, 0, fetched, end, end, caught_up=True))

    def applied(self) -> list[str]:
        """The messageIds of all that may be applied."""
        return [event.message_id or "" for event in self.intake.take(1_000).events]


def as_fetched(offset: int, record: Record | Message) -> Read:
    if isinstance(record, Message):
        return Read(offset, 77, record.key, record.value, record.headers)
    return Read(offset, 50, record["userId"].encode(), to_bytes(record))


def signed_in(user: str, number: int, ts: int = 0) -> Record:
    return track(user, "Signed In", ts, f"m-{number}")


async def test_a_misrouted_record_is_sent_to_its_home_as_it_came_and_nobody_else_is() -> None:
    found = await Shard(0).started()
    found.fetch("product-events", [signed_in(user, number) for number, user in enumerate(USERS)], first=10)
    sent = found.intake.take_misrouted(1_000)
    assert found.applied() == [f"m-{number}" for number, user in enumerate(USERS) if home(user) == 0]
    foreign = [number for number, user in enumerate(USERS) if home(user) != 0]
    assert [message.shard for message in sent] == [home(USERS[number]) for number in foreign]
    assert [dict(message.headers)["offset"] for message in sent] == [b"%d" % (10 + number) for number in foreign]
    first = sent[0]
    assert (first.topic, first.key) == ("rerouted-events", USERS[foreign[0]].encode())
    assert dict(first.headers) | {"offset": b""} == {
        "topic": b"product-events",
        "partition": b"0",
        "offset": b"",
        "timestamp": b"50",
    }
    assert found.counters.rerouted == len(foreign)


async def test_no_offset_passes_a_misrouted_record_that_waits_for_an_outbox_and_no_event_beyond_it_is_applied() -> None:
    """Or else the next owner would begin at the misrouted record, and apply what was applied before."""
    found = await Shard(0).started()
    foreign = next(user for user in USERS if home(user) != 0)
    native = next(user for user in USERS if home(user) == 0)
    found.fetch("product-events", [signed_in(user, n) for n, user in enumerate([native, foreign, native])], first=3)
    assert found.applied() == ["m-0"]
    assert found.intake.positions()["product-events"] == 4
    found.intake.take_misrouted(1)
    assert found.applied() == ["m-2"]
    assert found.intake.positions()["product-events"] == 6


async def test_at_home_each_is_applied_once_however_often_it_was_sent() -> None:
    user = USERS[0]
    finder = await Shard((home(user) + 1) % PARTITIONS).started()
    finder.fetch("product-events", [signed_in(user, 0), signed_in(user, 1)], first=5)
    finder.fetch("billing-updates", [billing(user, "Invoice Paid", 0, "b-0")], first=5)
    sent = finder.intake.take_misrouted(10)
    at_home = await Shard(home(user)).started()
    at_home.fetch("rerouted-events", [*sent, *sent], first=0)
    assert at_home.applied() == ["m-0", "m-1", "b-0"]
    positions = at_home.intake.positions()
    assert positions["rerouted-events"] == 6
    assert positions[f"product-events/{finder.number}"] == 7
    assert positions[f"billing-updates/{finder.number}"] == 6
    again = await Shard(home(user), offsets=positions).started()
    again.fetch("rerouted-events", [*sent, *sent], first=6)
    assert again.applied() == []


async def test_what_was_received_and_not_applied_is_applied_by_the_next_owner() -> None:
    user = USERS[0]
    finder = await Shard((home(user) + 1) % PARTITIONS).started()
    finder.fetch("product-events", [signed_in(user, number) for number in range(3)], first=0)
    sent = finder.intake.take_misrouted(10)
    at_home = await Shard(home(user)).started()
    at_home.fetch("rerouted-events", sent, first=0)
    assert [event.message_id for event in at_home.intake.take(1).events] == ["m-0"]
    positions = at_home.intake.positions()
    assert (positions["rerouted-events"], positions[f"product-events/{finder.number}"]) == (1, 1)
    again = await Shard(home(user), offsets=positions).started()
    again.fetch("rerouted-events", sent[1:], first=1)
    assert again.applied() == ["m-1", "m-2"]


async def test_a_rerouted_event_is_judged_by_its_own_records_time() -> None:
    """An event more than 5 minutes ahead of its record is taken at the record's time, not at that of its reroute."""
    user = USERS[0]
    finder = await Shard((home(user) + 1) % PARTITIONS).started()
    finder.fetch("product-events", [signed_in(user, 0, ts=10**9)], first=0)
    at_home = await Shard(home(user)).started()
    at_home.fetch("rerouted-events", finder.intake.take_misrouted(1), first=0)
    assert at_home.intake.take(1).ts.tolist() == [50]


@pytest.mark.parametrize("record_ms", [-1, None])
async def test_a_record_without_a_time_of_its_own_has_none_at_home_either(record_ms: int | None) -> None:
    user = USERS[0]
    finder = await Shard((home(user) + 1) % PARTITIONS).started()
    tp = TP("product-events", finder.number)
    found = Read(0, record_ms, user.encode(), to_bytes(signed_in(user, 0, ts=10**9)))
    finder.intake.receive(Fetched(tp, READING, 0, [found], 1, 1, caught_up=True))
    at_home = await Shard(home(user)).started()
    at_home.fetch("rerouted-events", finder.intake.take_misrouted(1), first=0)
    assert at_home.intake.take(1).ts.tolist() == [10**9]


async def test_on_a_tie_rerouted_events_come_last() -> None:
    user = USERS[0]
    finder = await Shard((home(user) + 1) % PARTITIONS).started()
    finder.fetch("product-events", [signed_in(user, 0, ts=1), signed_in(user, 1, ts=2)], first=0)
    at_home = await Shard(home(user)).started()
    at_home.fetch("rerouted-events", finder.intake.take_misrouted(9), first=0)
    at_home.fetch("product-events", [signed_in(user, 2, ts=1), signed_in(user, 3, ts=3)], first=0)
    assert at_home.applied() == ["m-2", "m-0", "m-1", "m-3"]


@pytest.mark.parametrize("partitioner", ["crc32", "trust"])
async def test_whose_home_is_where_goes_by_the_partitioner(partitioner: str) -> None:
    shard = await Shard(1, partitioner=partitioner).started()
    shard.fetch("product-events", [signed_in(user, number) for number, user in enumerate(USERS)], first=0)
    shard.intake.take_misrouted(len(USERS))
    native = [n for n, user in enumerate(USERS) if 1 in homes(user, PARTITIONS, partitioner)]
    assert shard.applied() == [f"m-{number}" for number in native]


async def test_only_workers_write_to_the_topic() -> None:
    shard = await Shard(home("ann")).started()
    shard.fetch("rerouted-events", [signed_in("ann", 0)], first=0)
    assert shard.applied() == []
    [letter] = shard.intake.letters.take()
    assert dict(letter.headers)["reason_code"] == b"not_rerouted"
    assert b"send records to the topic of their kind" in dict(letter.headers)["reason"]


async def test_a_header_without_a_value_is_no_reason_to_stop() -> None:
    shard = await Shard(0).started()
    headers = [(name, None) for name in ("topic", "partition", "offset", "timestamp")]
    record = Read(0, 77, b"ann", to_bytes(signed_in("ann", 0)), headers)
    shard.intake.receive(Fetched(TP("rerouted-events", 0), READING, 0, [record], 1, 1, caught_up=True))
    [letter] = shard.intake.letters.take()
    assert dict(letter.headers)["reason_code"] == b"not_rerouted"


async def test_a_number_too_long_to_be_one_is_no_reason_to_stop() -> None:
    shard = await Shard(0).started()
    said = {"topic": b"product-events", "partition": b"1", "offset": b"1" * 5_000, "timestamp": b"7"}
    record = Read(0, 77, b"ann", to_bytes(signed_in("ann", 0)), list(said.items()))
    shard.intake.receive(Fetched(TP("rerouted-events", 0), READING, 0, [record], 1, 1, caught_up=True))
    [letter] = shard.intake.letters.take()
    assert dict(letter.headers)["reason_code"] == b"not_rerouted"


async def test_what_is_sent_to_a_shard_that_is_not_its_home_either_is_a_dead_letter_and_goes_no_further() -> None:
    user = USERS[0]
    finder = await Shard((home(user) + 1) % PARTITIONS).started()
    finder.fetch("product-events", [signed_in(user, 0)], first=0)
    elsewhere = await Shard((home(user) + 2) % PARTITIONS).started()
    elsewhere.fetch("rerouted-events", finder.intake.take_misrouted(9), first=0)
    assert elsewhere.applied() == []
    assert elsewhere.intake.take_misrouted(9) == []
    [letter] = elsewhere.intake.letters.take()
    said = dict(letter.headers)
    assert (said["reason_code"], said["topic"], said["offset"]) == (b"wrong_partition", b"product-events", b"0")


TURNS = st.lists(st.tuples(st.sampled_from(["send home", "apply", "die"]), st.integers(1, 3)), max_size=40)


@given(TURNS, st.lists(st.sampled_from(USERS), max_size=12))
async def test_what_is_at_home_among_strangers_is_applied_once_whoever_dies_when(
    turns: list[tuple[str, int]], users: list[str]
) -> None:
    """Its owner saves what it applied with its offsets, after each turn."""
    log, kept, done = [signed_in(user, number) for number, user in enumerate(users)], 0, list[str]()

    async def anew() -> Shard:
        shard = await Shard(0, offsets={"product-events": kept}).started()
        shard.fetch("product-events", log[kept:], first=kept)
        return shard

    shard = await anew()
    for turn, limit in [*turns, ("send home", len(log)), ("apply", len(log))]:
        if turn == "send home":
            shard.intake.take_misrouted(limit)
        elif turn == "apply":
            done += [event.message_id or "" for event in shard.intake.take(limit).events]
        else:
            shard = await anew()
        kept = shard.intake.positions()["product-events"]
    assert done == [f"m-{number}" for number, user in enumerate(users) if home(user) == 0]


FATES = st.lists(st.sampled_from(["publish", "find", "apply", "finder dies", "home dies"]), max_size=40)


@given(FATES, st.integers(1, 12))
async def test_each_is_applied_once_and_in_order_whoever_dies_when(fates: list[str], count: int) -> None:
    """The finder saves its offsets with the outbox and then publishes; home saves what it applied with its offsets."""
    user, log = USERS[0], [signed_in(USERS[0], number) for number in range(count)]
    number = (home(user) + 1) % PARTITIONS
    topic: list[Message] = []
    outbox: list[Message] = []
    found: dict[str, int] = {}
    kept: dict[str, int] = {}
    done: list[str] = []

    async def finder_anew() -> Shard:
        topic.extend(outbox)  # the next owner publishes it again
        shard = await Shard(number, offsets=found).started()
        shard.fetch("product-events", log[found.get("product-events", 0) :], first=found.get("product-events", 0))
        return shard

    async def home_anew() -> Shard:
        return await Shard(home(user), offsets=kept).started()

    finder, at_home, read = await finder_anew(), await home_anew(), kept.get("rerouted-events", 0)
    for fate in [*fates, "find", "publish", "apply", *["find", "publish", "apply"] * count]:
        match fate:
            case "find":
                topic.extend(outbox)
                outbox = finder.intake.take_misrouted(2)
                found = finder.intake.positions()
            case "publish":
                topic.extend(outbox)
                outbox = []
            case "apply":
                at_home.fetch("rerouted-events", topic[read:], first=read)
                read = len(topic)
                done += at_home.applied()
                kept = at_home.intake.positions()
            case "finder dies":
                finder = await finder_anew()
            case _:
                at_home, read = await home_anew(), kept.get("rerouted-events", 0)
    assert done == [f"m-{each}" for each in range(count)]


@pytest.mark.parametrize(
    ("key", "partition", "partitioner", "advice"),
    [
        (None, 0, "murmur2", "sends no key"),
        (b"acme", 0, "murmur2", "key is not the user id"),
        (b"ann", homes("ann", 4, "crc32")[0], "murmur2", "librdkafka's default"),
        (b"ann", homes("ann", 4, "murmur2")[0], "crc32", "Kafka's Java client"),
        (b"ann", 1, "murmur2", "chooses partitions by itself"),
    ],
)
def test_the_warning_names_what_is_likely_to_be_set_otherwise(
    key: bytes | None, partition: int, partitioner: str, advice: str
) -> None:
    assert advice in likely_setting(TP("product-events", partition), key, "ann", 4, partitioner)


async def test_a_shard_that_comes_back_knows_what_it_had_before() -> None:
    world, rules = World(MemoryStore().shards), rulebook(twice='count("Opened") >= 2')
    record = Read(0, NOON, b"dan", to_bytes(track("dan", "Opened", NOON)))
    sent = send_home(TP("product-events", 0), record, "rerouted-events", 1)
    world.publish("rerouted-events", 1, [sent])
    before = Owner(world, rules)
    await before.live()
    world.left = before.left
    world.publish("rerouted-events", 1, [sent])
    after = Owner(world, rules)
    await after.live()
    assert "claim_back" in after.steps
    assert world.of("segment-changes") == []
