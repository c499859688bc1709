"""Files that are merged come out in batches that are worth it, however little is read of each at one go."""

from collections.abc import Sequence

import pytest

from streams.core.events import Event
from streams.eventfiles.arrivals import BATCH_EVENTS, Arrivals
from streams.eventfiles.decoded import Arrived


class Portions:
    """A file of one user's events, a second apart, of which so many are read at one go."""

    position = size = 0

    def __init__(self, name: str, events: int, at_once: int):
        self.name, self._events, self._at_once, self._read = name, events, at_once, 0

    def read(self) -> Arrived | None:
        numbers = range(self._read + 1, min(self._read + self._at_once, self._events) + 1)
        if not numbers:
            return None
        self._read = numbers[-1]
        events = [Event(self.name, number * 1_000, "Opened", True, None, {}, {}) for number in numbers]
        return Arrived(numbers, events, [b""] * len(numbers), self._read + 1)


@pytest.mark.parametrize("portions", [[10], [1, 700], [BATCH_EVENTS * 2, 30]])
def test_batches_are_full(portions: Sequence[int]) -> None:
    files = [Portions(f"user-{place}", 3_000, at_once) for place, at_once in enumerate(portions)]
    batches = list(Arrivals(files, lambda _: None, None, lambda: None).batches())
    events = [event for batch in batches for event in batch.events]
    assert [event.ts for event in events] == sorted(event.ts for event in events)
    assert len(events) == 3_000 * len(files)
    assert len(batches) <= 2 * len(events) / BATCH_EVENTS
