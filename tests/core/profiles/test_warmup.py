"""Since when what rules count has been kept: over a change of rules, and until a window is covered."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.batch import Batch
from streams.core.calendar import UTC, Calendar
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.parser import parse_condition
from streams.core.profiles.snapshot import Head
from streams.core.profiles.warmup import covered_from
from streams.core.rules.nodes import EventSet, Window
from streams.core.rules.rulebook import Rulebook, Segment

DAY = 20_000
NOON = DAY * DAY_MS + DAY_MS // 2
SIGN_INS = "days 'Signed In'"


def event(ts: int, name: str = "Signed In") -> Event:
    return Event("ann", ts, name, True, str(ts), {}, {})


def book(*conditions: str) -> Rulebook:
    return Rulebook(tuple(Segment(f"s{i}", parse_condition(text), version=text) for i, text in enumerate(conditions)))


def after(*books: Rulebook, events: tuple[int, ...] = (NOON,)) -> dict[str, int]:
    """What is kept since when, by a shard that had one event under each of these books but the last."""
    shard = Shard(books[0])
    for ts, rules in zip(events, books[1:], strict=False):
        shard.step(Batch.of([event(ts)]))
        dirty = shard.take_dirty()
        shard = Shard.restore(rules, shard.head(), dirty.rows, dict(dirty.documents))
    return Head.decode(shard.head()).kept_since


WEEK = book('count("Signed In", days=7) > 1')
MONTH = book('count("Signed In", days=30) > 1')


def test_what_a_shard_began_with_has_had_every_event() -> None:
    assert after(MONTH) == {}
    assert after(MONTH, MONTH) == {}


def test_what_other_rules_did_not_keep_is_kept_from_after_the_newest_event_on() -> None:
    assert after(book("idle_days > 1"), MONTH) == {SIGN_INS: NOON + 1}


def test_a_description_or_a_threshold_changes_nothing_of_what_is_kept() -> None:
    assert after(MONTH, book('count("Signed In", days=30) > 2')) == {}


def test_everything_that_only_rules_keep_is_told() -> None:
    asked = book(
        'count("Signed In") > 1 and days_since("Signed In") > 1 and latest("Signed In", "plan") == "x"',
        'context.locale == "de" and plan == "pro" and tenure_days > 1',
    )
    names = {"count 'Signed In'", "last_seen 'Signed In'", "latest 'Signed In' 'plan'", "context.locale"}
    assert after(book("idle_days > 1"), asked) == dict.fromkeys(names, NOON + 1)


def test_a_longer_window_is_kept_from_the_first_day_of_the_shorter_one_on() -> None:
    assert after(WEEK, MONTH) == {SIGN_INS: (DAY - 6) * DAY_MS}


def test_a_shorter_window_that_was_not_covered_yet_stays_what_it_was() -> None:
    later = NOON + DAY_MS
    assert after(book("idle_days > 1"), MONTH, WEEK, events=(NOON, later)) == {SIGN_INS: NOON + 1}


def test_what_was_dropped_and_comes_back_begins_anew() -> None:
    later = NOON + DAY_MS
    assert after(MONTH, book("idle_days > 1"), MONTH, events=(NOON, later)) == {SIGN_INS: later + 1}


def test_a_shard_without_profiles_has_missed_nothing() -> None:
    shard = Shard(WEEK)
    shard.tick(NOON)
    assert Head.decode(Shard.restore(MONTH, shard.head(), [], {}).head()).kept_since == {}


def test_a_shard_that_began_late_has_everything_from_then_on() -> None:
    shard = Shard(WEEK, begun_ms=NOON)
    since = Head.decode(shard.head()).kept_since
    assert since[SIGN_INS] == NOON
    assert set(since.values()) == {NOON}


def test_a_shard_that_gets_other_rules_before_its_first_event_has_everything_from_then_on() -> None:
    shard = Shard.restore(book('count("Report Created") > 3'), Shard(WEEK, begun_ms=NOON).head(), [], {})
    assert Head.decode(shard.head()).kept_since["count 'Report Created'"] == NOON


def test_a_window_is_covered_once_its_oldest_day_is_later() -> None:
    week = Window("count", EventSet(None), "day", length=7)
    assert covered_from(week, NOON, UTC) == (DAY + 7) * DAY_MS
    assert covered_from(week, DAY * DAY_MS, UTC) == (DAY + 6) * DAY_MS


@given(
    since_ms=st.integers(0, 400 * DAY_MS),
    length=st.integers(1, 40),
    before=st.integers(0, 40),
    unit=st.sampled_from(["day", "hour"]),
    offset_h=st.integers(-12, 14),
)
def test_a_window_is_covered_exactly_when_it_begins_no_earlier(
    since_ms: int, length: int, before: int, unit: str, offset_h: int
) -> None:
    unit_ms, offset_ms = (DAY_MS, offset_h * HOUR_MS) if unit == "day" else (HOUR_MS, 0)
    window = Window("count", EventSet(None), "day" if unit == "day" else "hour", length, before)

    def begins(at_ms: int) -> int:
        oldest = (at_ms + offset_ms) // unit_ms - before - length + 1
        return oldest * unit_ms - offset_ms

    covered_ms = covered_from(window, since_ms, Calendar.fixed(offset_h * HOUR_MS))
    assert begins(covered_ms) >= since_ms > begins(covered_ms - 1)
