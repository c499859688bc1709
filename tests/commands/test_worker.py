"""What `segmenter worker` says where it cannot start."""

import json
import socket
import subprocess
import sys


def test_its_last_word_is_a_line_of_the_log_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "streams", "worker", "--metrics", metrics, "--log", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    *_, last = map(json.loads, done.stderr.splitlines())
    assert (last["level"], last["subject"]) == ("error", "worker")
    assert last["message"].startswith(f"ends: SEGMENTER_METRICS: cannot listen at {metrics}: Address already in use")
