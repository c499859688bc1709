"""All that may fail: a Kafka, a Redis behind a network, and processes of one's own that run on them.

Comes in: how many workers and groups. Goes out: `World`. What is done to it is in `tests.faults.harm`.
"""

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

from streams.embedded.redis import RedisServer
from streams.embedded.server import HOST, free_port
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.collector import KEYS
from tests.e2e.pipeline import Pipeline, WorkerProcess
from tests.faults.drifting import Clock
from tests.faults.endpoint import Endpoint
from tests.faults.judges.deliveries import MESSAGES, POSTED
from tests.faults.network import Network
from tests.faults.stream import LATER, LATER_RULE, RULES, SCORES, SCORES_RULE

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
    """What somebody does, on a machine with a clock, and who does it now."""

    name: str
    clock: Clock
    hire: Callable[[], WorkerProcess]
    process: WorkerProcess


class World:
    """posts: workers of each group; of the first one also who delivers, and a collector at `collector`. lost: whether
    Redis has lost something."""

    def __init__(self, folder: Path, chance: random.Random, numbers: Numbers):
        self.chance, self.session_s, self.lost = chance, numbers.session_s, False
        self.kafka, self.redis, self.endpoint = ApacheKafka(), RedisServer(), Endpoint()
        self.network = Network(self.redis.port)
        self.servers = threading.Lock()  # two faults of one server at once are none
        self.staff = threading.Lock()
        self.posts: list[Post] = []
        self.collector = f"{HOST}:{free_port()}"
        self._folder, self._numbers = folder, numbers
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for each in (self.kafka, self.redis, self.network, self.endpoint):
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
        file = self._folder / f"clock-{len(self.posts)}"
        (clock := Clock(file)).is_wrong_by(0)

        def hire() -> WorkerProcess:
            return group.worker("-m", "tests.faults.drifting", str(file), *command, metrics=f"{HOST}:0", **more)

        self.posts.append(Post(command[0], clock, hire, hire()))

    def _pipeline(self, number: int) -> Pipeline:
        """The inputs are everybody's, the rest is each group's."""
        folder = self._folder / f"group-{number}"
        folder.mkdir(parents=True)
        said = {"topic_prefix": "faults-", "session_timeout": f"{self.session_s:g}s", "live_within": "3650d"}
        said |= {f"topic_{name.replace('-', '_')}": f"{name}-{number}" for name in OWN}
        made = Pipeline(
            self.kafka.address, self.network.url, f"group-{number}", folder, webhook_private=f"{HOST}/32", **said
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

    @staticmethod
    def rules_later(group: Pipeline) -> Path:
        """The folder that is applied in the middle."""
        return group.folder / "rules-later"

    def replace(self) -> Iterator[str]:
        """Somebody else in the place of each who ended by itself; the last words of those."""
        with self.staff:
            for post in self.posts:
                if not post.process.is_running():
                    last_words = (post.process.said().strip().splitlines() or ["without a word"])[-1]
                    yield f"a {post.name} had ended: {last_words}"
                    post.process = post.hire()
