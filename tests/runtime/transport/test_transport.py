"""What a fetch brought reaches the shards that asked for it, whatever the group does meanwhile."""

from collections.abc import Set
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.runtime.transport.fetching import Fetched
from streams.runtime.transport.transport import Consumer

EVENTS = TP("product-events", 0)


class Thread:
    """While it fetches, the group is balanced anew so many times."""

    def __init__(self, app: Any, times: int):
        self._app, self._times = app, times

    async def fetch(self, tps: Set[TP]) -> list[Fetched]:
        self._app.consumer_generation_id += self._times
        return [Fetched(tp, 2, 0, [], 5, 5, caught_up=True) for tp in tps]


@pytest.mark.parametrize("times", [0, 1])
async def test_a_shard_that_is_given_back_while_a_fetch_is_under_way_gets_what_it_brought(times: int) -> None:
    consumer = Consumer.__new__(Consumer)  # without Faust around it
    app: Any = SimpleNamespace(consumer_generation_id=1, failing=lambda _: nullcontext())
    parts: Any = {"app": app, "flow_active": True, "_begun": {EVENTS}, "_brought": iter([7])}
    vars(consumer).update(parts, _thread=Thread(app, times), _get_active_partitions=lambda: {EVENTS})
    brought = [(tp, message.generation_id) async for tp, message in consumer.getmany(0.0)]
    assert brought == [(EVENTS, 1 + times)]
