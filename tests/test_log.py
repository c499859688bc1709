"""What a worker's log says of others than itself."""

import logging
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


def test_the_rest_of_what_kafkas_client_says_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logging.getLogger("aiokafka.consumer.fetcher").error("Failed fetch messages from %s: %s", 1, "NodeNotReadyError")
    assert capsys.readouterr().err == ""


def test_commands_leave_all_of_it_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.be_quiet()
    logging.getLogger("aiokafka").error("Unable connect to node with id %s: %s", 1, "gone")
    assert capsys.readouterr().err == ""
