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

from streams.kafka.provisioning import ensure
from streams.native.build import compile_kernel
from streams.settings import cache_folder
from tests.e2e import apache_kafka
from tests.faults.driver import apply_later, driving, publish_first
from tests.faults.harm import FAULTS, LINES, LONG, Fault, all_are_stopped
from tests.faults.judges.processes import judge_logs, judge_stops
from tests.faults.settling import settled
from tests.faults.stream import Stream
from tests.faults.world import Numbers, World

LEAD_S: Final = 8.0  # about what workers take to start, so that deadlines fall where faults do; nothing hangs on it
SHAPES: Final = (Numbers(workers=2, groups=2, session_s=6.0), Numbers(workers=3, groups=1, session_s=10.0))
"""Of rounds by even and by odd seeds: two groups side by side; the default session timeout."""
LAST_LINES: Final = 40  # of each process of a group that is wrong


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    options.add_argument("seeds", nargs="*", type=int, default=[1], help="a round each")
    options.add_argument("--seconds", type=int, default=30, help="how long faults come, in each round")
    options.add_argument("--rate", type=int, default=500, help="events a second")
    options.add_argument("--workers", type=int, help="of each group; a seed's own number by default, as of these:")
    options.add_argument("--groups", type=int, help="side by side")
    options.add_argument("--session", type=float, help="the session timeout, s")
    options.add_argument("--backlog", action="store_true", help="all records are there before any worker is")
    options.add_argument("--slow", type=float, default=0.0, metavar="MS", help="what 64 KiB to or from Redis take")
    options.add_argument("--long", action="store_true", help="also Kafka away for more than half a minute")
    options.add_argument("--lines", action="store_true", help="also the lines of single machines slow, cut and silent")
    options.add_argument("--only", default="", help="faults whose name has this")
    options.add_argument("--keep", type=Path, help="a folder for the logs of the workers")
    said = options.parse_args()
    if not apache_kafka.available():
        print("Not run: faults need Apache Kafka itself, that is java and mvn.")
        return 2 if os.environ.get("CI") == "true" else 0
    compile_kernel(cache_folder())
    faults = [
        each
        for each in (*FAULTS, *(LINES if said.lines else ()), *(LONG if said.long else ()))
        if said.only in each.__name__
    ]
    failed = [seed for seed in said.seeds if not one_round(seed, said, faults)]
    print(f"{len(said.seeds)} rounds, wrong: {', '.join(map(str, failed)) or 'none'}", flush=True)
    return 1 if failed else 0


def shape(seed: int, said: argparse.Namespace) -> Numbers:
    own = SHAPES[seed % len(SHAPES)]
    return Numbers(said.workers or own.workers, said.groups or own.groups, said.session or own.session_s)


def one_round(seed: int, said: argparse.Namespace, faults: Sequence[Fault]) -> bool:
    """Whether all is as it should be."""
    chance, numbers, tell = random.Random(seed), shape(seed, said), teller(seed)
    with TemporaryDirectory(prefix="segmenter-faults-") as temporary:
        folder = (said.keep or Path(temporary)) / f"seed-{seed}"
        with World(folder, chance, numbers) as world:
            for group in world.groups:
                asyncio.run(ensure(group.settings))
            begins_ms = time.time_ns() // 1_000_000 + int(LEAD_S * 1000)
            stream = Stream(seed, begins_ms, said.seconds, said.rate, is_backlog=said.backlog)
            for line in world.ways_to_redis:
                line.is_slow(said.slow / 1000)
            tell(f"{len(stream):,} records, {numbers}")
            publish_first(world, stream)
            world.begin()
            with driving(world, stream, tell):
                happen(world, faults, tell, until_s=time.monotonic() + said.seconds)
            for words in world.replace():
                tell(words)
            apply_later(world)  # Redis may have lost it since
            verdicts = settled(world, stream, tell)
            tell(f"no worker took more than {world.peak_mb:,.0f} MB")
            tell(all_are_stopped(world))
            judge_stops(verdicts[0], world.stops)
            judge_logs(verdicts[0], world.logs)
            last_words = [list(world.last_words(group, LAST_LINES)) for group in world.groups]
    for number, verdict in enumerate(verdicts):
        tell(f"group {number}: {verdict}")
        if verdict.wrong:
            print(*last_words[number], sep="\n", flush=True)
    return not any(verdict.wrong for verdict in verdicts)


def happen(world: World, faults: Sequence[Fault], tell: Callable[[str], None], until_s: float) -> None:
    """One after another, and now and then two at once."""
    time.sleep(2)
    while time.monotonic() < until_s and faults:
        together = world.chance.sample(faults, min(len(faults), world.chance.choice([1, 1, 1, 2])))
        threads = [threading.Thread(target=one_fault, args=(world, fault, tell)) for fault in together]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for words in world.replace():
            tell(words)
        time.sleep(world.chance.uniform(0.5, 4))


def one_fault(world: World, fault: Fault, tell: Callable[[str], None]) -> None:
    since = time.monotonic()
    what = fault(world)
    tell(f"{what} ({fault.__name__}, {time.monotonic() - since:.1f} s)")


def teller(seed: int) -> Callable[[str], None]:
    begun = time.monotonic()
    return lambda words: print(f"seed {seed} {time.monotonic() - begun:5.0f} s - {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
