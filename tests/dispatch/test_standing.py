"""Where endpoints stand: many attempts note what became of them at the same time."""

from typing import Any

import pytest

from streams.delivery.webhook import DISABLED_AFTER_MS
from streams.dispatch.standing import Standings
from streams.state.format import ENDPOINTS
from streams.state.memory import MemoryStore


class Meanwhile:
    """A group's store; while it writes for the first time, another attempt gets there."""

    def __init__(self) -> None:
        self._kept = MemoryStore().group
        self.standings = Standings(self)  # type: ignore[arg-type]  # the two calls of the port that are made
        self._is_first = True

    async def put(self, *what: Any) -> None:
        if self._is_first:
            self._is_first = False
            await self.standings.worked("crm")
        await self._kept.put(*what)

    async def read(self, collection: Any) -> Any:
        return await self._kept.read(collection)


async def test_while_it_is_written_down_that_an_endpoint_fails_another_attempt_may_get_there() -> None:
    meanwhile = Meanwhile()
    await meanwhile.standings.failed("crm", 1_000)
    assert meanwhile.standings.of("crm").failing_since is None


async def test_it_is_disabled_when_nothing_got_there_for_days_and_not_before() -> None:
    standings = Standings(MemoryStore().group)
    for now_ms in (1_000, DISABLED_AFTER_MS + 999):
        await standings.failed("crm", now_ms)
        assert not standings.of("crm").disabled
    await standings.failed("crm", DISABLED_AFTER_MS + 1_000)
    assert standings.of("crm").disabled == "nothing got there since 1970-01-01T00:00:01.000Z"


@pytest.mark.parametrize("first_ms", [0, 5_000])
async def test_since_when_it_fails_is_what_all_are_told(first_ms: int) -> None:
    kept = MemoryStore()
    await Standings(kept.group).failed("crm", first_ms)
    other = Standings(kept.group)
    await other.read()
    assert other.of("crm").failing_since == first_ms
    assert (await kept.group.read(ENDPOINTS)).keys() == {"crm"}
