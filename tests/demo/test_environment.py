"""The file for another terminal."""

import subprocess
import sys
from pathlib import Path

from streams.demo.environment import KEPT, write_environment
from streams.settings import Settings

SAID = {
    "SEGMENTER_RULES": "my rules",
    "SEGMENTER_UTC_OFFSET": "-08:00",
    "SEGMENTER_EARLIEST": "2020-02-29T00:00:00Z",
    "SEGMENTER_CURRENCY": "EUR",
    "SEGMENTER_CURRENCY_RATES": "USD=0.9,GBP=1.2",
    "SEGMENTER_PRIVATE_TRAITS": "name, $odd 'trait'",
    "SEGMENTER_PASSIVE_EVENTS": "",
    "SEGMENTER_WEBHOOK_PRIVATE": "127.0.0.0/8",
}


def variables(file: Path) -> dict[str, str]:
    """What a shell has after it has read the file."""
    out = subprocess.run(["sh", "-c", f". {file}; env -0"], env={}, capture_output=True, check=True).stdout.decode()
    return dict(line.partition("=")[::2] for line in out.split("\0") if line)


def test_a_shell_that_has_read_it_runs_commands_on_what_runs_here(tmp_path: Path) -> None:
    settings = Settings.from_environment(SAID, kafka="127.0.0.1:2000", redis="redis://127.0.0.1:3000/0")
    write_environment(tmp_path / "env", settings)
    found = variables(tmp_path / "env")
    there = Settings.from_environment(found)
    assert (there.kafka, there.redis) == (settings.kafka, settings.redis)
    assert there.rules == Path("my rules").resolve()
    assert all(getattr(there, name) == getattr(settings, name) for name in KEPT if name != "rules")
    assert found["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_it_says_nothing_of_what_is_as_usual(tmp_path: Path) -> None:
    write_environment(tmp_path / "env", Settings())
    assert {*variables(tmp_path / "env")} - {"PATH", "PWD", "OLDPWD", "SHLVL", "_"} == {
        "SEGMENTER_KAFKA",
        "SEGMENTER_REDIS",
        "SEGMENTER_RULES",
    }
