"""Where a partition ends, asked of a broker whose word on ends cannot be trusted."""

from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.runtime.transport import fetching
from streams.runtime.transport.fetching import ConsumerThread, open_from

TOPIC = TP("product-events", 0)


class Broker:
    """Answers each fetch with the next of these; notes how long each was to wait."""

    def __init__(self, *answers: list[Any]):
        self._answers = list(answers)
        self.waits: list[int] = []
        self.cluster = SimpleNamespace(leader_for_partition=lambda _: 1)

    async def send(self, _: int, request: Any) -> Any:
        self.waits.append(request._max_wait_ms)
        return SimpleNamespace(topics=self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def asked(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> ConsumerThread:
    made = ConsumerThread.__new__(ConsumerThread)
    monkeypatch.setattr(ConsumerThread, "_ensure_consumer", lambda _: SimpleNamespace(_client=broker))
    return made


EMPTY = [("product-events", [(0, 0, 0, 0, None, b"")])]


@pytest.mark.parametrize("nothing", [[], [("product-events", [])]])
async def test_an_answer_that_says_nothing_of_the_partition_is_none_and_the_next_has_time(
    nothing: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(nothing, EMPTY)
    assert await asked(broker, monkeypatch)._empty_fetch(TOPIC, 7) == 7
    assert broker.waits == [1, fetching.WAITS_FOR_AN_ANSWER_MS]


async def test_of_a_broker_that_never_says_anything_no_end_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker([])
    assert await asked(broker, monkeypatch)._empty_fetch(TOPIC, 7) is None
    assert len(broker.waits) == fetching.FETCHES_TO_FIND_AN_END


def test_a_transaction_is_open_where_one_answer_has_records_that_are_not_to_be_read_yet() -> None:
    assert open_from(stable_end=7, end=9) == 7


def test_none_is_open_where_all_may_be_read_whatever_has_been_published_since() -> None:
    assert open_from(stable_end=9, end=9) is None
