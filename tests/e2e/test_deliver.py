"""`segmenter deliver` on real servers: who dies in the middle leaves no trace, and who is erased leaves nothing."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.core.changes import Change
from streams.core.engine.erasure import Erasure
from streams.delivery.decision import message_id
from streams.delivery.feed import FeedMessage
from streams.embedded.redis import RedisServer
from streams.kafka.publisher import home_partition
from streams.lifecycle import applying, versions
from streams.lifecycle.checking import check_files
from streams.monitoring.health import UNHEALTHY_AFTER_S
from streams.outputs.change import encode_identified
from streams.rulefiles.folder import read_files
from streams.sources import profile_commands
from streams.state.opening import opened_store
from streams.testing import identify, track
from tests.conftest import Kafka
from tests.delivery.histories import change
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.operators import Operator, is_caught_up
from tests.e2e.pipeline import PARTITIONS, Pipeline, Seen, until
from tests.e2e.redis_keys import Keys

DELIVER = ("-m", "streams", "deliver")
RULES = {"a": "enter: count(any) >= 1\ninclude: [first_name]"}
MESSAGES = {
    "hello": "on: enters a\ntitle: 'Hi {{ first_name | default(''you'') }}'\nwithdraw: true",
    "later": "on: enters a\ntitle: Later\ndelay: 1h",
    "bye": "on: leaves a\nchannel: kafka\ntitle: Bye",
}
AT_ONCE = (("hello", "sent"), ("later", "held"))  # what becomes of who enters
USERS = [f"u-{number}" for number in range(200)]


@pytest.fixture
def delivering(pipeline: Pipeline) -> Pipeline:
    pipeline.use(RULES)
    folder = Path(pipeline.settings.rules) / "messages"
    folder.mkdir()
    for name, body in MESSAGES.items():
        (folder / f"{name}.yaml").write_text(f"message: {name}\n{body}\n")
    return pipeline


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def entered(user: str, at_ms: int) -> Change:
    return replaced(change("a", "entered", 0, 1, user, first_name=user), at_ms)


def left(user: str, at_ms: int) -> Change:
    return replaced(change("a", "exited", 0, 2, user), at_ms)


def replaced(made: Change, at_ms: int) -> Change:
    return msgspec.structs.replace(made, occurred_at=at_ms)


def records(changes: Iterable[Change]) -> Iterator[tuple[str, str | None, bytes]]:
    for each in changes:
        yield "segment-changes", each.subject, encode_identified(each, each.id, each.occurred_at, 3_600_000)


def decided(seen: Sequence[Seen]) -> set[tuple[str, str, str]]:
    return {(each.json["user_id"], each.json["message"], each.json["decision"]) for each in seen}


def feeds(pipeline: Pipeline, users: Iterable[str]) -> dict[str, list[FeedMessage]]:
    async def read() -> dict[str, list[FeedMessage]]:
        found: dict[str, list[FeedMessage]] = {}
        async with opened_store(pipeline.settings) as store:
            for user in users:
                feed = await store.feeds.read(home_partition(user, PARTITIONS), user)
                found[user] = [each.message for each in feed.standing(now_ms())]
        return found

    return asyncio.run(read())


def test_whoever_dies_in_the_middle_nobody_gets_a_message_twice_and_nobody_misses_one(delivering: Pipeline) -> None:
    at_ms = now_ms()
    came = [entered(user, at_ms) for user in USERS]
    went = [left(user, at_ms + 1) for user in USERS[::2]]
    delivering.publish_raw(records(came[:100]))
    with delivering.worker(*DELIVER, metrics="127.0.0.1:0") as steady:
        steady.says("owned, ")
        for part in range(100, len(USERS), 50):
            with delivering.worker(*DELIVER) as dying:
                delivering.publish_raw(records(came[part : part + 50]))
                dying.says("owned, ")
                dying.kill()
        delivering.publish_raw(records(went))
        # A change is published at least once.
        delivering.publish_raw(records([*came, *went]))
        wanted = {(user, "hello", "sent") for user in USERS} | {(user, "later", "held") for user in USERS}
        wanted |= {(user, name, "withdrawn") for user in USERS[::2] for name in ("hello", "later")}
        wanted |= {(user, "bye", "sent") for user in USERS[::2]}
        delivering.read("deliveries", lambda seen: decided(seen) >= wanted)
        steady.freeze()
        assert decided(delivering.read("deliveries", lambda seen: decided(seen) >= wanted)) == wanted
        steady.thaw()
        found = feeds(delivering, USERS)
        assert {user for user, messages in found.items() if messages} == set(USERS[1::2])
        assert [[each.title for each in found[user]] for user in USERS[1::2]] == [
            [f"Hi {user}"] for user in USERS[1::2]
        ]
        by_way_of_kafka = delivering.read("segment-messages", lambda seen: len(sent_to(seen)) == len(USERS[::2]))
        assert {each.json["id"] for each in by_way_of_kafka} == {
            message_id(each.id, "bye", each.subject) for each in went
        }
        told = CliRunner().invoke(main, ["deliveries", "u-0"], env=delivering.environment)
        assert [line.split()[3:5] for line in told.stdout.splitlines()] == [
            ["hello", "sent"],
            ["later", "held"],
            *(["later", "withdrawn"], ["hello", "withdrawn"], ["bye", "sent"]),
        ]
        once_more = ["deliveries", "again", "u-0", message_id(went[0].id, "bye", "u-0")[:12]]
        assert (
            CliRunner().invoke(main, once_more, env=delivering.environment).output.startswith("bye goes to u-0 again;")
        )
        delivering.read("segment-messages", lambda seen: len(told_to(seen, "u-0")) == 2)
        operator = Operator(steady)
        # Until those who died are given up, shards may still go from hand to hand.
        operator.sees(lambda health: is_caught_up(health) and all_are_here(operator))
        assert operator.figures()['segmenter_deliveries_total{decision="sent",message="hello"}'] > 0
        assert steady.stop() == 0


def all_are_here(operator: Operator) -> bool:
    figures = operator.figures()
    caught_up = figures["segmenter_partitions"] == figures['segmenter_shards{state="caught_up"}'] == PARTITIONS
    return caught_up and operator.asks("/readyz")[0] == operator.asks("/healthz")[0] == 200


def bears_it(operator: Operator) -> bool:
    """An outage fails no check before it has lasted for a while."""
    status, said = operator.asks("/healthz")
    return status == 200 or max(each["still_s"] for each in json.loads(said)["shards"]) >= UNHEALTHY_AFTER_S


def sent_to(seen: Sequence[Seen]) -> set[Any]:
    return {each.json["user_id"] for each in seen}


def told_to(seen: Sequence[Seen], user: str) -> set[bytes | None]:
    """Each once: what was stored is published again where nobody knows that it was."""
    return {each.value for each in seen if each.json["user_id"] == user}


def apply(pipeline: Pipeline, name: str, body: str) -> None:
    """What lies in the folder becomes live, with a message more."""

    async def become_live() -> None:
        files = {**read_files(pipeline.settings.rules), f"messages/{name}.yaml": f"message: {name}\n{body}\n"}
        async with opened_store(pipeline.settings) as store:
            before = await versions.live(store.group)
            await applying.apply(store.group, check_files(files), after=before, author="ann", note="", at_ms=now_ms())

    asyncio.run(become_live())


def test_while_redis_or_kafka_is_away_it_waits_and_then_each_gets_theirs_once(
    delivering: Pipeline, kafka: Kafka, redis_server: RedisServer
) -> None:
    at_ms, wanted = now_ms(), set[tuple[str, str, str]]()

    def come(users: Sequence[str]) -> None:
        wanted.update((user, name, verdict) for user in users for name, verdict in AT_ONCE)
        delivering.publish_raw(records(entered(user, at_ms) for user in users))

    with delivering.worker(*DELIVER, metrics="127.0.0.1:0") as deliver:
        deliver.says("owned, ", times=PARTITIONS)
        operator = Operator(deliver)
        redis_server.kill()
        come(USERS[:20])
        operator.sees(lambda health: "Redis" in health["summary"])
        assert bears_it(operator)
        redis_server.start()
        delivering.read("deliveries", lambda seen: decided(seen) >= wanted)
        if isinstance(kafka, ApacheKafka):  # the embedded broker forgets what it had
            kafka.kill()
            operator.sees(lambda health: "Kafka" in health["summary"])
            assert bears_it(operator)
            kafka.start()
            come(USERS[20:40])
        assert decided(delivering.read("deliveries", lambda seen: decided(seen) >= wanted)) == wanted
        operator.sees(lambda health: is_caught_up(health) and health["ready"])
        found = feeds(delivering, {user for user, *_ in wanted})
        assert [[each.title for each in feed] for feed in found.values()] == [[f"Hi {user}"] for user in found]
        assert deliver.stop() == 0


def test_from_an_event_to_the_feed_and_who_is_erased_leaves_nothing(delivering: Pipeline, keys: Keys) -> None:
    with delivering.worker(*DELIVER) as deliver, delivering.worker():
        deliver.says("owned, ")
        delivering.publish([identify("erin", now_ms(), first_name="Erin"), track("erin", "Signed In", now_ms())])
        wanted = {("erin", "hello", "sent"), ("erin", "later", "held")}
        delivering.read("deliveries", lambda seen: decided(seen) >= wanted)
        assert [each.title for each in feeds(delivering, ["erin"])["erin"]] == ["Hi Erin"]
        again = CliRunner().invoke(main, ["deliver", "send", "hello", "--to-members"], env=delivering.environment)
        assert again.output.startswith("hello goes to 1 member;")
        delivering.publish([track("bob", "Signed In", now_ms())])
        delivering.read("deliveries", lambda seen: ("bob", "hello", "sent") in decided(seen))
        assert [each.title for each in feeds(delivering, ["erin"])["erin"]] == ["Hi Erin"]
        apply(delivering, "news", "on: enters a\ntitle: News")
        deliver.says("of version 2")  # the first is the folder, as the worker found it
        delivering.publish([track("carl", "Signed In", now_ms())])
        delivering.read("deliveries", lambda seen: ("carl", "news", "sent") in decided(seen))
        merge = ["merge", "carl", "--into", "bob", "--timeout", "2m"]
        merged = CliRunner().invoke(main, merge, env=delivering.environment)
        assert merged.exit_code == 0, merged.output
        until(
            lambda: [sorted(each.title for each in feed) for feed in feeds(delivering, ["carl", "bob"]).values()],
            [[], ["Hi you", "Hi you", "News"]],
        )
        command = profile_commands.encode(Erasure("erin", now_ms()))
        delivering.publish_raw([("profile-commands", "erin", command)])
        until(lambda: keys.that_mention("erin"), [])


def test_what_would_be_sent_and_why_not_is_told_without_any_server(delivering: Pipeline, tmp_path: Path) -> None:
    lines = tmp_path / "changes.jsonl"
    at_ms = 1_773_565_200_000
    changes = [entered("ann", at_ms), left("ann", at_ms + 60_000), replaced(entered("bob", at_ms), at_ms + 90_000)]
    lines.write_bytes(b"".join(value + b"\n" for _, _, value in records(changes)) + b"no change\n")
    result = CliRunner().invoke(main, ["deliver", "--dry-run", str(lines)], env=delivering.environment)
    assert result.exit_code == 3
    assert "line 4: this is no change" in result.stderr
    said = [line.split() for line in result.stdout.splitlines()]
    assert [line[2:5] for line in said] == [
        ["ann", "hello", "sent"],
        ["ann", "later", "held"],
        ["ann", "later", "withdrawn"],
        ["ann", "hello", "withdrawn"],
        ["ann", "bye", "sent"],
        ["bob", "hello", "sent"],
        ["bob", "later", "held"],
    ]
    assert result.stdout.splitlines()[0].endswith('"Hi ann"')
