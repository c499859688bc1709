"""`python -m tests.faults.drifting FILE COMMAND...`: segmenter on a machine whose clock is wrong.

By how many ms, the file says. Clocks that only measure how long something takes are right, as they are on any machine.

Comes in: the file, which whoever does harm writes, and what segmenter is told. Goes out: a process as any other.
"""

import sys
import time
from pathlib import Path
from typing import Final

LOOK_EVERY_S: Final = 0.05


class Clock:
    """Of one machine: right, until it is told otherwise."""

    def __init__(self, file: Path):
        self._file = file
        self._right, self._looked_at, self._error_ns = time.time_ns, 0.0, 0

    def is_wrong_by(self, ms: int) -> None:
        """From now on; nobody reads half a number."""
        new = self._file.with_suffix(".new")
        new.write_text(str(ms))
        new.replace(self._file)

    def time_ns(self) -> int:
        if time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._looked_at, self._error_ns = time.monotonic(), int(self._file.read_text()) * 1_000_000
        return self._right() + self._error_ns


def main(file: Path, command: list[str]) -> None:
    clock = Clock(file)
    time.time_ns = clock.time_ns
    time.time = lambda: clock.time_ns() / 1e9
    from streams.__main__ import run

    sys.argv = ["segmenter", *command]
    run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
