"""A worker on real servers: what goes in comes out as the engine alone would have it."""

import time

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from streams.cli import main
from streams.core.instants import format_time
from streams.schemas.files import SCHEMAS
from streams.testing import identify, track
from tests.conftest import Kafka
from tests.e2e.apache_kafka import ApacheKafka
from tests.e2e.changes import told
from tests.e2e.histories import DAY_MS, NEWEST_MS, expected, history
from tests.e2e.pipeline import Pipeline, until


def test_the_changes_are_those_of_the_engine_alone(pipeline: Pipeline) -> None:
    records = history(users=200, events=6_000)
    wanted = expected(pipeline, records)
    pipeline.publish(records)
    with pipeline.steady_worker() as worker:
        assert told(pipeline, wanted) == wanted
        # Those who watch the lag of the group see none.
        until(lambda: sum(pipeline.committed()), len(records), worker.said)
        # What was seen is noted now and then; at the end, too, but not where Redis stands still just then.
        until(lambda: f"{len(records):,} events of 4 names" in seen_names(pipeline), True, lambda: seen_names(pipeline))
        assert worker.stop() == 0
    assert sum(map(len, wanted.values())) > 1_000
    assert "Traceback" not in worker.said()
    assert "All names were seen" in seen_names(pipeline)


def seen_names(pipeline: Pipeline) -> str:
    return CliRunner().invoke(main, ["check", "--seen"], env=pipeline.environment).output


def test_the_answer_is_the_same_whichever_topic_is_filled_first(pipeline: Pipeline) -> None:
    records = history(users=50, events=3_000)
    pipeline.publish([record for record in records if record["type"] == "billing"])
    pipeline.publish([record for record in records if record["type"] != "billing"])
    wanted = expected(pipeline, records)
    with pipeline.worker():
        assert told(pipeline, wanted) == wanted


def test_faust_runs_it_too(pipeline: Pipeline) -> None:
    records = history(users=20, events=300)
    wanted = expected(pipeline, records)
    pipeline.publish(records)
    faust = ("-m", "faust", "-A", "streams", "worker", "--loglevel", "info")
    with pipeline.worker(*faust) as first, pipeline.worker(*faust):
        assert told(pipeline, wanted) == wanted
        first.stop()
    assert "Traceback" not in first.said()


def test_a_change_is_a_cloud_event_on_the_partition_of_its_shard(pipeline: Pipeline) -> None:
    pipeline.publish([track("ann", "Report Viewed", NEWEST_MS, f"m-{n}") for n in range(3)])
    with pipeline.worker():
        seen = pipeline.read("segment-changes", lambda seen: len(seen) >= 3)
        (memberships, *_) = pipeline.read("segment-memberships", lambda seen: len(seen) >= 1)
    assert len({one.partition for one in seen}) == 1
    for one in seen:
        assert one.key == b"ann"
        assert one.headers["ce_id"].decode() == one.json["id"]
        assert one.headers["ce_source"].decode() == f"/segmenter/{pipeline.settings.group}"
        assert one.headers["ce_segment"].decode() == one.json["segment"]
        assert one.json["live"] is False
        Draft7Validator(SCHEMAS["change"]).validate(one.json)
    assert (memberships.key, memberships.partition) == (b"ann", seen[0].partition)
    assert memberships.json["user_id"] == "ann"
    assert memberships.json["version"] >= 1
    Draft7Validator(SCHEMAS["membership"]).validate(memberships.json)


def test_aborted_transactions_count_for_nothing_and_time_goes_on_behind_their_markers(
    pipeline: Pipeline, kafka: Kafka
) -> None:
    if not isinstance(kafka, ApacheKafka):
        pytest.skip("the embedded broker has no transactions")
    pipeline.use({"gone": "enter: idle_days >= 3"})
    pipeline.publish_in_transaction([track("ann", "Signed In", NEWEST_MS, "m-1")], abort=False)
    pipeline.publish_in_transaction([track("ann", "Signed In", NEWEST_MS + 9 * DAY_MS, "m-2")], abort=True)
    with pipeline.worker():
        (change, *more) = pipeline.read("segment-changes", lambda seen: len(seen) >= 1)
    assert not more
    assert change.json["occurred_at"] == format_time(NEWEST_MS + 3 * DAY_MS)


BAD: tuple[tuple[str, str, str | None, bytes], ...] = (
    ("not_json", "product-events", "k", b"{oops"),
    ("not_json", "billing-updates", "k", b"\xff\xfe"),
    ("no_user", "product-events", None, b'{"type":"track","event":"x"}'),
    ("no_time", "product-events", "k", b'{"type":"track","event":"x","userId":"u","timestamp":"soon"}'),
    ("unknown_type", "product-events", "k", b'{"type":"dance","userId":"u"}'),
    ("no_event_name", "product-events", "k", b'{"type":"track","userId":"u"}'),
    ("no_event_name", "billing-updates", "k", b'{"type":"billing","userId":"u"}'),
    ("wrong_type", "product-events", "k", b'{"type":"track","event":"x","userId":"u","properties":"none"}'),
    ("too_large", "product-events", "k", b'{"type":"track","event":"x","userId":"u","x":"' + b"x" * (1 << 20) + b'"}'),
)


