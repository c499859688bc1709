"""What a worker's log says of others than itself."""

import json
import logging
import re
from collections.abc import Iterator

import pytest

from streams import log as logs


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    names = [None, *logs.FOREIGN]
    before = [(logger, logger.level, logger.handlers[:], logger.propagate) for logger in map(logging.getLogger, names)]
    yield
    for logger, level, handlers, propagate in before:
        logger.setLevel(level)
        logger.handlers, logger.propagate = handlers, propagate


def test_kafka_away_is_told_once_in_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    for _ in range(3):
        logging.getLogger("aiokafka").error("Unable connect to node with id %s: %s", 1, OSError("Connect call failed"))
        logging.getLogger("aiokafka").error("Unable to update metadata from %s", [1])
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].endswith("WARNING Kafka - a broker does not answer, trying again: Connect call failed")


def test_a_line_that_an_outage_repeats_comes_twice_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that the rules stay as they are, which is found every second while Redis is away."""
    may_tell, told = logs.Throttle(), []
    for now in range(1_000, 1_060):
        monkeypatch.setattr("streams.log.time.monotonic", lambda now=now: now)
        told += [now] if may_tell() else []
    assert told == [1_000, 1_030]


def test_the_rest_of_what_kafkas_client_says_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logging.getLogger("aiokafka.consumer.fetcher").error("Failed fetch messages from %s: %s", 1, "NodeNotReadyError")
    assert capsys.readouterr().err == ""


def test_a_connection_that_kafkas_client_dropped_and_closed_by_itself_is_no_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("info")
    logging.getLogger("asyncio").error("%s\nconn: %r", "Unclosed AIOKafkaConnection", object())
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    [line] = capsys.readouterr().err.splitlines()
    assert "Task exception was never retrieved" in line


def test_commands_leave_all_of_it_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.be_quiet()
    logging.getLogger("aiokafka").error("Unable connect to node with id %s: %s", 1, "gone")
    assert capsys.readouterr().err == ""


def test_a_broker_that_does_not_answer_in_time_is_told_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logging.getLogger("aiokafka").error("Unable connect to node with id %s: %s", 1, TimeoutError())
    assert capsys.readouterr().err.rstrip().endswith("a broker does not answer, trying again: TimeoutError")


def test_that_one_of_fausts_timers_is_late_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logging.getLogger("mode.timers").warning("Timer %s is overlapping (interval=%r runtime=%r)", "commit", 2.0, 9.1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "said",
    ["[^-Thread]: Thread keepalive is not responding...", "[^App]: Missing sensor state for rebalance #3", "Crashed"],
)
def test_what_faust_says_of_a_process_that_stood_still_is_for_who_looks_into_it(
    said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    is_news = said == "Crashed"
    for level, comes in ("info", is_news), ("debug", True):
        logs.configure(level)
        logging.getLogger("streams.runtime.app").error(said)
        assert (said in capsys.readouterr().err) == comes


def test_what_others_log_with_a_traceback_is_one_line_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    fail("faust.transport.consumer")
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("ERROR   faust - [^Fetcher]: Drain messages raised: ValueError")


def test_what_an_error_says_in_several_lines_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.log.error(
        "worker - ends: %s", "these topics have others now:\n  product-events: 8\n  billing: 9\nNothing is lost."
    )
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("worker - ends: these topics have others now: product-events: 8; billing: 9; Nothing is lost.")


def test_at_debug_the_traceback_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug")
    fail("streams")
    assert "Traceback (most recent call last):" in capsys.readouterr().err


def test_json_has_the_parts_of_a_line_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    logs.log.info("shard %d - loaded %d profiles", 3, 12)
    fail("mode.services")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ours.pop("time"))
    assert ours == {"level": "info", "subject": "shard 3", "message": "loaded 12 profiles"}
    assert (theirs["level"], theirs["subject"]) == ("error", "mode")
    assert theirs["message"] == "[^Fetcher]: Drain messages raised: ValueError"


def test_json_has_the_traceback_at_debug(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    fail("streams")
    assert "Traceback" in json.loads(capsys.readouterr().err)["trace"]


def fail(logger: str) -> None:
    """As Faust does where a part of it dies; what the error says may be a user's."""
    try:
        raise ValueError("ann@example.com")
    except ValueError:
        logging.getLogger(logger).exception("[^Fetcher]:\n Drain messages raised")
