"""Real servers for tests that ask for them: `kafka` and `redis_server`, one of each a session, started at first use.

Both have `start`, `stop` and `kill` (as a crash would), and keep port and data over a restart; what a test
left stopped is started again after it. Tests tell their topics, groups and keys apart by `group`.
"""

import os
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, Final

import hypothesis
import pytest

from streams.embedded.kafka import KafkaBroker
from streams.embedded.redis import RedisServer
from streams.embedded.server import Server
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from streams.state.memory import MemoryStore
from streams.state.redis_store import RedisStore
from streams.state.store import Store
from tests.e2e import apache_kafka
from tests.hanging import Watch

Kafka = apache_kafka.ApacheKafka | KafkaBroker
Opens = Callable[..., RedisStore]

ON_CI: Final = os.environ.get("CI") == "true"
NAMES: Final = {
    apache_kafka.ApacheKafka: f"Apache Kafka {apache_kafka.VERSION}",
    KafkaBroker: "the embedded broker (Tansu), for want of java and mvn",
    RedisServer: "the embedded Redis",
}
started: Final = pytest.StashKey[list[Server]]()


# How many examples a property has to hold for; `--hypothesis-profile=thorough` (make thorough) takes its time.
# No test is decided by how fast the machine is.
for profile, examples in {"quick": 40, "interpreted": 25, "thorough": 500}.items():
    hypothesis.settings.register_profile(
        profile, deadline=None, max_examples=examples, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
hypothesis.settings.load_profile("quick")


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts us in the background has us ignore Ctrl-C, and with us whatever a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[started] = []
    config.pluginmanager.register(Watch())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    servers = [NAMES[type(server)] for server in config.stash[started]]
    terminalreporter.write_line(f"Real servers in this run: {', '.join(servers) or 'none'}.")


@pytest.fixture(scope="session", autouse=True)
def _engine_is_compiled() -> None:
    """Once, here, and kept on disk: no worker need do it while a test waits."""
    compile_kernel(cache_folder())


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[Kafka]:
    """A running broker: Apache Kafka itself where the machine has java and mvn, which on CI it must."""
    if not apache_kafka.available() and ON_CI:
        pytest.fail("CI must run the end-to-end tests on Apache Kafka itself: java and mvn are not on this machine.")
    with apache_kafka.ApacheKafka() if apache_kafka.available() else KafkaBroker() as broker:
        pytestconfig.stash[started].append(broker)
        yield broker


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Iterator[RedisServer]:
    """A running Redis that keeps its data when it is killed."""
    with RedisServer() as server:
        pytestconfig.stash[started].append(server)
        yield server


@pytest.fixture(autouse=True)
def _servers_run_again(pytestconfig: pytest.Config) -> Iterator[None]:
    yield
    for server in pytestconfig.stash[started]:
        if server.pid is None:
            server.start()


@pytest.fixture
def group() -> str:
    """A name that no other test has, for topics, groups and keys."""
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
async def opens(group: str) -> AsyncIterator[Opens]:
    """Opens stores, closed when the test is over."""
    async with AsyncExitStack() as stack:

        def opens(url: str, **options: Any) -> RedisStore:
            store = RedisStore(url, group, **options)
            stack.push_async_callback(store.close)
            return store

        yield opens


@pytest.fixture(params=["memory", "redis"])
def kept(request: pytest.FixtureRequest) -> Store:
    """Both, one after the other."""
    if request.param == "memory":
        return MemoryStore()
    opens: Opens = request.getfixturevalue("opens")
    return opens(request.getfixturevalue("redis_server").url)
