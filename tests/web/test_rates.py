"""Rates: what a sender may send, and for how long one that sent more has to wait."""

from hypothesis import example, given
from hypothesis import strategies as st

from streams.web.rates import BURST_S, Rate

STEPS = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 8)), max_size=60)


@given(STEPS)
def test_over_any_while_no_more_comes_than_the_rate_and_one_burst(steps: list[tuple[float, int]]) -> None:
    rate, now, let_in = Rate(per_s=1), 0.0, list[tuple[float, int]]()
    for pause, events in steps:
        now += pause
        if not rate.wait_s("ann", events, now):
            let_in.append((now, events))
    for first, (begin, _) in enumerate(let_in):
        for last in range(first, len(let_in)):
            events = sum(count for _, count in let_in[first : last + 1])
            assert events <= let_in[last][0] - begin + BURST_S + 1e-6


@given(STEPS)
@example([(0.6152434313567935, 1), (0.0, 7), (0.0, 8)])  # by rounding, a little less than 6 s was a little more
def test_who_waits_as_long_as_told_is_let_in(steps: list[tuple[float, int]]) -> None:
    rate, now = Rate(per_s=1), 0.0
    for pause, events in steps:
        now += pause
        if wait_s := rate.wait_s("ann", events, now):
            now += wait_s
            assert not rate.wait_s("ann", events, now)


def test_a_batch_that_is_larger_than_a_burst_can_be_sent_all_the_same() -> None:
    rate = Rate(per_s=1)
    assert rate.wait_s("ann", 1_000, now_s=0.0) == 0
    assert rate.wait_s("ann", 1, now_s=0.0) == 991


def test_the_latest_senders_are_remembered_and_no_more() -> None:
    rate = Rate(per_s=1, most=2)
    assert rate.wait_s("a", 10, 0.0) == rate.wait_s("b", 10, 0.0) == rate.wait_s("c", 10, 0.0) == 0
    assert rate.wait_s("c", 1, 0.0) > 0
    assert rate.wait_s("a", 1, 0.0) == 0  # it was forgotten


def test_no_rate_lets_all_in() -> None:
    assert Rate(per_s=0).wait_s("ann", 10**9, 0.0) == 0
