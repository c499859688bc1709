"""`segmenter erase` on real servers: a user is gone from everywhere, and nothing brings them back."""

import re
import time
from collections import Counter

from click.testing import CliRunner, Result

from streams.cli import main
from streams.core.engine.erasure import Erasure
from streams.core.instants import format_time
from streams.sources import profile_commands
from streams.testing import Record, identify, track
from tests.e2e.changes import by_user, told
from tests.e2e.histories import NEWEST_MS, actions, expected
from tests.e2e.pipeline import TIMELESS, Pipeline, until
from tests.e2e.redis_keys import Keys

SECONDS_MS = 1_000
RULES = {"here": "enter: count(any) >= 1", "twice": "enter: count(any) >= 2", "known": 'enter: plan == "pro"'}


def erase(pipeline: Pipeline, user: str, *flags: str) -> Result:
    """It may take as long as a busy machine needs, unless `flags` say otherwise."""
    return CliRunner().invoke(main, ["erase", user, "--timeout", "2m", *flags], env=pipeline.environment)


def life_of(user: str, at: int, name: str = "Signed In") -> list[Record]:
    seen = [track(user, name, at + n * SECONDS_MS, f"{user}-{at}-{n}") for n in range(2)]
    return [identify(user, at, f"{user}-{at}", email=f"{user}@acme.example", plan="pro"), *seen]


def test_who_is_erased_is_nowhere_and_comes_back_as_somebody_new(pipeline: Pipeline, keys: Keys) -> None:
    pipeline.use(RULES)
    before = [*life_of("erin", NEWEST_MS), *life_of("bob", NEWEST_MS)]
    wanted = expected(pipeline, before)
    pipeline.publish(before)
    with pipeline.worker() as worker:
        assert told(pipeline, wanted) == wanted
        assert len(keys.that_mention("erin")) > 4
        result = erase(pipeline, "erin")
        assert result.exit_code == 0, result.output
        gone_by = re.search(r"Events of erin up to (\S+) are refused", result.output)
        assert gone_by is not None
        # What is said of it stands in Redis until Kafka has it.
        until(lambda: keys.that_mention("erin"), [], worker.said)
        assert len(keys.that_mention("bob")) > 4
        # Late, and new.
        pipeline.publish(life_of("erin", NEWEST_MS, "Report Viewed"))
        pipeline.publish(life_of("erin", time.time_ns() // 1_000_000 + SECONDS_MS))
        seen = pipeline.read("segment-changes", lambda seen: len(seen) >= 12)
        memberships = pipeline.read("segment-memberships", lambda seen: any(one.value is None for one in seen))
        assert worker.stop() == 0
    told_of_erin = [one.json for one in seen if one.key == b"erin"]
    exits, second_life = told_of_erin[3:6], told_of_erin[6:]
    assert [change["segment"] for change in exits] == ["here", "known", "twice"]
    for change in exits:
        assert (change["type"], change["cause"], change["live"]) == ("segment.exited", "erase", False)
        assert change["occurred_at"] == gone_by[1]
    assert [change["ordinal"] for change in second_life] == [1, 1, 1]
    assert min(change["occurred_at"] for change in second_life) > gone_by[1]
    assert len({one.json["id"] for one in seen}) == len(seen)
    assert [one.key for one in memberships if one.value is None] == [b"erin"]
    for line in ("traits", "subscriptions", "here, known, twice", "Not removed: records in"):
        assert line in result.output

    pipeline.lose_state()
    with pipeline.worker() as worker:
        worker.says("Redis has lost its state")
        worker.says("is made anew", times=4)
        assert worker.stop() == 0
    rebuilt = pipeline.read("segment-changes", lambda seen: len(seen) >= len(told_of_erin) + len(wanted["bob"]))
    assert Counter(one.json["id"] for one in rebuilt) == Counter(one.json["id"] for one in seen), "it was said again"
    assert keys.that_mention("bob")
    assert keys.that_mention("erin")


def test_workers_that_die_erase_once_whom_they_were_told_to(pipeline: Pipeline, keys: Keys) -> None:
    pipeline.use(TIMELESS)
    records = actions(users=60, events=2_000)
    lives = expected(pipeline, records)
    pipeline.publish(records)
    users = [f"user-{number}" for number in range(0, 60, 2)]
    standing = {user: lives[user][-1]["segments"] for user in users if user in lives}
    now_ms = time.time_ns() // 1_000_000
    commands = [("profile-commands", user, profile_commands.encode(Erasure(user, now_ms, user))) for user in users]
    with pipeline.worker() as worker:
        assert told(pipeline, lives) == lives
        worker.kill()
    pipeline.publish_raw(commands[:10])
    with pipeline.worker() as worker:
        worker.says("loaded", times=4)
        pipeline.publish_raw(commands[10:20])
        worker.kill()
    pipeline.publish_raw(commands[20:])
    with pipeline.worker() as worker:
        pipeline.read("segment-memberships", lambda seen: len({one.key for one in seen if one.value is None}) == 30)
        count = sum(map(len, lives.values())) + sum(map(len, standing.values()))
        # Whoever dies may have said some of them already.
        seen = pipeline.read("segment-changes", lambda seen: len({one.headers["ce_id"] for one in seen}) >= count)
        found = by_user([one.json for one in seen])
        assert worker.stop() == 0
    exits = {user: found[user][len(lives[user]) :] for user in found}
    assert {user: found[user][: len(lives[user])] for user in found} == lives
    left = {user: [change["segment"] for change in changes] for user, changes in exits.items() if changes}
    assert left == {user: segments for user, segments in standing.items() if segments}
    assert len(left) > 10
    for change in (change for changes in exits.values() for change in changes):
        assert (change["cause"], change["event_id"]) == ("erase", change["user_id"])
        assert change["occurred_at"] == format_time(now_ms)
    assert [user for user in users if keys.that_mention(f'"{user}"')] == []


def test_where_no_worker_runs_the_command_waits_and_says_so(pipeline: Pipeline, keys: Keys) -> None:
    pipeline.use(RULES)
    pipeline.publish(life_of("erin", NEWEST_MS))
    assert "No worker of the group" in erase(pipeline, "erin").output
    with pipeline.worker() as worker:
        pipeline.read("segment-changes", lambda seen: len(seen) >= 3)
        assert worker.stop() == 0
    result = erase(pipeline, "erin", "--timeout", "1s")
    assert result.exit_code == 1
    assert "The command is not lost" in result.output
    with pipeline.worker():
        pipeline.read("segment-changes", lambda seen: len(seen) >= 6)
        again = erase(pipeline, "erin", "--partitioner", "trust")
        pipeline.read("profile-commands", lambda seen: len(seen) == 5)
    explained = CliRunner().invoke(main, ["explain", "erin"], env=pipeline.environment)
    assert explained.exit_code == 1
    assert "erin was erased, with all that happened up to" in explained.output
    assert again.exit_code == 0
    assert "Nobody called erin is known" in again.output
    assert "An earlier command had erased all up to" in again.output


def test_what_is_no_command_is_a_dead_letter(pipeline: Pipeline) -> None:
    bad = [("profile-commands", "k", b"{oops"), ("profile-commands", "k", b'{"type":"forget","userId":"k"}')]
    pipeline.publish_raw(bad)
    with pipeline.worker() as worker:
        letters = pipeline.read("dead-letters", lambda seen: len(seen) >= 2)
        assert worker.stop() == 0
    assert [one.headers["reason_code"] for one in letters] == [b"not_json", b"unknown_type"]
