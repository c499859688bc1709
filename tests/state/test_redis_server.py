"""Which Redis is fit, what one refuses, TLS, a cluster."""

import logging
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import Redis

from streams.embedded.redis import RedisServer
from streams.embedded.server import HOST, free_port
from streams.errors import Fenced, Unreachable, UsageError
from streams.state.format import DOCUMENTS, MEMBERSHIPS, OBSERVED, POPULATIONS, QUINTILES, ROWS, SETTLED
from streams.state.redis_client import RedisClient
from streams.state.redis_store import RedisStore
from streams.state.scanning import SLICE
from tests.conftest import Opens
from tests.state.checkpoints import claimed, whole
from tests.state.proxy import proxy

# ------------------------------------------------------------------------------------- fit or not, and refusals


@pytest.fixture
async def config(other: Redis) -> AsyncIterator[Redis]:
    """Redis, to be configured at will: undone afterwards."""
    names = ("maxmemory", "maxmemory-policy", "appendonly", "min-replicas-to-write", "requirepass")
    kept = {name: (await other.config_get(name))[name] or "" for name in names}
    yield other
    await other.replicaof("NO", "ONE")
    for name, value in kept.items():
        await other.config_set(name, value)


async def test_a_redis_as_it_should_be_is_fit(store: RedisStore, caplog: pytest.LogCaptureFixture) -> None:
    await store.check()
    assert caplog.records == []


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
async def test_a_redis_that_evicts_is_refused(store: RedisStore, config: Redis, policy: str) -> None:
    await config.config_set("maxmemory-policy", policy)
    with pytest.raises(UsageError, match=f"maxmemory-policy {policy}.*Set its maxmemory-policy to noeviction"):
        await store.check()


async def test_a_policy_that_evicts_only_what_expires_is_fit(store: RedisStore, config: Redis) -> None:
    await config.config_set("maxmemory-policy", "volatile-lru")
    await store.check()


