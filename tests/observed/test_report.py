"""`segmenter check --seen`: what it says of rules, by the record of what workers have read."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.embedded.redis import RedisServer
from streams.observed.names import ObservedNames, Sample
from streams.state.format import OBSERVED
from streams.state.redis_store import RedisStore


def check_seen(rules: Path, *flags: str) -> Result:
    return CliRunner().invoke(main, ["check", str(rules), "--seen", *flags])


@pytest.fixture
def flags(redis_server: RedisServer, group: str) -> list[str]:
    return ["--redis", redis_server.url, "--group", group]


@pytest.fixture
def read(redis_server: RedisServer, group: str) -> None:
    """What a worker would have noted on two days."""

    async def note() -> None:
        store = RedisStore(redis_server.url, group)
        for day in (20_513, 20_518):
            seen = ObservedNames()
            seen.count({"Signed In": 20_600})
            seen.note(Sample("Signed In", ["duration"], ["plan"]))
            await store.group.put(OBSERVED, day, seen.encode())
        await store.close()

    asyncio.run(note())


@pytest.mark.usefixtures("read")
def test_a_name_never_seen_is_a_warning_with_its_place_and_the_nearest(flags: list[str], tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text('segment: quiet\nenter: count("Signd In", days=7) > 3 and plan == "x"\n')
    result = check_seen(tmp_path, *flags)
    assert result.exit_code == 3
    assert result.stdout == (
        "1 segment is right.\n"
        "1 name was never seen, held against what workers read from 2026-03-01 to 2026-03-06:"
        " 41,200 events of 1 name.\n"
    )
    assert result.stderr == (
        f'{tmp_path}/quiet.yaml:2:14: maybe: never seen "Signd In"; nearest "Signed In", 41,200 in 2 days\n'
        '  enter: count("Signd In", days=7) > 3 and plan == "x"\n'
        "               ^^^^^^^^^^\n"
    )


@pytest.mark.usefixtures("read")
def test_where_all_names_were_seen_it_says_so(flags: list[str], tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text('segment: quiet\nenter: sum("Signed In", "duration", days=7) > 3\n')
    result = check_seen(tmp_path, *flags)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "All names were seen, held against" in result.stdout


def test_where_no_worker_has_noted_anything_it_says_so(flags: list[str], group: str, tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7\n")
    result = check_seen(tmp_path, *flags)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"No worker of the group {group} has noted in this Redis" in result.stdout


def test_wrong_rules_are_told_before_redis_is_asked(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_dys >= 7\n")
    result = check_seen(tmp_path, "--redis", "redis://127.0.0.1:1")
    assert result.exit_code == 2
    assert "did you mean `idle_days`?" in result.stderr


def test_a_redis_that_does_not_answer_is_told(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("segment: quiet\nenter: idle_days >= 7\n")
    result = check_seen(tmp_path, "--redis", "redis://127.0.0.1:1")
    assert result.exit_code == 1
    assert "127.0.0.1:1 does not answer" in result.stderr
