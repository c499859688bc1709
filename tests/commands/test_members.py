"""`segmenter members`: who is in a segment, by id, and since when."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.admin import members
from streams.admin.timeline import timeline
from streams.cli import main
from streams.core.instants import parse_time
from streams.embedded.redis import RedisServer
from streams.kafka.partitioning import homes
from streams.outputs.membership import encode_segments
from streams.outputs.timeline import encode_entry
from streams.settings import Settings
from streams.state.format import SETTLED, SHADOW_MEMBERS, TIMELINE
from streams.state.opening import opened_store
from streams.state.store import Checkpoint, Store, Write
from streams.testing import instant
from tests.state.changes import entered
from tests.state.checkpoints import checkpoint, claimed

NOON = instant("2026-03-01 12:00")
STRANGE = 'a,"b"\n\x1b[2J'
USERS = [f"u-{user:02}" for user in range(30)]
Members = Callable[..., Result]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "vip.yaml").write_text("segment: vip\nenter: mrr >= 100\n")
    (tmp_path / "life.yaml").write_text("tier: life\nlevels:\n  new: tenure_days < 14\n  active: otherwise\n")
    return tmp_path


@pytest.fixture
def settings(redis_server: RedisServer, group: str, rules: Path) -> Settings:
    return Settings.from_environment({}, redis=redis_server.url, group=group, rules=rules)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """vip: all of USERS but the last, a minute after each other, and somebody with a strange id; two levels."""
    async with opened_store(settings) as store:
        await store.group.put(SETTLED, "partitions", b"4")
        for shard in range(4):
            await claimed(store.shards, shard, 1)
            here = [user for user in [*USERS, STRANGE] if homes(user, 4, "murmur2")[0] == shard]
            segments = {user: ["vip", "life/new"] for user in here}
            segments |= {user: ["life/active"] for user in here if user == USERS[-1]}
            memberships = [
                (user, encode_segments({segment: (NOON + here.index(user) * 60_000, 1) for segment in segments[user]}))
                for user in here
            ]
            joined = [(segment, user) for user in here for segment in segments[user]]
            await store.shards.save(shard, 1, checkpoint(1, joined=joined, memberships=memberships))
        yield store


@pytest.fixture
def run(settings: Settings, store: Store) -> Members:
    there = ("--redis", settings.redis.get_secret_value(), "--group", settings.group, "--rules", str(settings.rules))
    return lambda *arguments: CliRunner().invoke(main, ["members", *arguments, *there])


async def test_members_are_listed_by_id_with_since_when(run: Members) -> None:
    result = await asyncio.to_thread(run, "vip")
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert [line.split()[0] for line in lines] == ['a,"b"\\n\\x1b[2J', *USERS[:-1]]
    assert all(line.split("  ")[1:] == ["vip", line.split("  ")[2]] for line in lines)
    assert all(line.split("  ")[2].startswith("since Sun 1 Mar 2026 12:") for line in lines)


async def test_members_in_shadow_are_listed_too_and_those_of_the_same_rule_live_are_not(
    run: Members, store: Store, rules: Path
) -> None:
    (rules / "vip.yaml").write_text("segment: vip\nenter: mrr >= 100\nstate: shadow\n")
    await store.shards.save(
        0, 1, Checkpoint(2, b"head 2", {}, writes=[Write(SHADOW_MEMBERS, [("vip", "zoe"), ("vip", "bob")])])
    )
    for page in ((), ("--limit", "5")):
        result = await asyncio.to_thread(run, "vip", *page)
        assert result.output.splitlines() == ["bob  vip", "zoe  vip"]


async def test_csv_and_json_say_the_same_of_any_id(run: Members) -> None:
    as_csv = list(csv.DictReader(io.StringIO((await asyncio.to_thread(run, "vip", "--csv")).output)))
    as_json = [json.loads(line) for line in (await asyncio.to_thread(run, "vip", "--json")).output.splitlines()]
    assert as_csv == as_json
    assert [row["user_id"] for row in as_json] == [STRANGE, *USERS[:-1]]
    assert parse_time(as_json[1]["since"]) is not None


async def test_pages_follow_each_other(run: Members) -> None:
    found: list[str] = []
    while page := (
        await asyncio.to_thread(run, "vip", "--json", "--limit", "7", "--after", found[-1] if found else "")
    ).output.splitlines():
        assert len(page) <= 7
        found += [json.loads(line)["user_id"] for line in page]
    assert found == [STRANGE, *USERS[:-1]]


async def test_all_that_comes_after_somebody_is_listed_without_a_limit(run: Members) -> None:
    result = await asyncio.to_thread(run, "vip", "--after", "u-26")
    assert [line.split()[0] for line in result.output.splitlines()] == ["u-27", "u-28"]


async def test_of_a_tier_all_levels_are_listed(run: Members) -> None:
    rows = [json.loads(line) for line in (await asyncio.to_thread(run, "life", "--json")).output.splitlines()]
    assert len(rows) == len(USERS) + 1
    assert [row["user_id"] for row in rows if row["segment"] == "life/active"] == USERS[-1:]
    limited = await asyncio.to_thread(run, "life", "--json", "--limit", "31")
    assert [json.loads(line) for line in limited.output.splitlines()] == rows
    assert (await asyncio.to_thread(run, "life", "--after", "u-01")).exit_code == 2


async def test_a_name_that_no_rule_makes_is_told_with_what_is_near(run: Members) -> None:
    result = await asyncio.to_thread(run, "vpi")
    assert (result.exit_code, "Did you mean vip?" in result.output) == (2, True)


async def test_a_group_that_never_ran_is_told(settings: Settings, rules: Path) -> None:
    there = ["--redis", settings.redis.get_secret_value(), "--group", f"{settings.group}-no", "--rules", str(rules)]
    result = await asyncio.to_thread(CliRunner().invoke, main, ["members", "vip", *there])
    assert (result.exit_code, "has ever written to this Redis" in result.output) == (1, True)


async def test_whoever_left_meanwhile_has_no_since(store: Store) -> None:
    shard = homes(USERS[0], 4, "murmur2")[0]
    await store.shards.save(shard, 1, checkpoint(2, memberships=[(USERS[0], None)]))
    assert members.Member(USERS[0], None) in await members.page(store, "vip")


async def test_a_timeline_has_the_newest_first(store: Store, settings: Settings) -> None:
    shard = homes("u-01", 4, "murmur2")[0]
    changes = [entered("u-01", name, NOON + at) for at, name in enumerate(["vip", "life/new"])]
    written = Write(TIMELINE, [("u-01", encode_entry(change)) for change in changes], most=20)
    await store.shards.save(shard, 1, Checkpoint(2, b"", {}, [written]))
    assert [entry.segment for entry in await timeline(store, settings, "u-01")] == ["life/new", "vip"]
    assert await timeline(store, settings, "u-02") == []
