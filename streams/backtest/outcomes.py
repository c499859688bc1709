"""What being in a segment said of an event that came later: entering it as a forecast.

Comes in: by user, the stays in a segment and the instants of the event. Goes out: counts, and of them follow:

    precision   of the entries, how many were followed by the event within the time
    recall      of the events, before how many the user was in the segment within the time
    base rate   from a user and an instant taken at random, how often the event follows within the time
    lift        precision / base rate
    lead        from an entry to the event that follows

What cannot be told is neither hit nor miss: an entry whose time runs past the end of the history, an event before which
the history does not go back as far. An event at the instant of an entry led to it, and does not follow it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Stay = tuple[int, int | None]
"""When it began and ended (ms); None where it lasts."""


class Span(NamedTuple):
    """The history, and the time within which the event is to follow (ms)."""

    begins_ms: int
    ends_ms: int
    within_ms: int

    @property
    def complete_until_ms(self) -> int:
        """The last instant from which on the whole time is seen."""
        return self.ends_ms - self.within_ms


class Forecast(NamedTuple):
    """entries, hits: those that can be told. events, forewarned: likewise. leads: of the hits (ms)."""

    entries: int = 0
    hits: int = 0
    incomplete_entries: int = 0
    events: int = 0
    forewarned: int = 0
    incomplete_events: int = 0
    leads: tuple[int, ...] = ()


def joined(forecasts: Sequence[Forecast]) -> Forecast:
    """Those of different users, as one."""
    if not forecasts:
        return Forecast()
    return Forecast(
        sum(each.entries for each in forecasts),
        sum(each.hits for each in forecasts),
        sum(each.incomplete_entries for each in forecasts),
        sum(each.events for each in forecasts),
        sum(each.forewarned for each in forecasts),
        sum(each.incomplete_events for each in forecasts),
        tuple(lead for each in forecasts for lead in each.leads),
    )


class Base(NamedTuple):
    """looked_ms: how long all users were looked at together. followed_ms: how much of it the event followed in time."""

    looked_ms: int = 0
    followed_ms: int = 0

    def joined(self, other: "Base") -> "Base":
        return Base(self.looked_ms + other.looked_ms, self.followed_ms + other.followed_ms)


def forecast(span: Span, stays: Mapping[str, Sequence[Stay]], events: Mapping[str, Sequence[int]]) -> Forecast:
    """stays: of each user in order; events: instants of each user in order."""
    entries = [_entries(span, own, events.get(user, ())) for user, own in stays.items()]
    return joined([*entries, *(_events(span, stays.get(user, ()), own) for user, own in events.items())])


def _entries(span: Span, stays: Sequence[Stay], events: Sequence[int]) -> Forecast:
    told = [began for began, _ in stays if began <= span.complete_until_ms]
    following = [(began, bisect_right(events, began)) for began in told]
    leads = [events[at] - began for began, at in following if at < len(events)]
    hits = tuple(lead for lead in leads if lead <= span.within_ms)
    return Forecast(len(told), len(hits), len(stays) - len(told), leads=hits)


def _events(span: Span, stays: Sequence[Stay], events: Sequence[int]) -> Forecast:
    told = [at for at in events if at - span.within_ms >= span.begins_ms]
    forewarned = sum(_was_in(stays, at - span.within_ms, at) for at in told)
    return Forecast(events=len(told), forewarned=forewarned, incomplete_events=len(events) - len(told))


def _was_in(stays: Sequence[Stay], since_ms: int, before_ms: int) -> bool:
    """Whether any stay touches the time from one instant on until before another."""
    return any(began < before_ms and (ended is None or ended > since_ms) for began, ended in stays)


def base(span: Span, first_seen_ms: int, events: Sequence[int]) -> Base:
    """Of one user, who is looked at from the first event of any kind on."""
    looked_ms = span.complete_until_ms - first_seen_ms
    if looked_ms <= 0:
        return Base()
    followed_ms, until_ms = 0, first_seen_ms
    for at in events[bisect_left(events, first_seen_ms) :]:
        begins, ends = max(at - span.within_ms, until_ms), min(at, span.complete_until_ms)
        if ends > begins:
            followed_ms += ends - begins
            until_ms = ends
    return Base(looked_ms, followed_ms)
