"""`python -m tests.e2e.clocked_worker FILE`: a worker whose time is what the file says (ms).

Comes in: settings from the environment, and the file, which a test writes. Goes out: a worker as any other.
"""

import sys
from pathlib import Path

from streams.log import configure
from streams.runtime.app import create_app
from streams.runtime.running import run_worker
from streams.settings import Settings
from streams.state.opening import redis_store


class FileClock:
    """The same time for several workers. It only ever goes forward."""

    def __init__(self, file: Path):
        self.file = file

    def __call__(self) -> int:
        return int(self.file.read_text())

    def set(self, now_ms: int) -> None:
        """At once: nobody reads half a number."""
        new = self.file.with_suffix(".new")
        new.write_text(str(now_ms))
        new.replace(self.file)


def main(clock: FileClock) -> None:
    configure("info")
    settings = Settings.current()
    run_worker(lambda: create_app(settings, redis_store(settings), clock=clock))


if __name__ == "__main__":
    main(FileClock(Path(sys.argv[1])))
