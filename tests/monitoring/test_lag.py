"""How far behind: in records, and for how long the oldest of them has been there."""

from streams.monitoring.lag import MOST_SEEN, Lag


def test_who_has_applied_all_is_not_behind() -> None:
    lag = Lag()
    lag.ends_at(100, now_s=0.0)
    assert (lag.records(100), lag.seconds(100, now_s=60.0)) == (0, 0.0)


def test_the_oldest_record_that_is_not_applied_says_for_how_long() -> None:
    lag = Lag()
    for now_s, end in ((0.0, 100), (5.0, 200), (10.0, 300)):
        lag.ends_at(end, now_s)
    assert (lag.records(150), lag.seconds(150, now_s=12.0)) == (150, 7.0)
    assert (lag.records(250), lag.seconds(250, now_s=12.0)) == (50, 2.0)


def test_an_end_that_stays_does_not_make_its_records_younger() -> None:
    lag = Lag()
    for now_s in (0.0, 5.0, 10.0):
        lag.ends_at(100, now_s)
    assert lag.seconds(0, now_s=11.0) == 11.0


def test_an_end_that_a_broker_tells_too_low_is_not_taken_back() -> None:
    lag = Lag()
    lag.ends_at(100, 0.0)
    lag.ends_at(90, 5.0)
    assert lag.records(95) == 5


def test_a_long_time_of_standing_still_is_remembered_in_bounded_space() -> None:
    lag = Lag()
    for step in range(10 * MOST_SEEN):
        lag.ends_at(step + 1, float(step))
    assert len(lag._seen) <= MOST_SEEN
    assert lag.seconds(0, now_s=10.0 * MOST_SEEN) == 10.0 * MOST_SEEN
