"""Why a user is where they are: values, truths, since when, and what comes next."""

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.explain.explanation import AHEAD_MS, Explanation, RuleNow, explain
from streams.core.explain.forecast import clock, forecast
from streams.core.explain.history import Observed, Since, Watching
from streams.core.instants import DAY_MS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Rulebook, Segment, Tier
from tests import strategies as made
from tests.core.harness import owed
from tests.oracle import Expected
from tests.strategies import START_MS

histories = made.histories(user=st.sampled_from(("ann", "ann", "bob"))).filter(
    lambda events: any(event.subject == "ann" for event in events)
)
hours_later = st.integers(0, 20 * 24)

QUIET = Rulebook(
    (Segment("quiet", parse_condition('idle_days >= 7 and plan == "pro"'), parse_condition("idle_days < 1")),)
)
LIFE = Rulebook(
    (
        Tier(
            "life",
            (
                Level("new", parse_condition("tenure_days < 3")),
                Level("gone", parse_condition("idle_days >= 9 or tenure_days < 3")),
                Level("here", Always(True)),
            ),
        ),
    )
)


def day(number: float) -> int:
    return START_MS + int(number * DAY_MS)


def seen(user: str, at: float, plan: str | None = None) -> Event:
    return Event(user, day(at), "Signed In", True, None, {}, {"plan": plan} if plan else {})


def told(shard: Shard, events: Sequence[Event], at_ms: int) -> Explanation:
    shard.step(Batch.of(events))
    return explain(shard, "ann", at_ms)


def since(rule: RuleNow) -> dict[str, Since]:
    return {each.condition: each.since for each in rule.conditions}


def test_each_condition_is_told_with_its_part_value_and_truth() -> None:
    (quiet,) = told(Shard(QUIET), [seen("ann", 0)], day(8)).rules
    assert [(each.part, each.condition, each.value, each.holds) for each in quiet.conditions] == [
        ("enter", "idle_days >= 7", 8.0, True),
        ("enter", 'plan == "pro"', None, False),
        ("exit", "idle_days < 1", 8.0, False),
    ]


def test_a_tier_is_told_by_its_levels_and_each_condition_once() -> None:
    (life,) = told(Shard(LIFE), [seen("ann", 0)], day(4)).rules
    assert (life.segment, life.since_ms, life.ordinal) == ("life/here", day(3), 2)
    assert [(each.part, each.condition) for each in life.conditions] == [
        ("new", "tenure_days < 3"),
        ("gone", "idle_days >= 9"),
    ]


def test_time_passes_up_to_the_instant_though_nobody_has_ticked() -> None:
    shard = Shard(QUIET)
    (quiet,) = told(shard, [seen("ann", 0, "pro")], day(8)).rules
    assert (quiet.segment, quiet.since_ms) == ("quiet", day(7))
    assert shard.memberships("ann") == {}


def test_there_is_no_explanation_as_of_before_the_newest_event() -> None:
    assert told(Shard(QUIET), [seen("ann", 5)], day(1)).at_ms == day(5)


def test_what_comes_next_is_the_first_change_of_each_rule() -> None:
    explained = told(Shard(LIFE), [seen("ann", 0)], day(1))
    assert [(change.segment, change.occurred_at) for change in explained.coming] == [
        ("life/here", day(3)),
        ("life/gone", day(9)),
    ]
    assert explained.rules[0].next == explained.coming[0]


def test_where_nothing_comes_next_it_is_told_so() -> None:
    explained = told(Shard(LIFE), [seen("ann", 0)], day(10))
    assert (explained.rules[0].next, explained.coming) == (None, ())


def test_private_traits_are_masked() -> None:
    shard = Shard(QUIET, private_traits=frozenset({"plan"}))
    (quiet,) = told(shard, [seen("ann", 0, "pro")], day(1)).rules
    assert quiet.conditions[1].value == "***"
    assert quiet.next is not None
    assert "***" in [reason.value for reason in quiet.next.because]


