"""Times of tests: as people write them, or by a clock that is set by hand."""

from streams.core.instants import parse_duration, parse_time


class ManualClock:
    """A clock that moves when it is told to. Calling it gives the time in ms."""

    def __init__(self, at: str | int):
        self.now_ms = instant(at)

    def __call__(self) -> int:
        return self.now_ms

    def set(self, at: str | int) -> None:
        self.now_ms = instant(at)

    def advance(self, duration: str) -> None:
        """`duration` as rules write it: 30s, 5m, 2h, 1d."""
        step_ms = parse_duration(duration)
        if step_ms is None:
            raise ValueError(f"{duration!r} is no duration such as 30s, 5m, 2h or 1d")
        self.now_ms += step_ms


Moment = str | int | ManualClock


def instant(at: Moment) -> int:
    """ms since 1970 UTC. An int is taken as it is."""
    if isinstance(at, int):
        return at
    if isinstance(at, ManualClock):
        return at.now_ms
    parsed = parse_time(at)
    if parsed is None:
        raise ValueError(f"{at!r} is no time such as 2026-03-01 or 2026-03-01 09:00")
    return parsed
