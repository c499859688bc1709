"""`python -m tests.faults`: workers on real servers, to which faults come while they read a known stream.

Comes in: seeds, each a round of its own. Goes out: a line a fault, and what was lost, invented or differs in the end of
each; exit status 1 if anything was.
"""

import argparse
import asyncio
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from confluent_kafka import Producer

from streams.kafka.provisioning import ensure
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.e2e import apache_kafka
from tests.faults.stream import Stream
from tests.faults.verdict import judge
from tests.faults.world import FAULTS, LONG, World

LEAD_S: Final = 5.0  # from now to the beginning of a stream, for its past to be read
Fault = Callable[[World], str]


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    options.add_argument("seeds", nargs="*", type=int, default=[1], help="a round each")
    options.add_argument("--seconds", type=int, default=40, help="how long faults come, in each round")
    options.add_argument("--rate", type=int, default=500, help="events a second")
    options.add_argument("--workers", type=int, default=3, help="of each group")
    options.add_argument("--groups", type=int, default=1, help="side by side")
    options.add_argument("--session", type=float, default=6.0, help="the session timeout, s")
    options.add_argument("--long", action="store_true", help="also Kafka away for more than half a minute")
    options.add_argument("--only", default="", help="faults whose name has this")
    options.add_argument("--keep", type=Path, help="a folder for the logs of the workers")
    said = options.parse_args()
    if not apache_kafka.available():
        print("Not run: faults need Apache Kafka itself, that is java and mvn.")
        return 2 if os.environ.get("CI") == "true" else 0
    compile_kernel(cache_folder())
    faults = [each for each in (*FAULTS, *(LONG if said.long else ())) if said.only in each.__name__]
    failed = [seed for seed in said.seeds if not one_round(seed, said, faults)]
    print(f"{len(said.seeds)} rounds, wrong: {', '.join(map(str, failed)) or 'none'}", flush=True)
    return 1 if failed else 0


def one_round(seed: int, said: argparse.Namespace, faults: Sequence[Fault]) -> bool:
    """Whether all is as it should be."""
    chance = random.Random(seed)
    with TemporaryDirectory(prefix="segmenter-faults-") as temporary:
        folder = (said.keep or Path(temporary)) / f"seed-{seed}"
        with World(folder, chance, said.workers, said.groups, said.session) as world:
            for group in world.groups:
                asyncio.run(ensure(group.settings))
            stream = Stream(seed, time.time_ns() // 1_000_000 + int(LEAD_S * 1000), said.seconds, said.rate)
            tell(seed, f"{len(stream.records)} records, {said.workers} workers, {said.groups} groups")
            publishing = threading.Thread(target=publish, args=(seed, world, stream))
            publishing.start()
            happen(seed, world, chance, faults, until_s=time.monotonic() + said.seconds)
            publishing.join()
            for words in world.hire():
                tell(seed, words)
            lost = world.redis_lost_something
            verdicts = [judge(group, stream, stream.expected(group.rulebook), lost) for group in world.groups]
    for number, verdict in enumerate(verdicts):
        tell(seed, f"group {number}: {verdict}")
    return not any(verdict.wrong for verdict in verdicts)


def publish(seed: int, world: World, stream: Stream) -> None:
    """Each record at its time; what Kafka does not take yet waits here, and comes as soon as it does."""
    producer = Producer(
        {
            "bootstrap.servers": world.kafka.address,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "message.timeout.ms": 600_000,
            "queue.buffering.max.messages": 2_000_000,
            "log_level": 0,
        }
    )
    settings, begun, late_s = world.groups[0].settings, time.monotonic(), 0.0
    for planned in stream.records:
        while (wait_s := begun + planned.at_s - time.monotonic()) > 0:
            producer.poll(0.02)
        late_s = max(late_s, -wait_s)
        producer.produce(settings.topic(planned.topic), planned.value, key=planned.user.encode())
    took_s = time.monotonic() - begun
    assert producer.flush(600) == 0
    arrived_s = time.monotonic() - begun
    rate = f"{len(stream.records) / took_s:,.0f} records/s, none more than {late_s:.1f} s late"
    tell(seed, f"published {rate}; all had arrived after {arrived_s:.1f} s")


def happen(seed: int, world: World, chance: random.Random, faults: Sequence[Fault], until_s: float) -> None:
    """One after another, and now and then two at once."""
    time.sleep(2)
    while time.monotonic() < until_s:
        together = chance.sample(faults, min(len(faults), chance.choice([1, 1, 1, 2])))
        threads = [threading.Thread(target=one_fault, args=(seed, world, fault)) for fault in together]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for words in world.hire():
            tell(seed, words)
        time.sleep(chance.uniform(0.5, 4))


def one_fault(seed: int, world: World, fault: Fault) -> None:
    since = time.monotonic()
    what = fault(world)
    tell(seed, f"{what} ({fault.__name__}, {time.monotonic() - since:.1f} s)")


def tell(seed: int, words: str) -> None:
    print(f"seed {seed} - {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