async def test_a_redis_without_append_only_file_is_warned_about(
    store: RedisStore, config: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await config.config_set("appendonly", "no")
    with caplog.at_level(logging.WARNING):
        await store.check()
    assert "keeps no append-only file" in caplog.text


@pytest.mark.parametrize("version", ["6.0.16", "5.0.14", "unknown"])
async def test_a_redis_too_old_is_refused(store: RedisStore, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    async def info(_: RedisClient) -> dict[str, dict[str, Any]]:
        return {"old:6379": {"redis_version": version, "aof_enabled": 1}}

    monkeypatch.setattr(RedisClient, "info", info)
    with pytest.raises(UsageError, match=f"Redis at old:6379 has version {version}; it must have 6.2 or later"):
        await store.check()


async def test_a_full_redis_takes_nothing_and_later_the_same_checkpoint(store: RedisStore, config: Redis) -> None:
    await claimed(store.shards, 0, epoch=1)
    await config.config_set("maxmemory", "1")
    with pytest.raises(Unreachable, match="is full and takes no writes"):
        await store.shards.save(0, 1, whole(1))
    await config.config_set("maxmemory", "0")
    assert await store.shards.profile(0, "u-0") is None
    await store.shards.save(0, 1, whole(1))


async def test_a_replica_takes_nothing(store: RedisStore, config: Redis) -> None:
    await claimed(store.shards, 0, epoch=1)
    await config.replicaof("127.0.0.1", "1")
    with pytest.raises(Unreachable, match="is a replica and takes no writes"):
        await store.shards.save(0, 1, whole(1))


async def test_a_redis_that_lacks_replicas_takes_nothing(store: RedisStore, config: Redis) -> None:
    await claimed(store.shards, 0, epoch=1)
    await config.config_set("min-replicas-to-write", "1")
    with pytest.raises(Unreachable, match="too few replicas"):
        await store.shards.save(0, 1, whole(1))


async def test_a_wrong_password_is_said_to_be_one_and_never_shown(
    config: Redis, redis_server: RedisServer, opens: Opens
) -> None:
    await config.config_set("requirepass", "right")
    address = f"127.0.0.1:{redis_server.port}"
    for user_info in ("", ":wr0ng-pa55@", "someone:wr0ng-pa55@"):
        store = opens(f"redis://{user_info}{address}")
        with pytest.raises(UsageError, match=f"Redis at {address} refuses the user or the password") as refusal:
            await store.check()
        assert "wr0ng-pa55" not in f"{refusal.value}{store!r}{store._redis!r}"
    await opens(f"redis://:right@{address}").check()


@pytest.mark.parametrize(
    "url", ["localhost:6379", "", "http://localhost", "redis://:pa#55@host:6379", "redis://:pa/55@h:1", "redis://h:x"]
)
def test_what_is_no_redis_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(UsageError, match="no Redis URL") as refusal:
        RedisStore(url, "segmenter")
    assert "55" not in str(refusal.value)


@pytest.mark.parametrize("group", ["", "a{b}", "{", "}"])
def test_a_group_that_would_spoil_the_keys_is_refused(group: str) -> None:
    with pytest.raises(UsageError, match="SEGMENTER_GROUP"):
        RedisStore("redis://localhost", group)


# ------------------------------------------------------------------------------------- TLS, cluster


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a certificate of our own and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, pem = folder / "key.pem", folder / "certificate.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(pem)]
    subprocess.run(["openssl", *options.split(), *names], check=True, capture_output=True)
    pem.write_text(pem.read_text() + key.read_text())
    return pem


async def test_rediss_speaks_tls_and_trusts_the_authority_that_it_names_alone(
    redis_server: RedisServer, opens: Opens, certificate: Path
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with proxy(redis_server.port, tls) as network:
        url = f"rediss://localhost:{network.port}"
        trusting = opens(f"{url}?ssl_ca_certs={certificate}")
        await claimed(trusting.shards, 0, epoch=1)
        await trusting.shards.save(0, 1, whole(1))
        suspicious = opens(url)
        with pytest.raises(UsageError, match=r"do not trust: name its authority, rediss://...\?ssl_ca_certs=FILE"):
            await claimed(suspicious.shards, 0, epoch=1)


BUS_ABOVE = 10_000  # of its own port, there a node of a cluster hears others; Redis 6 knows no other place for it


def free_port_of_a_node() -> int:
    while True:
        port = free_port()
        with socket.socket() as bus, suppress(OSError):
            bus.bind((HOST, port + BUS_ABOVE))
            return port


class ClusterNode(RedisServer):
    """A Redis Cluster of one node, which refuses what is not in one slot like any other."""

    def __init__(self) -> None:
        super().__init__(port=free_port_of_a_node())

    def command(self) -> Sequence[str]:
        return (*super().command(), "--cluster-enabled", "yes")

    def answers(self) -> bool:
        if not super().answers():
            return False
        with redis.Redis.from_url(self.url) as client:
            info = client.cluster("INFO")
            if info["cluster_slots_assigned"] == "0":
                client.cluster("ADDSLOTS", *range(16384))
            return bool(info["cluster_state"] == "ok")


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterNode]:
    with ClusterNode() as node:
        yield node


async def test_everything_works_on_a_cluster(cluster: ClusterNode, opens: Opens) -> None:
    store = opens(cluster.url, cluster=True)
    await store.check()
    assert await store.group.replace(SETTLED, "partitions", b"", b"4") == b""
    assert await store.group.get(SETTLED, "partitions") == b"4"
    assert await store.group.replace(OBSERVED, 20_000, b"", b"seen") == b""
    assert await store.group.read(OBSERVED) == {20_000: b"seen"}
    await store.group.put(POPULATIONS.under("rfm"), 3, b"population")
    assert await store.group.read(POPULATIONS.under("rfm")) == {3: b"population"}
    assert await store.group.replace(QUINTILES, "rfm 1", b"", b"edges") == b""
    assert await store.group.read(QUINTILES) == {"rfm 1": b"edges"}
    for shard in range(4):
        assert await claimed(store.shards, shard, epoch=1) is None
        await store.shards.save(shard, 1, whole(1, users=300))
        await store.shards.save(shard, 1, whole(2, users=300))
        await store.shards.mark_published(shard, 1, 1)
        stored = await claimed(store.shards, shard, epoch=2)
        assert stored is not None
        assert (stored.number, len(stored[ROWS]), len(stored[DOCUMENTS]), len(stored.outbox)) == (2, 300, 300, 1)
        assert await store.shards.get(shard, MEMBERSHIPS, "u-0") == b"2"
        with pytest.raises(Fenced):
            await store.shards.save(shard, 1, whole(3))
    assert await store.shards.sizes() == {"at-2": 1200}


async def test_one_server_is_not_taken_for_a_cluster(redis_server: RedisServer, opens: Opens) -> None:
    with pytest.raises(UsageError, match="is no Redis Cluster: unset SEGMENTER_REDIS_CLUSTER"):
        await opens(redis_server.url, cluster=True).check()


async def test_a_redis_that_begins_anew_while_it_is_read_is_not_read_in_part(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor is of one life of it: with the same one, another life passes over some, and says nothing."""
    with RedisServer() as server:
        store = opens(server.url)
        await claimed(store.shards, 0, epoch=1)
        await store.shards.save(0, 1, whole(1, users=3 * SLICE))
        ask, asked = store.shards._redis.ask, count()

        async def begin_anew(*what: Any) -> Any:
            if next(asked) == 1:
                server.stop()
                server.start()
                await answers(store)
            return await ask(*what)

        monkeypatch.setattr(store.shards._redis, "ask", begin_anew)
        with pytest.raises(Unreachable, match="began anew while it was read"):
            await store.shards.load(0, 1, {ROWS: lambda _: None})


async def answers(store: RedisStore) -> None:
    """Until it does, on a new connection."""
    while True:
        with suppress(Unreachable):
            await store.shards.owner(0)
            return
