"""What a change costs beside what it comes from: found, rendered, put into a checkpoint, and that made ready for Redis.

    python -m tests.bench.changes [PROFILES]

Prints microseconds of CPU a change, medians of five runs, for a wave in which every profile leaves a segment. What it
costs to find that nothing has changed is told by another wave.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from streams.core.identities.identities import Identities
from streams.native.build import compile_kernel
from streams.outputs.messages import Outputs
from streams.runtime.checkpoints.pending import Pending
from streams.runtime.pace import SLICE
from streams.runtime.running import collect_garbage_rarely
from streams.settings import Settings, cache_folder
from streams.state.codec import commands
from streams.state.keys import Keys
from tests.bench.engine import RUNS
from tests.bench.wave import MIDNIGHT, WAVES, shard_of

KEYS = Keys("segmenter").of(0)


class Run:
    """`taken`: by what was done, seconds of CPU."""

    def __init__(self, profiles: int, condition: str):
        self.taken: dict[str, float] = {"find": 0.0, "render": 0.0, "checkpoint": 0.0, "for Redis": 0.0}
        self._shard, self._unsaved = shard_of(profiles, condition), Pending(Outputs(Settings()))
        while self._shard.time_ms < MIDNIGHT:
            with self._timed("find"):
                changes = self._shard.tick(MIDNIGHT, SLICE)
            with self._timed("render"):
                self._unsaved.add(changes, MIDNIGHT)
            if self._unsaved.is_full(self._shard.dirty_count):
                self._write()
        self._write()

    def _write(self) -> None:
        with self._timed("checkpoint"):
            snapshot = self._unsaved.snapshot(self._shard, Identities.empty(self._shard, 0), 1, {}, ())
        with self._timed("for Redis"):
            commands(KEYS, snapshot.checkpoint)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begin = time.process_time()
        yield
        self.taken[what] += time.process_time() - begin


def main(profiles: int) -> None:
    compile_kernel(cache_folder())
    collect_garbage_rarely()
    for title, condition in WAVES.items():
        runs = [Run(profiles, condition).taken for _ in range(RUNS)]
        us = {what: statistics.median(run[what] for run in runs) / profiles * 1e6 for what in runs[0]}
        parts = ", ".join(f"{what} {each:.2f}" for what, each in us.items())
        print(f"{title}: {sum(us.values()):.2f} us a profile: {parts}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