def test_what_cannot_be_used_becomes_a_dead_letter_and_the_worker_goes_on(pipeline: Pipeline) -> None:
    good = [track("ann", "Report Viewed", NEWEST_MS, f"m-{n}") for n in range(3)]
    pipeline.publish_raw([(topic, key, raw) for _, topic, key, raw in BAD])
    pipeline.publish(good)
    with pipeline.steady_worker() as worker:
        letters = pipeline.read("dead-letters", lambda seen: len(seen) >= len(BAD))
        pipeline.read("segment-changes", lambda seen: len(seen) >= 3)
        assert worker.stop() == 0
    assert sorted(one.headers["reason_code"].decode() for one in letters) == sorted(code for code, *_ in BAD)
    prefix = pipeline.settings.topic_prefix
    for one in letters:
        code, topic = one.headers["reason_code"].decode(), one.headers["topic"].decode()
        (sent,) = [raw for c, t, _, raw in BAD if (c, prefix + t) == (code, topic)]
        assert one.value == sent[: 64 << 10]
        assert ("truncated" in one.headers) == (len(sent) > 64 << 10)
        assert one.headers["reason"]
        assert int(one.headers["partition"]) >= 0
        assert int(one.headers["offset"]) >= 0


def test_what_is_private_is_in_no_reason_and_no_log_however_much_is_logged(pipeline: Pipeline) -> None:
    pipeline.use({"ours": 'enter: email == "ann@acme.example" and idle_days >= 0'})
    pipeline.publish_raw([("product-events", "bob", b'{"type":"track","userId":"bob","event":["bob@acme.example"]}')])
    pipeline.publish([identify("ann", NEWEST_MS, "m-1", email="ann@acme.example", phone="0123456")])
    pipeline.publish([track("ann", "Signed In", NEWEST_MS + 1, "m-2")])
    with pipeline.steady_worker("-m", "streams", "worker", "--log-level", "debug") as worker:
        (change,) = pipeline.read("segment-changes", lambda seen: len(seen) >= 1)
        (letter,) = pipeline.read("dead-letters", lambda seen: len(seen) >= 1)
        assert worker.stop() == 0
    assert [(each["condition"], each["value"]) for each in change.json["because"]] == [
        ('email == "ann@acme.example"', "***"),
        ("idle_days >= 0", 0),
    ]
    assert b"acme" not in letter.headers["reason"]
    assert "DEBUG" in worker.said()
    for secret in ("ann@acme", "bob@acme", "0123456"):
        assert secret not in worker.said()


def test_a_silent_exit_comes_at_its_time_with_no_event(pipeline: Pipeline) -> None:
    pipeline.use({"gone": "enter: hours_since(any) >= 1"})
    hour_ago_ms = time.time_ns() // 1_000_000 - 3_600_000
    with pipeline.worker() as worker:
        worker.says("loaded", times=4)
        pipeline.publish([track("ann", "Signed In", hour_ago_ms + 3_000, "m-1")])
        (one,) = pipeline.read("segment-changes", lambda seen: len(seen) == 1)
    change = one.json
    assert change["cause"] == "timer"
    assert change["live"] is True
    assert change["occurred_at"] == format_time(hour_ago_ms + 3_603_000)


def test_latest_passes_over_what_was_there(pipeline: Pipeline) -> None:
    pipeline.publish([track("ann", "Report Viewed", NEWEST_MS, f"m-{n}") for n in range(3)])
    with pipeline.worker(start="latest") as worker:
        worker.says("loaded", times=4)
        # Of today: between events of long ago time might come, and what is left of them is late.
        now_ms = time.time_ns() // 1_000_000
        pipeline.publish([track("bob", "Report Viewed", now_ms, f"m-{n}") for n in range(3)])
        seen = pipeline.read("segment-changes", lambda seen: len(seen) >= 2)
        assert worker.stop() == 0
    assert {one.key for one in seen} == {b"bob"}
    assert "reporter: segment, warming until " in CliRunner().invoke(main, ["rules"], env=pipeline.environment).output


def test_settings_that_the_state_was_not_made_with_are_refused(pipeline: Pipeline) -> None:
    with pipeline.worker() as worker:
        worker.says("loaded", times=4)
        worker.stop()
    with pipeline.worker(utc_offset="-08:00") as worker:
        assert worker.ended() == 2
    assert "SEGMENTER_UTC_OFFSET" in worker.said()
    assert "Traceback" not in worker.said()
