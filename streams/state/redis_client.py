"""Redis as this project needs it: nothing is sent twice, and redis-py's errors come out in our words.

Comes in: a URL, commands, scripts. Goes out: answers, or an error of ours. No other module imports redis.
A call that failed may have been done all the same; whether to repeat it is for the caller to know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import hiredis
from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.typing import EncodableT

from streams.errors import SegmenterError, StateError, Unreachable, UsageError
from streams.reached import has_answered, nobody_listens

Script = Callable[[Sequence[str], Sequence[EncodableT]], Awaitable[Any]]

SETTING: Final = "SEGMENTER_REDIS"
CONNECT_TIMEOUT_S: Final = 5
ANSWER_TIMEOUT_S: Final = 15  # a checkpoint of 8 MB takes 0.1 s; the rest is for a disk that makes Redis wait for fsync
CONNECTIONS: Final = 16  # so many calls at once keep one event loop busy; more wait their turn
TURNS_TO_SEND: Final = 3  # of the event loop, until redis-py has sent a command; if it takes more, only time is lost
READ_BYTES: Final = 1 << 18  # what is read from a socket at once: a shard is read faster than by redis-py's 32 KiB

# What redis-py raises, or what stands in the text where Redis 6.2 reports it from inside a script; ours; what to say.
MEANINGS: Final[tuple[tuple[type[Exception] | str, type[SegmenterError], str], ...]] = (
    (exceptions.AuthenticationError, UsageError, "refuses the user or the password in SEGMENTER_REDIS"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        UsageError,
        "has a certificate that we do not trust: name its authority, rediss://...?ssl_ca_certs=FILE",
    ),
    (exceptions.NoPermissionError, UsageError, "lets this user do less than we need: {error}"),
    (exceptions.MovedError, UsageError, "is part of a Redis Cluster: set SEGMENTER_REDIS_CLUSTER"),
    ("Cluster mode is not enabled", UsageError, "is no Redis Cluster: unset SEGMENTER_REDIS_CLUSTER"),
    (exceptions.ReadOnlyError, Unreachable, "is a replica and takes no writes: SEGMENTER_REDIS must name the master"),
    ("READONLY", Unreachable, "is a replica and takes no writes: SEGMENTER_REDIS must name the master"),
    (exceptions.OutOfMemoryError, Unreachable, "is full and takes no writes: raise its maxmemory"),
    ("OOM ", Unreachable, "is full and takes no writes: raise its maxmemory"),
    ("MISCONF", Unreachable, "cannot save to its disk and takes no writes: {misconf}"),
    ("NOREPLICAS", Unreachable, "has too few replicas in touch and takes no writes (min-replicas-to-write)"),
    ("BUSY ", Unreachable, "is busy with a script of another program"),
    ("Connect call failed", Unreachable, "{nobody_listens}"),
    (exceptions.ConnectionError, Unreachable, "does not answer: {error}"),
    (exceptions.TimeoutError, Unreachable, "does not answer: {error}"),
    (exceptions.ClusterError, Unreachable, "is a cluster in trouble: {error}"),
    (exceptions.TryAgainError, Unreachable, "is a cluster in trouble: {error}"),
    (exceptions.RedisClusterException, Unreachable, "is a cluster that does not answer: {error}"),
)


class RedisClient:
    """One server or a cluster; it connects with its first command."""

    def __init__(self, url: str, *, cluster: bool = False) -> None:
        options = _parse(url)
        self.address = f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        self._client = _connect(options, cluster)

    def __repr__(self) -> str:
        return f"<RedisClient at {self.address}>"

    async def call(self, command: str, *arguments: EncodableT) -> Any:
        with self._errors():
            answer = await self._client.execute_command(command, *arguments)
            has_answered(self.address)
            return answer

    async def ask(self, command: str, *arguments: EncodableT) -> asyncio.Task[Any]:
        """A call that is under way: whoever does something else first finds the answer there."""
        call = asyncio.create_task(self.call(command, *arguments))
        for _ in range(TURNS_TO_SEND):
            await asyncio.sleep(0)
        return call

    def script(self, lua: str) -> Script:
        """A function of keys and arguments that runs the script, which goes to the server at first use."""
        script = self._client.register_script(lua)

        async def run(keys: Sequence[str], arguments: Sequence[EncodableT]) -> Any:
            with self._errors():
                return await script(keys, arguments)

        return run

    async def info(self) -> dict[str, Mapping[str, Any]]:
        """What INFO says, for each server."""
        with self._errors():
            if not isinstance(self._client, RedisCluster):
                return {self.address: await self.call("INFO")}
            await self._client.initialize()
            primaries = self._client.get_primaries()
            return {node.name: await self._client.execute_command("INFO", target_nodes=node) for node in primaries}

    async def close(self) -> None:
        with self._errors():
            await self._client.aclose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (exceptions.RedisError, exceptions.RedisClusterException) as error:
            raise _ours(error, self.address) from error


def _ours(error: Exception, address: str) -> SegmenterError:
    for sign, kind, says in MEANINGS:
        if sign in str(error) if isinstance(sign, str) else isinstance(error, sign):
            said = {
                "error": str(error) or type(error).__name__,
                "nobody_listens": nobody_listens(address, SETTING),
                # Its first sentence, from wherever in a script it comes.
                "misconf": str(error).partition("MISCONF ")[2].partition(". ")[0] or "its log says why",
            }
            return kind(f"Redis at {address} {says.format(**said)}")
    return StateError(f"Redis at {address} refuses a command: {error}")


def _parse(url: str) -> dict[str, Any]:
    try:
        if url.startswith(("redis://", "rediss://")):
            return dict(parse_url(url))
    except ValueError:
        pass  # its text may quote the password
    raise UsageError(
        "SEGMENTER_REDIS is no Redis URL: write redis://user:password@host:port/database, or rediss:// for TLS, "
        "and in the password %40 for @, %3A for :, %2F for /, %23 for #"
    )


def _connect(options: dict[str, Any], cluster: bool) -> Redis | RedisCluster:
    secure = options.pop("connection_class", None) is SSLConnection
    options = {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_read_size": READ_BYTES,
        "max_connections": CONNECTIONS,
        **options,
        "protocol": 2,  # nothing of RESP3 is used, and every proxy speaks this
        "retry": Retry(NoBackoff(), 0),
    }
    if cluster and options.get("db"):
        raise UsageError(f"a Redis Cluster has database 0 alone: leave out the /{options['db']} in SEGMENTER_REDIS")
    if cluster:
        return RedisCluster(ssl=secure, **options)
    connection_class = _PackingSSLConnection if secure else _PackingConnection
    return Redis.from_pool(BlockingConnectionPool(timeout=None, connection_class=connection_class, **options))


class _Packing:
    """Commands packed in C: the packer that redis-py has for asyncio is Python, and takes half a checkpoint's time."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        name, *arguments = args
        command = (*str(name).split(), *arguments)
        return [hiredis.pack_command(command)]  # type: ignore[arg-type]  # hiredis declares a tuple of one


class _PackingConnection(_Packing, Connection):
    pass


class _PackingSSLConnection(_Packing, SSLConnection):
    pass
