"""Entering a segment as a forecast, held against the definitions taken instant by instant."""

from hypothesis import given
from hypothesis import strategies as st

from streams.backtest.outcomes import Base, Forecast, Span, Stay, base, forecast
from streams.core.survival import left_after

SPAN = Span(begins_ms=0, ends_ms=100, within_ms=10)


def test_an_entry_that_the_event_follows_in_time_is_a_hit() -> None:
    found = forecast(SPAN, {"ann": [(20, 40)], "bob": [(20, 40)], "cid": [(20, None)]}, {"ann": [30], "bob": [31]})
    assert (found.entries, found.hits, found.leads) == (3, 1, (10,))


def test_an_event_at_the_instant_of_an_entry_led_to_it() -> None:
    assert forecast(SPAN, {"ann": [(20, 40)]}, {"ann": [20]})[:2] == (1, 0)


def test_what_runs_past_the_end_is_neither_hit_nor_miss() -> None:
    found = forecast(SPAN, {"ann": [(90, 91), (91, None)]}, {"ann": [95]})
    assert (found.entries, found.hits, found.incomplete_entries) == (1, 1, 1)


def test_an_event_is_forewarned_where_its_user_was_in_within_the_time_before_it() -> None:
    stays: dict[str, list[Stay]] = {"ann": [(20, 41)], "bob": [(20, 40)], "cid": [(49, None)], "dan": [(50, None)]}
    found = forecast(SPAN, stays, {user: [50] for user in stays})
    assert (found.events, found.forewarned) == (4, 2)


def test_an_event_before_which_the_history_is_too_short_is_incomplete() -> None:
    assert forecast(SPAN, {}, {"ann": [9, 10]}) == Forecast(events=1, incomplete_events=1)


@given(st.integers(-5, 110), st.lists(st.integers(0, 100), max_size=6).map(sorted))
def test_the_base_rate_is_of_each_instant_of_a_user(first: int, events: list[int]) -> None:
    events = [at for at in events if at >= first]
    instants = range(first, SPAN.complete_until_ms)
    followed = [at for at in instants if any(at < event <= at + SPAN.within_ms for event in events)]
    found = base(SPAN, first, events)
    assert found.looked_ms == len(instants)
    # An instant is followed from `within` before the event on until just before it: the same number, one earlier.
    assert abs(found.followed_ms - len(followed)) <= len(events)


def test_the_time_of_two_events_that_are_near_each_other_counts_once() -> None:
    assert base(SPAN, 0, [50, 55]) == Base(90, 15)


@given(st.lists(st.integers(1, 20), max_size=12), st.lists(st.integers(1, 20), max_size=12))
def test_how_long_people_stay_is_the_product_of_those_who_stay_at_each_end(
    ended: list[int], lasting: list[int]
) -> None:
    staying, wanted = 1.0, None
    for length in sorted(set(ended)):
        at_risk = sum(each >= length for each in [*ended, *lasting])
        staying *= 1 - ended.count(length) / at_risk
        if staying <= 0.5 + 1e-9:
            wanted = length
            break
    assert left_after(0.5, ended, lasting) == wanted
