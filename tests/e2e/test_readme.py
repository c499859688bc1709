"""The README as a newcomer follows it: its files as they stand there, its commands in their order."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.embedded.redis import RedisServer
from tests.conftest import Kafka

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
WITHIN_S = 90
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    return [shlex.split(line.removeprefix("$ ")) for block in blocks("console") for line in block.splitlines()]


@pytest.fixture
def newcomer(tmp_path: Path, kafka: Kafka, redis_server: RedisServer, group: str) -> Iterator[dict[str, str]]:
    """A folder with the README's rule and events, and servers where the README says they are."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/gone-quiet.yaml").write_text(blocks("yaml")[0])
    (tmp_path / "events.jsonl").write_text(blocks("json")[0])
    before = Path.cwd()
    os.chdir(tmp_path)
    yield {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SEGMENTER_KAFKA": kafka.address,
        "SEGMENTER_REDIS": redis_server.url,
        "SEGMENTER_GROUP": group,
        "SEGMENTER_TOPIC_PREFIX": f"{group}-",
    }
    os.chdir(before)


def test_every_command_of_the_readme_does_what_it_says(newcomer: dict[str, str]) -> None:
    said: dict[str, str] = {}
    worker: subprocess.Popen[bytes] | None = None
    try:
        for command in commands():
            line = shlex.join(command)
            if command[0] == "make":
                continue  # the next test's
            own = [sys.executable, "-m", "streams", *command[1:]]
            if command[1] == "worker":
                worker = subprocess.Popen(own, env=newcomer)
            elif command[1] == "watch":
                said[line] = first_line(own, newcomer)
                said["consumer"] = first_line([sys.executable, "-c", consumer(newcomer)], newcomer)
            else:
                done = subprocess.run(own, env=newcomer, check=False, capture_output=True, text=True, timeout=WITHIN_S)
                assert done.returncode == 0, f"{line}\n{done.stderr}"
                said[line] = done.stdout
    finally:
        if worker is not None:
            worker.send_signal(signal.SIGTERM)
    assert worker is not None
    assert worker.wait(WITHIN_S) == 0
    assert "right" in said["segmenter check rules"]
    assert "enters gone-quiet" in said["segmenter replay events.jsonl --rules rules --until 2026-03-10 --words"]
    assert "gone-quiet" in said["segmenter watch --segment gone-quiet --from-beginning"]
    assert said["consumer"] == "ann segment.entered gone-quiet some time ago\n"
    assert "gone-quiet" in said["segmenter explain ann"]
    assert newcomer["SEGMENTER_KAFKA"] in said["segmenter settings"]


def first_line(command: list[str], env: dict[str, str]) -> str:
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
    return line


def consumer(newcomer: dict[str, str]) -> str:
    """The README's own, of this test's broker and topic."""
    code = blocks("python")[0].replace("localhost:9092", newcomer["SEGMENTER_KAFKA"])
    return code.replace("segment-changes", f"{newcomer['SEGMENTER_TOPIC_PREFIX']}segment-changes")


@pytest.mark.parametrize("target", [command[1] for command in commands() if command[0] == "make"])
def test_make_knows_the_target(target: str) -> None:
    planned = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"demo": "segmenter dev", "test": "pytest"}[target] in planned
