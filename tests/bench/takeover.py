"""How long a killed worker's shards stand still: python -m tests.bench.takeover [PROFILES]

On Apache Kafka and a real Redis, under the rules that ship: two workers share 4 partitions, PROFILES (250,000) to each;
one is killed, and then somebody in each partition clicks. Prints seconds from the kill until all of it is applied and
stored, and how much of that is beyond the session timeout, after which Kafka gives the shards away. Then one worker
loads all of them: seconds from when it is given the shards, over four partitions.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import count, islice
from pathlib import Path

from streams.core.instants import format_time
from streams.kafka.provisioning import ensure
from streams.kafka.publisher import home_partition
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from streams.state.redis_store import RedisStore
from streams.testing import track
from streams.topics import READ_BY_WORKERS
from tests.bench.five import five_rules, folder_of_five
from tests.bench.loading import CROWD, Profiles, save
from tests.bench.progress import all_done, until
from tests.bench.state import SyncsEverySecond
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.pipeline import PARTITIONS, Pipeline, WorkerProcess

PROFILES = 250_000
SESSION_S = 6.0


def users_of(shard: int) -> Iterator[str]:
    users = (f"user-{number:08d}" for number in count())
    return (user for user in users if home_partition(user, PARTITIONS) == shard)


async def fill(pipeline: Pipeline, profiles: int) -> None:
    """As if all inputs were still to be read."""
    await ensure(pipeline.settings)
    made, positions = Profiles.of(five_rules(), CROWD), {pipeline.settings.topic(e.name): 0 for e in READ_BY_WORKERS}
    store = RedisStore(pipeline.settings.redis.get_secret_value(), pipeline.settings.group)
    for shard in range(PARTITIONS):
        users = islice(users_of(shard), profiles // PARTITIONS)
        await save(store.shards, shard, made.checkpoints(users, positions))
    await store.close()


def taken_over(pipeline: Pipeline) -> float:
    """Seconds from the kill of one of two workers until a click in each partition is stored."""
    with pipeline.worker() as staying, pipeline.worker() as dying:
        for worker in (staying, dying):
            asyncio.run(until("two workers share the shards", partial(_has_half, worker)))
        asyncio.run(all_done(pipeline))
        dying.kill()
        since = time.perf_counter()
        at = format_time(time.time_ns() // 1_000_000)
        pipeline.publish([track(next(users_of(shard)), "Signed In", at, f"m-{shard}") for shard in range(PARTITIONS)])
        stored = asyncio.run(all_done(pipeline))
        staying.stop()
    return stored - since


async def _has_half(worker: WorkerProcess) -> bool:
    """Whether it has two shards, and has loaded them."""
    *_, last = worker.said().rpartition("owns shards ")
    owned = re.match(r"(\d), (\d), generation", last)
    return owned is not None and all(f"shard {number} - loaded" in last for number in owned.groups())


def loaded(pipeline: Pipeline) -> float:
    """Seconds until a worker that is given all shards has loaded them, by its log."""
    with pipeline.worker() as worker:
        worker.says(" - loaded ", times=PARTITIONS)
        said = worker.said().splitlines()
        worker.stop()
    given = next(line for line in said if "owns shards" in line)
    last = [line for line in said if re.search(r"shard \d+ - loaded ", line)][-1]
    return (_time(last) - _time(given)).total_seconds()


def _time(line: str) -> datetime:
    return datetime.fromisoformat(line.split(maxsplit=1)[0])


def main(profiles: int) -> None:
    compile_kernel(cache_folder())
    with ApacheKafka() as kafka, SyncsEverySecond() as redis, tempfile.TemporaryDirectory() as folder:
        rules, session = folder_of_five(Path(folder)), f"{SESSION_S:g}s"
        pipeline = Pipeline(kafka.address, redis.url, "takeover", Path(folder), rules=rules, session_timeout=session)
        asyncio.run(fill(pipeline, 2 * profiles))
        seconds = taken_over(pipeline)
        beyond = f"{seconds - SESSION_S:.1f} s beyond the session timeout (aim: 5)"
        print(f"{profiles:,} profiles of a killed worker: stored again after {seconds:.1f} s, {beyond}")
        print(f"{2 * profiles:,} profiles in {PARTITIONS} shards: one worker loads them in {loaded(pipeline):.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PROFILES)
