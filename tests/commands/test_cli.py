"""The group: help that teaches, exit statuses, and nothing slow imported before it is needed."""

import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from streams import __version__
from streams.cli import SUMMARIES, main
from streams.settings import Settings

SLOW = {"numba", "numpy", "faust", "aiokafka", "redis", "pydantic"}


def command(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


def flags(name: str) -> set[str]:
    return {flag for option in command(name).params for flag in option.opts}


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_command_has_a_help_with_an_example_of_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.output
    assert f"segmenter {name}" in result.output.partition("Example:")[2]


def test_the_first_help_fits_too_with_a_line_for_each_command() -> None:
    lines = CliRunner().invoke(main, ["--help"]).output.splitlines()
    assert len(lines) <= 40
    assert [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]] == list(SUMMARIES)


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_help_fits_on_one_screen(name: str) -> None:
    lines = CliRunner().invoke(main, [name, "--help"]).output.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", ["worker", "watch", "explain", "publish", "topics"])
def test_how_to_log_in_is_shown_where_all_is_asked_for(name: str) -> None:
    helps = [CliRunner().invoke(main, [name, flag]).output for flag in ("--help", "--help-all")]
    for rare in {"--kafka-password", "--redis-cluster", "--partitioner"} & flags(name):
        assert [rare in text for text in helps] == [False, True]
    assert ["SEGMENTER_" in text for text in helps] == [False, True]


def test_all_help_of_a_worker_has_every_setting_with_its_variable_and_value() -> None:
    text = " ".join(CliRunner().invoke(main, ["worker", "--help-all"]).output.split()).replace("- ", "-")
    for variable, value, _ in Settings().rows():
        assert f"[{variable}; {value or 'not set'}]" in text


@pytest.mark.parametrize("name", ["worker", "settings"])
def test_every_setting_is_a_flag(name: str) -> None:
    assert {"--" + setting.replace("_", "-") for setting in Settings.names()} <= flags(name)


def test_the_summaries_are_of_the_commands() -> None:
    for name in SUMMARIES:
        assert command(name).name == name


def test_help_imports_nothing_slow() -> None:
    script = f"import sys; from streams.cli import main; main(['--help'], standalone_mode=False); {IMPORTED}"
    assert run_python(script) == "[]"


def test_checking_rules_imports_neither_kafka_nor_the_engine() -> None:
    script = f"import sys; from streams.cli import main; main(['check', 'rules'], standalone_mode=False); {IMPORTED}"
    assert run_python(script) == "['pydantic']"


@pytest.mark.parametrize("command", ["replay", "explain ann"])
def test_a_small_file_is_played_without_the_compiler_or_faust(command: str, tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7\n")
    (tmp_path / "events.jsonl").write_text(
        '{"type": "track", "userId": "ann", "event": "x", "timestamp": "2026-03-01"}\n'
    )
    called = [*command.split(), str(tmp_path / "events.jsonl"), "--rules", str(tmp_path)]
    script = f"import sys; from streams.cli import main; main({called!r}, standalone_mode=False); {IMPORTED}"
    imported = run_python(script)
    assert "numpy" in imported
    assert "numba" not in imported
    assert "faust" not in imported


def test_to_look_a_user_up_takes_neither_kafka_nor_a_compiler() -> None:
    script = (
        f"import sys, streams.admin.lookup, streams.core.explain.explanation, streams.terminal.explanation; {IMPORTED}"
    )
    assert run_python(script) == "['numpy', 'pydantic', 'redis']"


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("explain ann --redis {nowhere}", "['numpy', 'pydantic', 'redis']"),
        ("members churn-risk --redis {nowhere}", "['numpy', 'pydantic', 'redis']"),
        ("rules --redis {nowhere}", "['numpy', 'pydantic', 'redis']"),
        ("check rules --seen --redis {nowhere}", "['numpy', 'pydantic', 'redis']"),
        ("erase ann --redis {nowhere}", "['aiokafka', 'numpy', 'pydantic', 'redis']"),
        ("watch --kafka {nowhere}", "['aiokafka', 'pydantic']"),
    ],
)
def test_whoever_only_asks_a_running_group_takes_no_worker_along(command: str, needed: str) -> None:
    """There is nobody to ask; to find that out, all is imported that would be if there were."""
    nowhere = "127.0.0.1:1" if "--kafka" in command else "redis://127.0.0.1:1/0"
    called = command.format(nowhere=nowhere).split()
    script = (
        "import sys\nfrom streams.cli import main\nfrom click import ClickException\n"
        f"try: main({called!r}, standalone_mode=False)\n"
        f"except ClickException as told: assert '127.0.0.1:1' in str(told), told\n{IMPORTED}"
    )
    assert run_python(script) == needed


