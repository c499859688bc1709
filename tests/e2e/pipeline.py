"""One pipeline of a test's own: topics on the shared broker, keys on the shared Redis, workers in processes.

Comes in: records to publish. Goes out: what the workers made of them, as a consumer of their topics sees it.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.errors import InvalidPartitionsError
from redis import Redis

from streams import rulefiles
from streams.core.rules.rulebook import Rulebook
from streams.kafka.provisioning import ensure
from streams.kafka.publisher import Outgoing, Publisher, home_partition
from streams.retry import Retry
from streams.settings import PREFIX, Settings
from streams.testing import Record, to_bytes

ROOT = Path(__file__).parents[2]
PARTITIONS = 4
WITHIN_S = 240.0  # a worker whose engine is not compiled yet takes a while on a busy machine

RULES = {
    "active": "enter: count(any, days=7) >= 3\nexit: idle_days >= 5",
    "paying-quiet": "enter: paying and idle_days >= 7",
    "reporter": 'enter: count("Report Viewed", days=30) >= 2\nmin_stay: 2d',
}
# Nothing of these flips by time alone: what they make of one topic's events does not depend on when they are published.
TIMELESS = {
    "more-exports": 'enter: count("Export Created") > count("Signed In")',
    "more-reports": 'enter: count("Report Viewed") > count("Signed In")',
}


FORGET = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end"


class Seen(NamedTuple):
    """One record of an output topic."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.value or b"null")
        return found


