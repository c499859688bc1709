"""What is done to a world: each function of `FAULTS` is a fault, from its beginning to its end.

Comes in: a `World`. Goes out: what was done, in words.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import redis
from confluent_kafka.admin import AdminClient

from streams.embedded.server import Server
from tests.e2e.pipeline import WorkerProcess
from tests.faults.world import World

CUT_BYTES: Final = 64 << 10
KAFKA_AWAY_S: Final = 5.0
KAFKA_AWAY_LONG_S: Final = 35.0  # longer than the producer waits for an answer
STOPPED_WITHIN_S: Final = 10.0
SLOW_S: Final = 0.05
Fault = Callable[[World], str]

# ------------------------------------------------------------------------------------------------- processes


def worker_dies(world: World) -> str:
    return _without_one(world, "killed", WorkerProcess.kill, world.chance.uniform(0, 3))


def worker_is_stopped(world: World) -> str:
    return _without_one(world, "stopped", _stop, 0.5)


def worker_sleeps(world: World) -> str:
    """Past its end: it wakes as a zombie."""
    with world.staff:
        post = world.chance.choice(world.posts)
        seconds = world.session_s + world.chance.uniform(0.5, 4)
        post.process.freeze()
        time.sleep(seconds)
        post.process.thaw()
    return f"a {post.name} slept {seconds:.1f} s"


def clock_jumps(world: World) -> str:
    """Ahead or back, and after a while to where it belongs."""
    with world.staff:
        post = world.chance.choice(world.posts)
        ms = world.chance.choice([-1, 1]) * world.chance.randrange(500, 60_000)
        post.clock.is_wrong_by(ms)
        time.sleep(world.chance.uniform(2, 8))
        post.clock.is_wrong_by(0)
    return f"the clock of a {post.name} was wrong by {ms / 1000:+.1f} s"


def workers_come_and_go(world: World) -> str:
    """Each has the group balanced anew."""
    group = world.chance.choice(world.groups)
    for _ in range(3):
        with group.worker():
            time.sleep(world.chance.uniform(3, 8))  # killed as it leaves the block
    return "three workers came, and were killed at once"


def group_is_deleted(world: World) -> str:
    with world.staff:
        for post in world.posts:
            _stop(post.process)
        admin = AdminClient({"bootstrap.servers": world.kafka.address})
        names = [group.settings.group for group in world.groups]
        for deleted in admin.delete_consumer_groups([*names, *(f"{name}-deliver" for name in names)]).values():
            with suppress(Exception):  # its members may not have left in time
                deleted.result()
        for post in world.posts:
            post.process = post.hire()
    return "all were stopped, the group deleted, all started again"


def _without_one(world: World, how: str, end: Callable[[WorkerProcess], None], seconds: float) -> str:
    with world.staff:
        post = world.chance.choice(world.posts)
        end(post.process)
        time.sleep(seconds)
        post.process = post.hire()
    return f"a {post.name} {how}, another one after {seconds:.1f} s"


def _stop(process: WorkerProcess) -> None:
    if process.is_running():
        process.stop()


# ----------------------------------------------------------------------------------------------------- Redis


def redis_dies(world: World) -> str:
    with world.servers:
        world.redis.kill()
        time.sleep(world.chance.uniform(0, 2))
        world.redis.start()
    return "Redis killed and started"


def redis_loses_its_last_writes(world: World) -> str:
    with world.servers:
        world.lost = True
        world.redis.kill()
        log = world.redis.folder / "appendonly.aof"
        cut = min(CUT_BYTES, log.stat().st_size // 2)
        with log.open("r+b") as file:
            file.truncate(log.stat().st_size - cut)
        world.redis.start()
    return f"Redis killed and started without its last {cut} bytes"


def redis_forgets_all(world: World) -> str:
    with world.servers:
        world.lost = True
        _command(world, "FLUSHALL")
    return "FLUSHALL"


def redis_pauses(world: World) -> str:
    with world.servers:
        seconds = world.chance.uniform(1, 6)
        _command(world, "CLIENT", "PAUSE", str(int(seconds * 1000)))
        time.sleep(seconds)
    return f"Redis paused for {seconds:.1f} s"


def redis_freezes(world: World) -> str:
    with world.servers:
        return _frozen(world, world.redis)


def redis_is_full(world: World) -> str:
    with world.servers:
        _command(world, "CONFIG", "SET", "maxmemory", "1")
        time.sleep(world.chance.uniform(1, 4))
        _command(world, "CONFIG", "SET", "maxmemory", "0")
    return "Redis was full"


def redis_cannot_write_its_disk(world: World) -> str:
    """It refuses writes with MISCONF, once a snapshot has failed: there is a folder in its place."""
    with world.servers:
        in_the_way = world.redis.folder / "dump.rdb" / "in the way"
        in_the_way.mkdir(parents=True)
        _command(world, "CONFIG", "SET", "save", "3600 1000000")
        _command(world, "BGSAVE")
        time.sleep(world.chance.uniform(2, 5))
        in_the_way.rmdir()
        in_the_way.parent.rmdir()
        _command(world, "CONFIG", "SET", "save", "")
    return "Redis could not write its disk"


def redis_is_far_away(world: World) -> str:
    """Slow for a while, and then a moment in which all connections are lost before their answers come."""
    with world.servers:
        seconds, as_ever = world.chance.uniform(2, 6), world.network.delay_s
        world.network.is_slow(as_ever + SLOW_S)
        time.sleep(seconds)
        world.network.is_slow(as_ever)
        world.network.loses_answers(True)
        time.sleep(world.chance.uniform(0, 1))
        world.network.loses_answers(False)
    return f"the network to Redis was slow for {seconds:.1f} s, and then lost answers"


def _command(world: World, *words: str) -> None:
    with redis.Redis.from_url(world.redis.url) as client:
        client.execute_command(*words)


# ----------------------------------------------------------------------------------------------------- Kafka


def kafka_dies(world: World) -> str:
    with world.servers:
        world.kafka.kill()
        world.kafka.start()
    return "Kafka killed and started"


def kafka_freezes(world: World) -> str:
    with world.servers:
        return _frozen(world, world.kafka)


def kafka_is_stopped(world: World) -> str:
    return _stop_kafka(world, KAFKA_AWAY_S)


def kafka_is_stopped_for_long(world: World) -> str:
    return _stop_kafka(world, KAFKA_AWAY_LONG_S)


def _stop_kafka(world: World, seconds: float) -> str:
    with world.servers:
        world.kafka.stop()
        time.sleep(seconds)
        world.kafka.start()
    return f"Kafka stopped for {seconds:g} s"


def _frozen(world: World, server: Server) -> str:
    """It keeps its connections, and says nothing."""
    seconds = world.chance.uniform(2, 8)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(server.pid, signal.SIGCONT)
    return f"{server.name} froze for {seconds:.1f} s"


FAULTS: Final = (
    worker_dies,
    worker_is_stopped,
    worker_sleeps,
    clock_jumps,
    workers_come_and_go,
    group_is_deleted,
    redis_dies,
    redis_loses_its_last_writes,
    redis_forgets_all,
    redis_pauses,
    redis_freezes,
    redis_is_full,
    redis_cannot_write_its_disk,
    redis_is_far_away,
    kafka_dies,
    kafka_freezes,
    kafka_is_stopped,
)
LONG: Final = (kafka_is_stopped_for_long,)