def test_a_newcomer_is_told_that_it_starts_before_anything_slow_is_imported() -> None:
    told = f"def told(text):\n    {IMPORTED}\n    raise SystemExit"
    script = f"import sys, click\nfrom streams.cli import main\n{told}\nclick.echo = told\nmain(['dev'])"
    assert run_python(script) == "['pydantic']"


IMPORTED = f"print(sorted({SLOW!r} & set(sys.modules)))"


def run_python(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"segmenter {__version__}\n"


def test_a_misspelt_command_is_answered_with_the_nearest_one() -> None:
    result = CliRunner().invoke(main, ["replya"])
    assert result.exit_code == 2
    assert "Did you mean 'replay'?" in result.stderr


def test_a_wrong_setting_is_told_in_words_with_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENTER_UTC_OFFSET", "eight")
    result = CliRunner().invoke(main, ["settings"])
    assert result.exit_code == 2
    assert result.stderr == "Error: SEGMENTER_UTC_OFFSET: 'eight' is no offset from UTC such as -08:00 or +05:30\n"


def test_a_worker_does_not_start_with_rules_that_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_dys >= 7\n")
    result = CliRunner().invoke(main, ["worker", "--rules", str(tmp_path)])
    assert result.exit_code == 2
    assert "quiet.yaml:2:8" in result.stderr


def test_dev_does_not_take_other_rules_than_those_it_was_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["dev", "--rules", str(tmp_path / "gone")])
    assert result.exit_code == 2
    assert "gone: there is no such folder" in result.stderr


def test_settings_are_listed_with_their_origin_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENTER_KAFKA_PASSWORD", "hunter2")
    monkeypatch.setenv("SEGMENTER_PARTITION", "12")
    result = CliRunner().invoke(main, ["settings", "--redis", "redis://me:hunter2@cache:6379/0"])
    assert result.exit_code == 0
    assert "hunter2" not in result.output
    assert "redis://me:***@cache:6379/0" in result.output
    assert "--redis" in result.output
    assert "Warning: SEGMENTER_PARTITION is no setting; did you mean SEGMENTER_PARTITIONS?" in result.stderr


def test_a_worker_says_first_what_it_runs_and_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7\n")
    told: list[str] = []
    monkeypatch.setattr("streams.commands.worker.configure", lambda *_: None)
    monkeypatch.setattr("streams.commands.worker.log.info", lambda line, *args: told.append(line % args))
    monkeypatch.setattr("streams.runtime.running.run_worker", lambda _: None)
    monkeypatch.setattr("streams.runtime.watching.watched", lambda _: None)
    redis = "redis://me:hunter2@cache:6379/0"
    CliRunner().invoke(
        main, ["worker", "--rules", str(tmp_path), "--redis", redis, "--metrics", "off"], catch_exceptions=False
    )
    (line,) = told
    assert line.startswith(f"worker - starts: rules in {tmp_path}, group segmenter, Kafka at localhost:9092, Redis")
    assert line.endswith("redis://me:***@cache:6379/0")


WAITS_IN_AN_IMPORT = """
import signal, sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "streams.cli":
            print("importing", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
signal.signal(signal.SIGINT, signal.default_int_handler)
from streams.__main__ import run
run()
"""


def test_ctrl_c_while_all_is_still_imported_ends_it_without_a_word() -> None:
    command = [sys.executable, "-c", WAITS_IN_AN_IMPORT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"importing\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate() == (b"", b"")
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize(
    "asked", [("links",), ("explain",), ("erase",), ("merge", "--into", "ann"), ("deliveries",), ("deliveries", "of")]
)
@pytest.mark.parametrize(
    ("nobodys", "why"), [("", "an id has 1 to 255 characters, this one 0"), ("\udcff", "an id is a text in UTF-8")]
)
def test_what_is_no_id_is_refused_before_a_server_is_asked(asked: tuple[str, ...], nobodys: str, why: str) -> None:
    nobody_there = {"SEGMENTER_KAFKA": "127.0.0.1:1", "SEGMENTER_REDIS": "redis://127.0.0.1:1/0"}
    result = CliRunner().invoke(main, [*asked, nobodys], env=nobody_there)
    assert result.exit_code == 2, result.output
    assert why in result.stderr