def catches(pid: int, signum: int) -> bool:
    """Whether a running process has a handler for a signal, by its mask in proc(5); True where there is none."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True
    (mask,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (signum - 1) & 1)


class WorkerProcess:
    """`segmenter worker`, or another command, in a process of its own; what it says is a file. is_piped: whether it
    hears what is said to it with `hears`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        command: Sequence[str] = ("-m", "streams", "worker"),
        *,
        is_piped: bool = False,
    ):
        self.log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE if is_piped else None,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """As a crash would."""
        self._process.kill()
        self._process.wait()
        self._hears_no_more()

    def stop(self) -> int:
        """As its operator would. The exit status."""
        self.is_told_to_stop()
        return self.ended()

    def is_told_to_stop(self) -> float:
        """Once it listens: an interpreter that still imports dies of it. When it was told, by `time.monotonic`."""
        deadline = time.monotonic() + WITHIN_S
        while not catches(self.pid, signal.SIGTERM) and self.is_running():
            assert time.monotonic() < deadline, f"the worker never listened to SIGTERM but said:\n{self.said()}"
            time.sleep(0.05)
        self._process.send_signal(signal.SIGTERM)
        return time.monotonic()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def interrupt(self) -> int:
        """As Ctrl-C does. The exit status."""
        self._process.send_signal(signal.SIGINT)
        return self.ended()

    def hears(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def _hears_no_more(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()

    def ended(self) -> int:
        """Wait until it ends by itself, hearing no more; the exit status."""
        self._hears_no_more()
        try:
            return self._process.wait(WITHIN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it never ended, and had said:\n{self.said()}") from None

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, text: str, times: int = 1) -> None:
        """Wait until it has said it."""
        deadline = time.monotonic() + WITHIN_S
        while self.said().count(text) < times:
            assert time.monotonic() < deadline, f"the worker never said {text!r} but:\n{self.said()}"
            assert self._process.poll() is None, f"the worker ended, and had said:\n{self.said()}"
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self.kill()


class Pipeline:
    """Settings under a name of its own, and what is done with them."""

    def __init__(self, kafka: str, redis: str, group: str, folder: Path, **more: str):
        self.folder, self.partitions = folder, PARTITIONS
        self._workers = 0
        self._rules = folder / "rules"
        self.use(RULES)
        said = {"kafka": kafka, "redis": redis, "group": group, "topic_prefix": f"{group}-", "rules": str(self._rules)}
        said |= {"session_timeout": "6s", **more}
        self.environment = {PREFIX + name.upper(): value for name, value in said.items()}
        self.settings = Settings.from_environment(self.environment)

    def use(self, rules: Mapping[str, str]) -> None:
        """Workers that start from now on have these rules."""
        shutil.rmtree(self._rules, ignore_errors=True)
        self._rules.mkdir()
        for name, body in rules.items():
            (self._rules / f"{name}.yaml").write_text(f"segment: {name}\n{body}\n")

    @property
    def rulebook(self) -> Rulebook:
        return rulefiles.load(self.settings.rules)

    def worker(self, *command: str, **more: str) -> WorkerProcess:
        self._workers += 1
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment = inherited | self.environment | {PREFIX + name.upper(): value for name, value in more.items()}
        log = self.folder / f"worker-{self._workers}.log"
        return WorkerProcess(environment, log, command or ("-m", "streams", "worker"))

    def steady_worker(self, *command: str, **more: str) -> WorkerProcess:
        """Its group does not give it up where this machine stands still: what it read and said it would read, and say,
        once more."""
        return self.worker(*command, session_timeout="60s", **more)

    def publish(self, records: Iterable[Record]) -> None:
        """Each to its topic, in this order."""
        self.publish_raw((_topic_of(record), record["userId"], to_bytes(record)) for record in records)

    def publish_raw(self, records: Iterable[tuple[str, str | None, bytes]]) -> None:
        """(topic without prefix, key, value)"""
        asyncio.run(self._publish(records))

    async def _counts(self) -> dict[str, int]:
        """Of each topic the number of partitions. A broker that stands still for longer than a command waits for it is
        asked again."""
        found = await Retry()("Kafka", lambda: ensure(self.settings))
        return {each.topic: each.partitions for each in found}

    async def _publish(self, records: Iterable[tuple[str, str | None, bytes]]) -> None:
        async with asyncio.timeout(WITHIN_S), AsyncExitStack() as stack:
            counts = await self._counts()
            options = {"max_request_size": 3 << 20, "max_batch_size": 1 << 18}
            producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka, **options)
            publisher = Publisher(await stack.enter_async_context(producer), counts)
            await publisher.publish(Outgoing(self.settings.topic(role), key, value) for role, key, value in records)
            await publisher.flush()

    def publish_in_transaction(self, records: Sequence[Record], abort: bool) -> None:
        asyncio.run(self._publish_in_transaction(records, abort))

    async def _publish_in_transaction(self, records: Sequence[Record], abort: bool) -> None:
        async with asyncio.timeout(WITHIN_S), AsyncExitStack() as stack:
            counts, address = await self._counts(), self.settings.kafka
            producer = AIOKafkaProducer(bootstrap_servers=address, transactional_id=self.settings.group)
            await stack.enter_async_context(producer)
            await producer.begin_transaction()
            for record in records:
                topic, user = self.settings.topic(_topic_of(record)), record["userId"]
                home = home_partition(user, counts[topic])
                await producer.send_and_wait(topic, to_bytes(record), key=user.encode(), partition=home)
            await (producer.abort_transaction() if abort else producer.commit_transaction())

    def lose_state(self) -> None:
        """All of it that Redis has, at once: of what a worker writes meanwhile no half may stay."""
        with Redis.from_url(self.settings.redis.get_secret_value()) as client:
            client.eval(FORGET, 0, f"{self.settings.group}:*")

    def committed(self) -> list[int]:
        """The offsets that the group has committed, of all inputs."""
        offsets = self._asked(lambda admin: admin.list_consumer_group_offsets(self.settings.group))
        return [committed.offset for committed in offsets.values()]

    def delete_records(self, role: str, partition: int, before: int) -> None:
        """As retention does: what is below the offset is gone."""
        those = {TopicPartition(self.settings.topic(role), partition): RecordsToDelete(before_offset=before)}
        self._asked(lambda admin: admin.delete_records(those))

    def widen(self, role: str, partitions: int) -> None:
        """Brokers say yes to it before they show it."""
        topic = self.settings.topic(role)

        async def more(admin: AIOKafkaAdminClient) -> None:
            while len((await admin.describe_topics([topic]))[0]["partitions"]) < partitions:
                with suppress(InvalidPartitionsError):  # it has them, and does not show them yet
                    await admin.create_partitions({topic: NewPartitions(partitions)})

        self._asked(more)

    def delete_topics(self) -> None:
        """All of this group's."""

        async def delete(admin: AIOKafkaAdminClient) -> None:
            topics = await admin.list_topics()
            await admin.delete_topics([topic for topic in topics if topic.startswith(f"{self.settings.group}-")])

        self._asked(delete)

    def _asked(self, ask: Callable[[AIOKafkaAdminClient], Awaitable[Any]]) -> Any:
        """Kafka's answer; again where it is not ready, as after it stood still for a while."""

        async def once() -> Any:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka)
            try:
                await admin.start()
                return await ask(admin)
            finally:
                await admin.close()

        return asyncio.run(asyncio.wait_for(Retry()("Kafka", once), WITHIN_S))

    def read(self, role: str, until: Callable[[list[Seen]], bool], within_s: float = WITHIN_S) -> list[Seen]:
        """All that a topic has, once it has what `until` asks for."""
        return asyncio.run(self._read(role, until, within_s))

    async def _read(self, role: str, until: Callable[[list[Seen]], bool], within_s: float = WITHIN_S) -> list[Seen]:
        topic = self.settings.topic(role)
        seen: list[Seen] = []
        async with AsyncExitStack() as stack:
            consumer = await stack.enter_async_context(
                AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, auto_offset_reset="earliest")
            )
            consumer.assign([TopicPartition(topic, number) for number in range(self.partitions)])
            deadline = time.monotonic() + within_s
            while not until(seen):
                assert time.monotonic() < deadline, f"{len(seen)} records in {topic}, the last: {seen[-3:]}"
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    seen += [Seen(r.partition, r.key, r.value, dict(r.headers)) for r in records]
        return seen


def until(looks: Callable[[], object], wanted: object, more: Callable[[], str] = str) -> None:
    """It is as wanted in time; `more` tells what else there is to say where it is not."""
    deadline = time.monotonic() + WITHIN_S
    while (seen := looks()) != wanted:
        assert time.monotonic() < deadline, f"{seen}\n{more()}"
        time.sleep(0.1)


def _topic_of(record: Record) -> str:
    return "billing-updates" if record["type"] == "billing" else "product-events"
