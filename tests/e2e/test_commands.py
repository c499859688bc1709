"""The commands on real servers: topics, publish, watch, explain."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from click.testing import CliRunner, Result

from streams import rulefiles
from streams.cli import main
from streams.core.batch import Batch
from streams.core.changes import Change, Reason
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.embedded.redis import RedisServer
from streams.kafka.publisher import home_partition
from streams.outputs.change import encode_change
from streams.outputs.delivery import DeliveryRecord
from streams.state.format import DOCUMENTS, ROWS, SETTLED
from streams.state.redis_store import RedisStore
from streams.state.store import Checkpoint, Write
from streams.testing import billing, identify, instant, to_bytes, track
from tests.conftest import Kafka
from tests.decoders import Decoder
from tests.e2e.outages import stopped
from tests.e2e.pipeline import WITHIN_S, WorkerProcess, until
from tests.sources.stripe_events import subscription, updated
from tests.state.checkpoints import claimed

QUIET = "segment: quiet\ndescription: Was here once\nenter: idle_days >= 7 and email != 'x'\n"
Record = tuple[str, int, str | None, dict[str, object]]


@pytest.fixture
def run(kafka: Kafka, group: str) -> "Run":
    return Run(kafka.address, group)


class Run:
    """Runs commands against one broker, with topics that no other test has."""

    def __init__(self, address: str, group: str):
        self.address = address
        self.prefix = f"{group}-"
        self.flags = ["--kafka", address, "--topic-prefix", self.prefix]

    def __call__(self, command: str, *arguments: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, [command, *self.flags, *arguments], input=stdin)

    def process(self, folder: Path, command: str, *arguments: str) -> WorkerProcess:
        """It by itself, and hearing what is piped into it."""
        words = ("-m", "streams", command, *self.flags, *arguments)
        return WorkerProcess(os.environ, folder / f"{command}.log", words, is_piped=True)

    def records(self, role: str) -> list[Record]:
        """All that a topic has: (topic without prefix, partition, key, value)."""
        return asyncio.run(asyncio.wait_for(self._records(self.prefix + role), WITHIN_S))

    async def _records(self, topic: str) -> list[Record]:
        found: list[Record] = []
        async with AIOKafkaConsumer(bootstrap_servers=self.address, auto_offset_reset="earliest") as consumer:
            await consumer.topics()
            consumer.assign(those := [TopicPartition(topic, number) for number in range(4)])
            ends = await consumer.end_offsets(those)
            while [tp for tp in those if await consumer.position(tp) < ends[tp]]:
                batches = await consumer.getmany(timeout_ms=200)
                for record in (record for records in batches.values() for record in records):
                    key = record.key.decode() if record.key else None
                    found.append((topic.removeprefix(self.prefix), record.partition, key, json.loads(record.value)))
        return found


def write(path: Path, records: Sequence[object]) -> str:
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in records))
    return str(path)


def test_topics_creates_what_is_missing_and_then_finds_it(run: Run) -> None:
    first, second = run("topics", "--partitions", "3"), run("topics", "--partitions", "3")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert f"{run.prefix}segment-changes" in first.output
    assert first.output.count(" 3 ") == first.output.count("created") == second.output.count("was there") > 4


def test_topics_says_what_is_missing_where_it_may_not_create(run: Run) -> None:
    result = run("topics", "--no-create-topics")
    assert result.exit_code == 2
    assert f"{run.prefix}product-events" in result.stderr


def test_published_records_are_by_kind_in_their_topic_and_by_user_in_their_partition(run: Run, tmp_path: Path) -> None:
    users = [f"u-{number}" for number in range(20)]
    actions = [track(user, "Signed In", "2026-03-01", step=step) for step in range(3) for user in users]
    bills = [billing(user, "Subscription Started", "2026-03-01", mrr=20) for user in users]
    path = write(tmp_path / "mixed.jsonl", [*actions, *bills])
    assert run("publish", path).exit_code == 0
    product, updates = run.records("product-events"), run.records("billing-updates")
    assert (len(product), len(updates)) == (60, 20)
    for _, partition, key, value in product + updates:
        assert key == value["userId"]
        assert partition == home_partition(key, 4)
    for user in users:
        assert [value for _, _, key, value in product if key == user] == [e for e in actions if e["userId"] == user]


def test_a_record_of_no_user_is_published_where_its_alias_waits(run: Run, tmp_path: Path) -> None:
    visitors = [f"visitor-{number}" for number in range(8)]
    pages = [{"type": "page", "messageId": each, "anonymousId": each, "timestamp": "2026-03-01"} for each in visitors]
    waits = json.loads(updated(subscription(metadata={}, customer="cus_7")))
    assert run("publish", write(tmp_path / "visitors.jsonl", [*pages, waits])).exit_code == 0
    keys = {each: home_partition(each, 4) for each in visitors}
    assert {key: partition for _, partition, key, _ in run.records("product-events")} == keys
    assert [(key, partition) for _, partition, key, _ in run.records("billing-updates")] == [
        ("cus_7", home_partition("cus_7", 4))
    ]


def test_lines_that_are_no_record_are_told_and_the_rest_is_published(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "some.jsonl", ["nonsense", track("ann", "x", "2026-03-01"), "[1]"])
    result = run("publish", path)
    assert result.exit_code == 3
    assert result.stderr.startswith(f"{path}:1: This is not a JSON object.\n{path}:3: ")
    assert [key for _, _, key, _ in run.records("product-events")] == ["ann"]


def test_records_without_an_id_are_told_and_get_one_of_their_content_if_that_is_wanted(
    run: Run, tmp_path: Path
) -> None:
    path = write(tmp_path / "some.jsonl", [track("ann", "x", "2026-03-01"), track("ann", "x", "2026-03-01", "m-1")])
    assert "1 record had no messageId" in run("publish", path).stderr
    told, again = run("publish", "--ids", path), run("publish", "--ids", path)
    assert "messageId" not in told.stderr + again.stderr
    first, with_own, *made = [value.get("messageId") for _, _, _, value in run.records("product-events")]
    assert (first, with_own) == (None, "m-1")
    assert [len(set(made[::2])), made[1::2]] == [1, ["m-1", "m-1"]]


def test_what_is_piped_in_is_published_at_the_rate_that_is_wanted(run: Run) -> None:
    lines = b"".join(to_bytes(track("ann", "x", "2026-03-01", step=step)) + b"\n" for step in range(40))
    result = run("publish", "--rate", "40", "-", stdin=lines)
    assert result.exit_code == 0
    assert float(result.stderr.split()[-2]) >= 0.9
    assert len(run.records("product-events")) == 40


def test_a_broker_that_is_not_there_is_told_with_status_1(tmp_path: Path) -> None:
    path = write(tmp_path / "some.jsonl", [track("ann", "x", "2026-03-01")])
    result = CliRunner().invoke(main, ["publish", "--kafka", "127.0.0.1:1", path])
    assert result.exit_code == 1
    assert "Kafka at 127.0.0.1:1 does not answer: nobody listens there. SEGMENTER_KAFKA says where" in result.stderr
    assert "Traceback" not in result.output + result.stderr


@contextmanager
def publishing(run: Run, tmp_path: Path) -> Iterator[WorkerProcess]:
    """What it hears goes to Kafka; one record has."""
    until(lambda: run("topics").exit_code, 0)  # one that stands still is not waited for
    with run.process(tmp_path, "publish", "-") as process:
        process.hears(json.dumps(track("ann", "x", "2026-03-01", "before")))
        until(lambda: len(run.records("product-events")), 1, process.said)
        yield process


def test_publish_says_that_no_broker_answers_and_that_one_does_again(run: Run, kafka: Kafka, tmp_path: Path) -> None:
    with publishing(run, tmp_path) as process:
        with stopped(kafka):
            process.hears(json.dumps(track("ann", "x", "2026-03-01", "meanwhile")))
            process.says("nobody listens there now")
        assert process.ended() == 0
        *_, told, again, sent = process.said().splitlines()  # it may have stood still before
    assert told.startswith(f"Kafka at {run.address} does not answer: nobody listens there now")
    assert told.endswith("It is tried again until it does; Ctrl-C stops.")
    assert again.startswith("Kafka answers again, after ")
    assert sent.startswith("2 records sent in ")
    assert [value["messageId"] for _, _, _, value in run.records("product-events")] == ["before", "meanwhile"]


def test_publish_is_stopped_by_ctrl_c_while_no_broker_answers(run: Run, kafka: Kafka, tmp_path: Path) -> None:
    with publishing(run, tmp_path) as process, stopped(kafka):
        process.hears(json.dumps(track("ann", "x", "2026-03-01", "meanwhile")))
        process.says("does not answer")
        assert process.interrupt() == 1


def test_watch_shows_the_changes_of_the_segments_that_are_asked_for_until_ctrl_c(run: Run, tmp_path: Path) -> None:
    until(lambda: run("topics").exit_code, 0)
    asyncio.run(_produce(run.address, f"{run.prefix}segment-changes", ["dormant", "quiet", "quiet"]))
    with run.process(tmp_path, "watch", "--from-beginning", "--segment", "quiet") as process:
        process.says("\n", times=2)
        assert process.interrupt() == 0
        lines = [line.split() for line in process.said().splitlines()]
    assert lines == [["2026-03-08", "09:00:00", "ann", "enters", "quiet", "idle_days", ">=", "7", "(is", "7)"]] * 2


def test_watch_says_so_where_there_is_no_topic(run: Run) -> None:
    result = run("watch")
    assert result.exit_code == 2
    assert "`segmenter topics` creates it" in result.stderr


def test_deliveries_shows_what_was_decided_about_a_user(run: Run) -> None:
    assert run("topics", "--partitions", "1").exit_code == 0
    asyncio.run(_decide(run.address, f"{run.prefix}deliveries", ["bob", "ann"]))
    result = CliRunner().invoke(main, ["deliveries", "of", *run.flags, "ann"])
    assert result.exit_code == 0, result.output
    assert "come-back" in result.output
    assert "quiet hours of ann" in result.output
    assert "bob" not in result.output


async def _decide(address: str, topic: str, users: Sequence[str]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        for user in users:
            said = DeliveryRecord(
                schema=1,
                id=f"message of {user}",
                user_id=user,
                message="come-back",
                variant=None,
                channel="in_app",
                endpoint=None,
                decision="held",
                reason=f"quiet hours of {user}",
                attempt=0,
                change_id="c-1",
                at="2026-03-08T09:00:00.000Z",
            )
            await producer.send_and_wait(topic, to_bytes(msgspec.to_builtins(said)), key=user.encode())


async def _produce(address: str, topic: str, segments: Sequence[str]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        for segment in segments:
            await producer.send_and_wait(topic, _change(segment), partition=0)


def _change(segment: str) -> bytes:
    because = (Reason("idle_days >= 7", 7.0, was=False, now=True),)
    at_ms = instant("2026-03-08 09:00")
    return encode_change(
        Change(
            "ann",
            segment,
            "segment.entered",
            segment,
            None,
            at_ms,
            "timer",
            None,
            1,
            "sha256:0",
            because,
            (segment,),
            {},
        )
    )


class TestExplain:
    @pytest.fixture
    def rules(self, tmp_path: Path) -> Path:
        (tmp_path / "quiet.yaml").write_text(QUIET)
        return tmp_path

    @pytest.fixture
    def stored(self, redis_server: RedisServer, group: str, rules: Path) -> list[str]:
        """Flags for a Redis that knows ann."""
        asyncio.run(_store(redis_server.url, group, rules))
        return ["--redis", redis_server.url, "--group", group, "--rules", str(rules)]

    def test_it_shows_each_condition_with_its_value_and_hides_what_is_private(self, stored: list[str]) -> None:
        result = CliRunner().invoke(main, ["explain", "ann", *stored])
        assert result.exit_code == 0, result.stderr
        heading, _, quiet, idle, email, following, _, since = result.output.splitlines()
        assert heading.startswith("ann, as of ")
        assert quiet == "quiet: in since Sun 8 Mar 00:00, change 1"
        assert " ".join(idle.split()[:5]) == "enter yes idle_days >= 7"
        assert " ".join(email.split()) == "yes email != 'x' is ***"
        assert following == "    next: stays in until something happens"
        assert since == "Where no time is said, it has been so since Sun 1 Mar 00:00 or before."
        assert "ann@" not in result.output

    def test_it_tells_of_any_time_from_the_newest_event_on(self, stored: list[str]) -> None:
        flags = [*stored, "--at", "2026-03-02"]
        heading, _, quiet, *rest = CliRunner().invoke(main, ["explain", "ann", *flags]).output.splitlines()
        assert (heading, quiet) == ("ann, as of Mon 2 Mar 2026 00:00 UTC", "quiet: out, and never was in")
        assert "    next: enters on Sun 8 Mar 00:00 UTC, when idle_days >= 7 (is 7), unless" in rest

    def test_for_an_earlier_time_it_asks_for_the_events(self, stored: list[str]) -> None:
        result = CliRunner().invoke(main, ["explain", "ann", *stored, "--at", "2026-02-28"])
        assert result.exit_code == 2
        assert "of ann is of 2026-03-01T00:00:00.000Z" in result.stderr
        assert "segmenter explain ann FILE... --at 2026-02-28T00:00:00.000Z" in result.stderr

    def test_rules_that_no_worker_has_run_yet_are_shown_as_they_will_be(self, stored: list[str], rules: Path) -> None:
        (rules / "quiet.yaml").write_text(QUIET.replace("7", "5"))
        result = CliRunner().invoke(main, ["explain", "ann", *stored])
        assert "idle_days >= 5" in result.output
        assert "The rules are others than when this was stored" in result.stderr

    def test_a_user_who_is_not_known_is_told_with_status_1(self, stored: list[str], group: str) -> None:
        result = CliRunner().invoke(main, ["explain", "bob", *stored])
        assert (result.exit_code, result.stderr) == (1, f"Error: Nobody called bob is known to the group {group}.\n")

    def test_a_redis_that_no_worker_has_written_to_is_told(self, redis_server: RedisServer, rules: Path) -> None:
        flags = ["--redis", redis_server.url, "--group", "nobody", "--rules", str(rules)]
        result = CliRunner().invoke(main, ["explain", "ann", *flags])
        assert result.exit_code == 1
        assert "No worker of the group nobody has ever written to this Redis" in result.stderr


async def _store(url: str, group: str, rules: Path) -> None:
    """What a worker would have stored of ann."""
    shard = Shard(rulefiles.load(rules))
    event = Decoder(shard.catalog.reads).product(
        to_bytes(identify("ann", "2026-03-01", email="ann@x.example")), None, None
    )
    assert isinstance(event, Event)
    shard.step(Batch.of([event]))
    dirty, home = shard.take_dirty(), home_partition("ann", 4)
    store = RedisStore(url, group)
    await store.group.put(SETTLED, "partitions", b"4")
    await claimed(store.shards, home, 1)
    writes = [Write(ROWS, dirty.rows), Write(DOCUMENTS, dirty.documents)]
    await store.shards.save(home, 1, Checkpoint(1, shard.head(), {}, writes))
    await store.close()
