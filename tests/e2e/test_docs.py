"""README.md and docs/start.md as a newcomer follows them: block by block, on a machine that has only what the blocks
before have started. And the consumer of docs/changes.md, on what they lead to.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.embedded.redis import RedisServer
from streams.settings import PREFIX
from tests.conftest import Kafka
from tests.pages import ROOT, blocks

README = ROOT / "README.md"
START = ROOT / "docs" / "start.md"
WITHIN_S = 300  # on a machine that is busy with other things
BIN = Path(sys.executable).parent
NOWHERE = {"SEGMENTER_KAFKA": "localhost:1", "SEGMENTER_REDIS": "redis://localhost:1/0"}


class Newcomer:
    """A terminal in a folder that holds what a checkout does, and no server before `docker compose up`."""

    def __init__(self, folder: Path, servers: dict[str, str], group: str):
        self.folder = folder
        self._servers = servers
        self.said: list[tuple[str, str]] = []
        self._worker: subprocess.Popen[bytes] | None = None
        for name in ("rules", "docs"):
            shutil.copytree(ROOT / name, folder / name)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        # The broker is shared with other tests: names of our own, as nobody else would need them.
        own = {"SEGMENTER_GROUP": group, "SEGMENTER_TOPIC_PREFIX": f"{group}-"}
        self.environment = {**inherited, **NOWHERE, **own, "PATH": f"{BIN}:{os.environ['PATH']}"}

    def follow(self, page: Path) -> None:
        """Do what each block says."""
        for block in blocks(page):
            if block.language == "console":
                for line in block.text.splitlines():
                    self.types(line.removeprefix("$ "))
            elif block.file is not None:
                self._save(block.file, block.text)

    def types(self, line: str) -> None:
        words = line.split()
        match words:
            case ["make", target]:
                planned = self._run(
                    f"make --directory {ROOT} --dry-run {target}"
                )  # tests/e2e/test_dev.py runs the demo
                assert {"demo": "segmenter dev", "test": "pytest"}[target] in planned
            case ["source", activate]:
                # What `make` makes is where this one runs from.
                assert activate == ".venv/bin/activate"
                assert "\nVENV   ?= .venv\n" in (ROOT / "Makefile").read_text()
            case ["docker", "compose", "up", *_]:
                self.environment |= self._servers
            case ["segmenter", "worker", *_]:
                self._worker = subprocess.Popen(words, cwd=self.folder, env=self.environment)
            case ["segmenter", "watch", *_]:
                self.said.append((line, self.lines(words, lambda said: said.count("\n") >= 3)))
            case _:
                self.said.append((line, self._run(line)))

    def comes_to_say(self, line: str, text: str) -> None:
        """Ask again until the answer has it."""
        deadline = time.monotonic() + WITHIN_S
        while text not in (said := self._run(line)):
            assert time.monotonic() < deadline, f"{line} says\n{said}"

    def _run(self, line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        return done.stdout

    def lines(self, command: list[str], enough: Callable[[str], bool]) -> str:
        """What a command that goes on for ever prints, until it is enough."""
        environment = {**self.environment, "PYTHONUNBUFFERED": "1"}
        shown, deadline = self.folder / "shown.out", time.monotonic() + WITHIN_S
        with (
            shown.open("wb") as file,
            subprocess.Popen(command, cwd=self.folder, env=environment, stdout=file) as process,
        ):
            try:
                while not enough(said := shown.read_text()):
                    assert process.poll() is None, f"{command} ended, and had said\n{said}"
                    assert time.monotonic() < deadline, f"{command} only said\n{said}"
                    time.sleep(0.05)
            finally:
                process.kill()
        return said

    def _save(self, file: str, text: str) -> None:
        path = self.folder / file
        if path.exists():
            assert path.read_text().startswith(text), f"{file} does not say that"
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def what_was_said_by(self, command: str) -> list[str]:
        return [said for line, said in self.said if line.startswith(command)]

    def stop(self) -> int | None:
        if self._worker is None:
            return None
        self._worker.send_signal(signal.SIGTERM)
        return self._worker.wait(WITHIN_S)


@pytest.fixture
def newcomer(
    tmp_path: Path, kafka: Kafka, redis_server: RedisServer, group: str, _engine_is_compiled: None
) -> Iterator[Newcomer]:
    servers = {"SEGMENTER_KAFKA": kafka.address, "SEGMENTER_REDIS": redis_server.url}
    follows = Newcomer(tmp_path, servers, group)
    yield follows
    follows.stop()


def test_every_block_of_the_readme_does_what_it_says(newcomer: Newcomer) -> None:
    newcomer.follow(README)
    assert newcomer.stop() == 0
    assert "right" in newcomer.what_was_said_by("segmenter check rules")[0]
    assert "enters churn-risk" in newcomer.what_was_said_by("segmenter replay")[0]
    assert "enters churn-risk" in newcomer.what_was_said_by("segmenter watch")[0]
    assert "churn-risk: in" in newcomer.what_was_said_by("segmenter explain")[0]


def test_every_block_of_start_does_what_it_says(newcomer: Newcomer) -> None:
    newcomer.follow(START)
    told, [now, *_] = newcomer.what_was_said_by("segmenter explain"), newcomer.what_was_said_by("segmenter rules")
    assert "churn-risk: out" in told[0]
    assert "churn-risk: in" in told[1]
    assert "report-fan" in newcomer.what_was_said_by("segmenter replay")[1]
    assert "over 1 profile" in now
    newcomer.comes_to_say("segmenter explain ann --segment churn-risk", "churn-risk: out")
    assert newcomer.stop() == 0


def test_the_consumer_that_is_shown_tells_of_changes(newcomer: Newcomer) -> None:
    for line in ("docker compose up", "segmenter publish docs/examples/events.jsonl", "segmenter worker"):
        newcomer.types(line)
    [block] = blocks(ROOT / "docs" / "changes.md", "python")
    code = block.text.replace("localhost:9092", newcomer.environment["SEGMENTER_KAFKA"])
    code = code.replace("segment-changes", f"{newcomer.environment['SEGMENTER_TOPIC_PREFIX']}segment-changes")
    told = "ann segment.entered churn-risk some time ago\n"
    assert told in newcomer.lines([sys.executable, "-c", code], lambda said: told in said)
