"""What is done to a world: each function of `FAULTS` is a fault, from its beginning to its end.

Comes in: a `World`. Goes out: what was done, in words. `LINES` and `LONG` are for who asks for them; how all end is
`all_are_stopped`.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Final

import redis
from confluent_kafka.admin import AdminClient

from streams.embedded.server import Server
from tests.e2e.outages import frozen
from tests.faults.network import Line
from tests.faults.world import Post, World

CUT_BYTES: Final = 64 << 10
KAFKA_AWAY_S: Final = 5.0
KAFKA_AWAY_LONG_S: Final = 35.0  # longer than the producer waits for an answer
SLOW_S: Final = 0.05
AWAY: Final = ("", "", "frozen", "cut off", "silent")  # how a server may be when all are stopped
Fault = Callable[[World], str]

# ------------------------------------------------------------------------------------------------- processes


def worker_dies(world: World) -> str:
    return _without_one(world, "killed", lambda post: post.process.kill(), world.chance.uniform(0, 3))


def worker_is_stopped(world: World) -> str:
    return _without_one(world, "stopped", world.stop, 0.5)


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
        post.machine.clock.is_wrong_by(ms)
        time.sleep(world.chance.uniform(2, 8))
        post.machine.clock.is_wrong_by(0)
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
            world.stop(post)
        admin = AdminClient({"bootstrap.servers": world.kafka.address})
        names = [group.settings.group for group in world.groups]
        for deleted in admin.delete_consumer_groups([*names, *(f"{name}-deliver" for name in names)]).values():
            with suppress(Exception):  # its members may not have left in time
                deleted.result()
        for post in world.posts:
            post.process = post.hire()
    return "all were stopped, the group deleted, all started again"


def all_are_stopped(world: World) -> str:
    """At the end of a round, at once, perhaps while a server answers nothing, or lines are cut or silent."""
    kafka, redis = world.chance.choice(AWAY), world.chance.choice(AWAY)
    with ExitStack() as back:
        for server, away in ((world.kafka, kafka), (world.redis, redis)):
            if away == "frozen":
                back.enter_context(frozen(server))
        for post in world.posts:
            for line, away in zip(post.machine.lines, (kafka, redis), strict=True):
                line.is_cut(away == "cut off")
                line.is_silent(away == "silent")
        with ThreadPoolExecutor() as pool:
            for stop in [pool.submit(world.stop, post) for post in world.posts]:
                stop.result()
    slowest_s = max(seconds for _, seconds in world.stops)
    where = f"Kafka {kafka or 'there'}, Redis {redis or 'there'}"
    return f"all were stopped, {where}; no stop took more than {slowest_s:.1f} s"


def _without_one(world: World, how: str, end: Callable[[Post], None], seconds: float) -> str:
    with world.staff:
        post = world.chance.choice(world.posts)
        end(post)
        time.sleep(seconds)
        post.process = post.hire()
    return f"a {post.name} {how}, another one after {seconds:.1f} s"


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
        seconds, ways, as_ever = world.chance.uniform(2, 6), world.ways_to_redis, world.operator.delay_s
        for line in ways:
            line.is_slow(as_ever + SLOW_S)
        time.sleep(seconds)
        for line in ways:
            line.is_slow(as_ever)
            line.loses_answers(True)
        time.sleep(world.chance.uniform(0, 1))
        for line in ways:
            line.loses_answers(False)
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
    seconds = world.chance.uniform(2, 8)
    with frozen(server):
        time.sleep(seconds)
    return f"{server.name} froze for {seconds:.1f} s"


# ----------------------------------------------------------------------------------------------------- lines


def line_is_slow(world: World) -> str:
    with world.servers:
        post, line = _some_line(world)
        as_ever, delay_s, seconds = line.delay_s, world.chance.uniform(0.02, 0.3), world.chance.uniform(2, 8)
        line.is_slow(as_ever + delay_s)
        time.sleep(seconds)
        line.is_slow(as_ever)
    return f"to a {post.name} {line.name} was {delay_s * 1000:.0f} ms away for {seconds:.1f} s"


def line_is_cut(world: World) -> str:
    """Perhaps for longer than its membership in the group lasts."""
    with world.servers:
        post, line = _some_line(world)
        seconds = world.chance.uniform(0, world.session_s + 4)
        _for_so_long(line.is_cut, seconds)
    return f"the line of a {post.name} to {line.name} was cut for {seconds:.1f} s"


def line_goes_silent(world: World) -> str:
    """Connections are half open: whoever has one can wait for ever, and nothing tells."""
    with world.servers:
        post, line = _some_line(world)
        seconds = world.chance.choice([0.0, world.chance.uniform(0, world.session_s + 4)])
        _for_so_long(line.is_silent, seconds)
    return f"the connections of a {post.name} to {line.name} went silent, new ones too for {seconds:.1f} s"


def _for_so_long(is_so: Callable[[bool], None], seconds: float) -> None:
    is_so(True)
    time.sleep(seconds)
    is_so(False)


def _some_line(world: World) -> tuple[Post, Line]:
    post = world.chance.choice(world.posts)
    return post, world.chance.choice(post.machine.lines)


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
LINES: Final = (line_is_slow, line_is_cut, line_goes_silent)
LONG: Final = (kafka_is_stopped_for_long,)
