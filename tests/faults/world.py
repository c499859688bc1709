"""All that may fail: a Kafka, a Redis and workers of their own, and what is done to them.

Comes in: how many workers and groups. Goes out: `World`, whose methods that `FAULTS` names are a fault each, from its
beginning to its end; they return what was done, in words.
"""

import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Self

import redis
from confluent_kafka.admin import AdminClient

from streams.embedded.redis import RedisServer
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import Pipeline, WorkerProcess
from tests.faults.stream import RULES, SCORES, SCORES_RULE

OWN: Final = ("segment-changes", "segment-memberships", "rerouted-events", "dead-letters")
CUT_BYTES: Final = 64 << 10
KAFKA_AWAY_S: Final = 5.0
KAFKA_AWAY_LONG_S: Final = 35.0  # longer than the producer waits for an answer


class World:
    def __init__(self, folder: Path, chance: random.Random, workers: int, groups: int, session_s: float):
        self.kafka, self.redis = ApacheKafka(), RedisServer()
        self._folder, self._chance, self._session_s = folder, chance, session_s
        self._stack = ExitStack()
        self._number_of_groups = groups
        self._wanted = workers
        self.groups: list[Pipeline] = []
        self.workers: list[tuple[Pipeline, WorkerProcess]] = []
        self.redis_lost_something = False
        self._servers = threading.Lock()  # two faults of one server at once are none
        self._staff = threading.Lock()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.kafka)
        self._stack.enter_context(self.redis)
        self.groups = [self._pipeline(number) for number in range(self._number_of_groups)]
        self.workers = [(group, group.worker()) for group in self.groups for _ in range(self._wanted)]
        for _, worker in self.workers:
            worker.says("owns shards")
        return self

    def __exit__(self, *about: object) -> None:
        for _, worker in self.workers:
            worker.thaw()
            worker.kill()
        self._stack.close()

    def _pipeline(self, number: int) -> Pipeline:
        """The inputs are everybody's, the rest is each group's."""
        folder = self._folder / f"group-{number}"
        folder.mkdir(parents=True)
        said = {"topic_prefix": "faults-", "session_timeout": f"{self._session_s:g}s"}
        said |= {f"topic_{name.replace('-', '_')}": f"{name}-{number}" for name in OWN}
        made = Pipeline(self.kafka.address, self.redis.url, f"group-{number}", folder, **said)
        made.use(RULES)
        (made.settings.rules / f"{SCORES}.yaml").write_text(SCORES_RULE)
        return made

    def worker_dies(self) -> str:
        return self._without_one("killed", WorkerProcess.kill, self._chance.uniform(0, 3))

    def worker_is_stopped(self) -> str:
        return self._without_one("stopped", self._stop, 0.5)

    def worker_sleeps(self) -> str:
        """Past its end: it wakes as a zombie."""
        with self._staff:
            place = self._chance.randrange(len(self.workers))
            _, worker = self.workers[place]
            seconds = self._session_s + self._chance.uniform(0.5, 4)
            worker.freeze()
            time.sleep(seconds)
            worker.thaw()
        return f"worker {place} slept {seconds:.1f} s"

    def workers_come_and_go(self) -> str:
        """Each has the group balanced anew."""
        group = self._chance.choice(self.groups)
        for _ in range(3):
            with group.worker():
                time.sleep(self._chance.uniform(3, 8))  # killed as it leaves the block
        return "three workers came, and were killed at once"

    def group_is_deleted(self) -> str:
        with self._staff:
            for _, worker in self.workers:
                self._stop(worker)
            admin = AdminClient({"bootstrap.servers": self.kafka.address})
            for group in self.groups:
                for deleted in admin.delete_consumer_groups([group.settings.group]).values():
                    with suppress(Exception):  # its members may not have left in time
                        deleted.result()
            self.workers = [(group, group.worker()) for group, _ in self.workers]
        return "all workers stopped, the group deleted, all started again"

    def redis_dies(self) -> str:
        with self._servers:
            self.redis.kill()
            time.sleep(self._chance.uniform(0, 2))
            self.redis.start()
        return "Redis killed and started"

    def redis_loses_its_last_writes(self) -> str:
        with self._servers:
            self.redis_lost_something = True
            self.redis.kill()
            log = self.redis.folder / "appendonly.aof"
            cut = min(CUT_BYTES, log.stat().st_size // 2)
            with log.open("r+b") as file:
                file.truncate(log.stat().st_size - cut)
            self.redis.start()
        return f"Redis killed and started without its last {cut} bytes"

    def redis_forgets_all(self) -> str:
        self.redis_lost_something = True
        self._command("FLUSHALL")
        return "FLUSHALL"

    def redis_pauses(self) -> str:
        seconds = self._chance.uniform(1, 6)
        self._command("CLIENT", "PAUSE", str(int(seconds * 1000)))
        time.sleep(seconds)
        return f"Redis paused for {seconds:.1f} s"

    def redis_is_full(self) -> str:
        self._command("CONFIG", "SET", "maxmemory", "1")
        time.sleep(self._chance.uniform(1, 4))
        self._command("CONFIG", "SET", "maxmemory", "0")
        return "Redis was full"

    def kafka_dies(self) -> str:
        with self._servers:
            self.kafka.kill()
            self.kafka.start()
        return "Kafka killed and started"

    def kafka_is_stopped(self) -> str:
        return self._stop_kafka(KAFKA_AWAY_S)

    def kafka_is_stopped_for_long(self) -> str:
        return self._stop_kafka(KAFKA_AWAY_LONG_S)

    def _stop_kafka(self, seconds: float) -> str:
        with self._servers:
            self.kafka.stop()
            time.sleep(seconds)
            self.kafka.start()
        return f"Kafka stopped for {seconds:g} s"

    def _command(self, *words: str) -> None:
        with self._servers, redis.Redis.from_url(self.redis.url) as client:
            client.execute_command(*words)

    def _stop(self, worker: WorkerProcess) -> None:
        if worker.is_running():
            worker.stop()

    def _without_one(self, how: str, end: Callable[[WorkerProcess], None], seconds: float) -> str:
        with self._staff:
            place = self._chance.randrange(len(self.workers))
            group, worker = self.workers[place]
            end(worker)
            time.sleep(seconds)
            self.workers[place] = group, group.worker()
        return f"worker {place} {how}, another one after {seconds:.1f} s"

    def hire(self) -> list[str]:
        """In the place of those that ended by themselves; the last words of each."""
        last_words = []
        with self._staff:
            for place, (group, worker) in enumerate(self.workers):
                if not worker.is_running():
                    last_words.append(f"worker {place} had ended: {worker.said().strip().splitlines()[-1]}")
                    self.workers[place] = group, group.worker()
        return last_words


FAULTS: Final = (
    World.worker_dies,
    World.worker_is_stopped,
    World.worker_sleeps,
    World.workers_come_and_go,
    World.group_is_deleted,
    World.redis_dies,
    World.redis_loses_its_last_writes,
    World.redis_forgets_all,
    World.redis_pauses,
    World.redis_is_full,
    World.kafka_dies,
    World.kafka_is_stopped,
)
LONG: Final = (World.kafka_is_stopped_for_long,)
