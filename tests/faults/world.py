"""All that may fail: a Kafka, a Redis, and processes of one's own, on machines with lines to both.

Comes in: how many workers and groups. Goes out: `World`. What is done to it is in `tests.faults.harm`.
"""

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

from streams.embedded.redis import RedisServer
from streams.embedded.server import HOST, free_port
from tests.bench.process import memory_of
from tests.e2e.collector import KEYS
from tests.e2e.pipeline import Pipeline, WorkerProcess
from tests.faults.endpoint import Endpoint
from tests.faults.judges.deliveries import MESSAGES, POSTED
from tests.faults.machine import Machine, WiredKafka, redis_url
from tests.faults.network import Line, Network
from tests.faults.stream import LATER, LATER_RULE, RULES, SCORES, SCORES_RULE
from tests.faults.told import Held

OWN: Final = (
    *("segment-changes", "segment-memberships", "rerouted-events", "dead-letters"),
    *("deliveries", "delivery-commands", "segment-messages"),
)
SECRET: Final = "whsec_" + "c" * 44


class Numbers(NamedTuple):
    """How many workers each group has, how many groups there are, and the session timeout, s."""

    workers: int = 3
    groups: int = 1
    session_s: float = 10.0


@dataclass
class Post:
    """What somebody does for a group, on which machine, and who does it now."""

    name: str
    group: Pipeline
    machine: Machine
    hire: Callable[[], WorkerProcess]
    process: WorkerProcess


class World:
    """posts: workers of each group; of the first one also who delivers, and a collector at `collector`. lost: whether
    Redis has lost something. stops: who was told to stop, and how long it took, s. operator: the line by which rules
    are applied, and by which whoever comes for a moment reaches Redis."""

    def __init__(self, folder: Path, chance: random.Random, numbers: Numbers):
        self.chance, self.session_s, self.lost = chance, numbers.session_s, False
        self.kafka, self.redis, self.endpoint, self.network = WiredKafka(), RedisServer(), Endpoint(), Network()
        self.servers = threading.Lock()  # two faults of one server at once are none
        self.staff = threading.Lock()
        self.posts: list[Post] = []
        self.stops: list[tuple[str, float]] = []
        self.collector = f"{HOST}:{free_port()}"
        self._folder, self._numbers = folder, numbers
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.network)
        self.operator = self.network.line("Redis", self.redis.port)
        self._machines = [self._machine(number) for number in range(self._numbers.workers * self._numbers.groups + 2)]
        for each in (self.kafka, self.redis, self.endpoint):
            self._stack.enter_context(each)
        self.groups = [self._pipeline(number) for number in range(self._numbers.groups)]
        return self

    def __exit__(self, *about: object) -> None:
        for post in self.posts:
            post.process.thaw()
            post.process.kill()
        self._stack.close()

    def begin(self) -> None:
        """Everybody starts, and is there."""
        for group in self.groups:
            for _ in range(self._numbers.workers):
                self._post(group, "worker")
        self._post(self.groups[0], "deliver")
        self._post(self.groups[0], "web", "--parts", "collect", web=self.collector, write_keys=KEYS)
        for post in self.posts:
            post.process.says({"worker": "owns shards", "deliver": "owned, ", "web": "listens at"}[post.name])

    def _post(self, group: Pipeline, *command: str, **more: str) -> None:
        machine = self._machines[len(self.posts)]
        said = {"metrics": f"{HOST}:0", **machine.servers, **more}

        def hire() -> WorkerProcess:
            return group.worker("-m", "tests.faults.drifting", str(machine.clock_file), *command, **said)

        self.posts.append(Post(command[0], group, machine, hire, hire()))

    def _machine(self, number: int) -> Machine:
        self._folder.mkdir(parents=True, exist_ok=True)
        return Machine.wired(self._folder / f"clock-{number}", self.network, self.kafka, self.redis.port)

    def held_open(self, group: Pipeline) -> Sequence[Held]:
        """By each process of the group, to each server."""
        ours = [post for post in self.posts if post.group is group]
        return [Held(post.name, line.name, line.connections) for post in ours for line in post.machine.lines]

    @property
    def logs(self) -> dict[str, str]:
        """What each process has said, those too that are no more."""
        return {str(log.relative_to(self._folder)): log.read_text() for log in self._folder.glob("group-*/*.log")}

    @property
    def peak_mb(self) -> float:
        """What memory any worker that runs now has taken at most."""
        running = [each.process for each in self.posts if each.name == "worker" and each.process.is_running()]
        return max((memory_of(each.pid).peak / 1e6 for each in running), default=0.0)

    @property
    def ways_to_redis(self) -> Sequence[Line]:
        """Everybody's."""
        return [self.operator, *(machine.redis for machine in self._machines)]

    def _pipeline(self, number: int) -> Pipeline:
        """The inputs are everybody's, the rest is each group's."""
        folder = self._folder / f"group-{number}"
        folder.mkdir(parents=True)
        said = {"topic_prefix": "faults-", "session_timeout": f"{self.session_s:g}s", "live_within": "3650d"}
        said |= {f"topic_{name.replace('-', '_')}": f"{name}-{number}" for name in OWN}
        made = Pipeline(
            self.kafka.address,
            redis_url(self.operator),
            f"group-{number}",
            folder,
            webhook_private=f"{HOST}/32",
            **said,
        )
        made.environment["FAULTS_SECRET"] = SECRET
        made.use(RULES)
        (made.settings.rules / f"{SCORES}.yaml").write_text(SCORES_RULE)
        judge = f"{{url: '{self.endpoint.url}', secret: FAULTS_SECRET, segments: [{', '.join(POSTED)}]}}"
        (made.settings.rules / "webhooks.yaml").write_text(f"endpoints:\n  judge: {judge}\n")
        (made.settings.rules / "messages").mkdir()
        for name, body in MESSAGES.items():
            (made.settings.rules / "messages" / f"{name}.yaml").write_text(f"message: {name}\n{body}\n")
        shutil.copytree(made.settings.rules, self.rules_later(made))
        (self.rules_later(made) / f"{LATER}.yaml").write_text(f"segment: {LATER}\n{LATER_RULE}\n")
        return made

    def stop(self, post: Post) -> None:
        """As its operator would; it is noted how long that took."""
        if post.process.is_running():
            since = post.process.is_told_to_stop()
            post.process.ended()
            self.stops.append((post.name, time.monotonic() - since))

    @staticmethod
    def rules_later(group: Pipeline) -> Path:
        """The folder that is applied in the middle."""
        return group.folder / "rules-later"

    def last_words(self, group: Pipeline, lines: int) -> Iterator[str]:
        """What those who work for a group now said last, and when."""
        for post in (each for each in self.posts if each.group is group):
            yield f"the last words of {post.process.log.name}, a {post.name}:"
            yield from post.process.said().splitlines()[-lines:]

    def replace(self) -> Iterator[str]:
        """Somebody else in the place of each who ended by itself; the last words of those."""
        with self.staff:
            for post in self.posts:
                if not post.process.is_running():
                    last_words = (post.process.said().strip().splitlines() or ["without a word"])[-1]
                    yield f"a {post.name} had ended: {last_words}"
                    post.process = post.hire()