def test_a_rule_warms_until_all_that_it_counts_has_been_kept_for_long_enough() -> None:
    rules = Rulebook(
        (
            Segment("keen", parse_condition("active_days(days=30) >= 8")),
            *QUIET.rules,
            Segment("weekly", parse_condition("active_days(days=7) >= 2")),
        )
    )
    shard = Shard(rules, begun_ms=day(0))
    explained = told(shard, [seen("ann", 0)], day(8))
    assert {rule.rule: rule.warming_until_ms for rule in explained.rules} == {
        "keen": day(29),
        "quiet": None,
        "weekly": None,
    }
    assert explain(shard, "ann", day(29)).rules[0].warming_until_ms is None
    (quiet,) = told(Shard(QUIET), [seen("ann", 0)], day(0)).rules
    assert quiet.warming_until_ms is None


class TestSince:
    events = (seen("ann", 0), seen("bob", 1), seen("ann", 2))

    def test_what_time_has_flipped_since_the_newest_event_has_its_exact_instant(self) -> None:
        (quiet,) = told(Shard(QUIET), self.events, day(10)).rules
        assert since(quiet)["idle_days >= 7"] == Since(day(9), exact=True)

    def test_what_has_not_flipped_has_been_so_since_then_or_before(self) -> None:
        (quiet,) = told(Shard(QUIET), self.events, day(10)).rules
        assert since(quiet)['plan == "pro"'] == Since(day(2), exact=False)

    def test_who_has_been_watched_is_known_exactly(self) -> None:
        (quiet,) = told(Watching(QUIET, "ann"), self.events, day(2)).rules
        assert since(quiet)["idle_days < 1"] == Since(day(2), exact=True)
        assert since(quiet)["idle_days >= 7"] == Since(None, exact=True)

    def test_others_than_the_watched_one_are_told_like_anybody(self) -> None:
        (quiet,) = told(Watching(QUIET, "bob"), self.events, day(2)).rules
        assert not any(each.exact for each in since(quiet).values())


@given(made.rulebooks(most=3), histories, hours_later)
def test_who_is_watched_stands_as_the_judge_says_of_rules_and_of_each_condition(
    rulebook: Rulebook, events: list[Event], hours: int
) -> None:
    at_ms = max(event.ts for event in events) + hours * DAY_MS // 24
    observed = Observed(rulebook)
    rules = newest(owed(rulebook, events, until=at_ms).get("ann", ()))
    conditions = newest(owed(observed.rulebook, events, until=at_ms).get("ann", ()))
    segment_of = {leaf.text: segment for leaf, segment in observed.segment_of.items()}

    for rule in told(Watching(rulebook, "ann"), events, at_ms).rules:
        assert (rule.segment, rule.since_ms, rule.ordinal) == standing(rules.get(rule.rule))
        for each in rule.conditions:
            entered, since_ms, _ = standing(conditions.get(segment_of[each.condition]))
            assert (each.holds, each.since) == (entered is not None, Since(since_ms, exact=True))


def newest(changes: Iterable[Expected]) -> dict[str, Expected]:
    return {change.rule: change for change in changes}


def standing(change: Expected | None) -> tuple[str | None, int | None, int]:
    if change is None:
        return None, None, 0
    return None if change.type == "segment.exited" else change.segment, change.occurred_at, change.ordinal


@given(made.rulebooks(most=3), histories, hours_later)
def test_who_is_not_watched_is_told_the_same_but_for_times_before_the_newest_event_or_change(
    rulebook: Rulebook, events: list[Event], hours: int
) -> None:
    at_ms = max(event.ts for event in events) + hours * DAY_MS // 24
    shard = Shard(rulebook)
    plain, watched = told(shard, events, at_ms), told(Watching(rulebook, "ann"), events, at_ms)
    known_ms = clock(shard, "ann")

    for rule, exactly in zip(plain.rules, watched.rules, strict=True):
        for each, same in zip(rule.conditions, exactly.conditions, strict=True):
            assert replace(each, since=same.since) == same
            if each != same:
                assert each.since == Since(known_ms, exact=False)
                assert same.since.ms is None or same.since.ms <= known_ms
    assert plain.coming == watched.coming == tuple(later(forecast(shard, "ann", at_ms + AHEAD_MS), at_ms))


def later(changes: Iterable[Change], at_ms: int) -> list[Change]:
    return [change for change in changes if change.occurred_at > at_ms]
