"""What a profile takes: of a worker's memory at its peak, everything counted, and of Redis'.

    python -m tests.bench.memory [USERS]

For USERS and twice as many, all of them identified (so that each has a document), ten events a user in forty days:
by how much a process that holds them grows at most (`tests.bench.holder`), and by how much Redis does, which has them
from its checkpoints: the row alone, and all. Bytes a profile.
"""

import asyncio
import subprocess
import sys
import tempfile

from streams.state.format import ROWS
from streams.state.keys import Keys
from streams.state.redis_client import RedisClient
from tests.bench.crowd import Crowd
from tests.bench.state import SyncsEverySecond
from tests.e2e.pipeline import ROOT

USERS = 100_000
EVENTS_A_USER = 10


def held(redis: str, group: str, crowd: Crowd) -> tuple[int, int]:
    """How many profiles a holder has made of the crowd, and by how many bytes it grew at most."""
    command = [sys.executable, "-m", "tests.bench.holder", redis, group]
    with tempfile.TemporaryFile() as file:
        file.writelines(sent.value + b"\n" for sent in crowd.records())
        file.seek(0)
        done = subprocess.run(command, cwd=ROOT, check=True, stdin=file, stdout=subprocess.PIPE, text=True)
    profiles, grown = map(int, done.stdout.split())
    return profiles, grown


async def measure(redis: RedisClient, url: str, users: int) -> None:
    group = f"memory-{users}"
    before = (await redis.call("INFO", "memory"))["used_memory"]
    profiles, grown = held(url, group, Crowd(users, EVENTS_A_USER * users, identified=1.0))
    stored = (await redis.call("INFO", "memory"))["used_memory"] - before
    rows = await redis.call("MEMORY USAGE", Keys(group).of(0).at(ROWS), "SAMPLES", 0)
    print(
        f"{profiles:,} profiles: {grown / profiles:,.0f} bytes a profile in the worker (aim: under 1,500),"
        f" in Redis {rows / profiles:,.0f} the row (under 250), {stored / profiles:,.0f} in all (under 600)"
    )


async def main(users: int) -> None:
    with SyncsEverySecond() as server:
        redis = RedisClient(server.url)
        # An engine that has to be compiled takes more memory than one that has been; this one keeps it.
        held(server.url, "warm-up", Crowd(100, 1_000))
        for count in (users, 2 * users):
            await measure(redis, server.url, count)
        await redis.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else USERS))
