"""What Docker is told of a worker in a container, by the command that the image and the compose file name."""

import subprocess
import sys

import pytest

from streams.monitoring.check import trouble
from streams.monitoring.health import Health
from streams.settings import Settings
from tests.monitoring.watched import WAITING, WELL, Watched


def test_a_worker_is_asked_where_the_settings_have_it() -> None:
    watched = Watched()
    with watched.served() as server:
        everywhere = Settings.from_environment({"SEGMENTER_METRICS": f"0.0.0.0:{server.address.port}"})
        assert trouble(everywhere) == []
        watched.health = Health([WELL, WAITING], has_joined=True)
        assert trouble(everywhere) == ["shard 2: Redis is away"]
    [told] = trouble(everywhere)
    assert told.startswith(f"no worker answers at 127.0.0.1:{server.address.port}: ")


@pytest.mark.parametrize(("metrics", "status", "said"), [("off", 0, "ok"), ("127.0.0.1:1", 1, "no worker answers")])
def test_the_command_tells_by_its_status(metrics: str, status: int, said: str) -> None:
    command = [sys.executable, "-m", "streams.monitoring.check"]
    done = subprocess.run(command, env={"SEGMENTER_METRICS": metrics}, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stdout) == (status, True), done
