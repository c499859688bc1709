"""The compiled engine against the naive judge: random rules over random histories, cut and interrupted anywhere."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.engine.readable import ROOM_FOR_TRANSITIONS
from streams.core.events import Event
from streams.core.instants import DAY_MS
from streams.core.kernel.layout import FEWEST_IDS
from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Condition
from streams.core.rules.rulebook import Rule, Rulebook, Scores, Segment
from tests import strategies as made
from tests.core.harness import Changes, Engine, owed, run
from tests.oracle import Expected, judge
from tests.oracle.accepted import Accepted

offsets = st.sampled_from(made.TIMEZONES)


@given(made.conditions(made.Known(segments=["other"], scores=["rfm"])))
def test_the_parser_reads_what_the_rules_were_written_as(written: made.Written[Condition]) -> None:
    assert parse_condition(written.text, scores=["rfm"]) == written.node


@given(made.rulebooks(), made.arrivals(), offsets)
def test_the_engine_reports_what_the_judge_expects(
    rulebook: Rulebook, arrivals: list[Event | int], timezone: str
) -> None:
    assert run(rulebook, arrivals, timezone) == owed(rulebook, arrivals, timezone)


@given(made.partly_in_shadow(), made.arrivals())
def test_nobody_is_told_of_rules_in_shadow_and_all_else_is_judged_alike(
    rulebook: Rulebook, arrivals: list[Event | int]
) -> None:
    assert run(rulebook, arrivals) == owed(rulebook, arrivals)


@given(made.rulebooks(most=2, quintiles=True), made.arrivals(), offsets)
def test_edges_are_made_anew_whenever_time_passes_a_multiple_of_refresh(
    rulebook: Rulebook, arrivals: list[Event | int], timezone: str
) -> None:
    assert run(rulebook, arrivals, timezone) == owed(rulebook, arrivals, timezone)


@settings(max_examples=1 + settings().max_examples // 10)
@given(made.scores_rules("rfm", quintiles=True), made.crowds())
def test_edges_of_a_crowd_stay_and_move_alike(scores: Scores, events: list[Event]) -> None:
    rulebook = Rulebook((scores,))
    assert run(rulebook, events) == owed(rulebook, events)


@given(made.rulebooks(most=2), made.histories(most=60, user=st.just("ann")), offsets)
def test_a_long_history_of_one_user_is_judged_alike(rulebook: Rulebook, events: list[Event], timezone: str) -> None:
    assert run(rulebook, events, timezone) == owed(rulebook, events, timezone)


@given(made.histories(most=40, user=st.just("ann"), at=made.few_moments))
def test_traits_and_subscriptions_are_known_alike_whatever_the_order_of_arrival(events: list[Event]) -> None:
    asked = [f"missing({trait})" for trait in made.TRAITS] + [
        "beta",
        "paying",
        "seats >= 1",
        "mrr < 49.99",
        "mrr < 100",
    ]
    asked += [f'{trait} == "{text}"' for trait in ("plan", "subscription.status") for text in made.TEXTS]
    asked += [f'count("{name}") >= {times}' for name in made.DERIVED_NAMES for times in (1, 2)]
    rulebook = one_rule_each(asked, include=made.TRAITS)
    assert run(rulebook, events) == owed(rulebook, events)


@given(st.lists(st.integers(0, 20), min_size=30, max_size=40))
def test_exactly_the_last_sixteen_ids_are_remembered(ids: list[int]) -> None:
    events = [
        Event("ann", made.START_MS + place, "Signed In", True, f"m-{number}", {}, {})
        for place, number in enumerate(ids)
    ]
    rulebook = one_rule_each([f"count(any) >= {times}" for times in range(1, 41)])
    assert run(rulebook, events) == owed(rulebook, events)


class Twenty(Accepted):
    remembered_ids = 20


@given(st.lists(st.integers(0, 23), min_size=30, max_size=40), st.integers(0, FEWEST_IDS))
def test_exactly_as_many_ids_are_remembered_as_the_setting_says_from_when_it_says_so(ids: list[int], at: int) -> None:
    """A shard that begins with sixteen carries these over, the newest first, and remembers twenty from then on."""
    events = [
        Event("ann", made.START_MS + place, "Signed In", True, f"m-{number}", {}, {})
        for place, number in enumerate(ids)
    ]
    rulebook = one_rule_each([f"count(any) >= {times}" for times in range(1, 41)])
    engine = Engine(rulebook)
    engine.apply(events[:at])
    engine.save_and_reload(rulebook, remembered_ids=Twenty.remembered_ids)
    engine.apply(events[at:])
    assert engine.reported == judge(rulebook, events, made.END_MS, history=Twenty)


def one_rule_each(conditions: Sequence[str], include: tuple[str, ...] = ()) -> Rulebook:
    return Rulebook(
        tuple(Segment(f"{number:03}", parse_condition(text), include=include) for number, text in enumerate(conditions))
    )


@given(made.rulebooks(), made.arrivals(), st.data())
def test_any_cut_into_batches_and_any_ticks_give_the_same_changes(
    rulebook: Rulebook, arrivals: list[Event | int], data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.booleans(), min_size=len(arrivals), max_size=len(arrivals)), "cuts")
    pieces: list[Event | int] = []
    for index, arrival in enumerate(arrivals):
        if cuts[index]:
            pieces.append(time_that_has_come(arrivals[:index], arrivals[index:]))
        pieces.append(arrival)
    assert run(rulebook, pieces, tick_limit=1) == run(rulebook, arrivals)


def time_that_has_come(before: Sequence[Event | int], after: Sequence[Event | int]) -> int:
    """As far as was told before, or as all that follows will let it pass anyway."""
    told = max((item for item in before if isinstance(item, int)), default=0)
    return max(told, min(item.ts if isinstance(item, Event) else item for item in after))


@given(made.rulebooks(), made.histories())
def test_how_users_are_interleaved_does_not_matter(rulebook: Rulebook, events: list[Event]) -> None:
    one_by_one: list[Event] = sorted(events, key=lambda event: event.subject)
    assert run(rulebook, one_by_one) == run(rulebook, events)


@given(st.one_of(made.rulebooks(), made.rulebooks(most=2, quintiles=True)), made.arrivals(), st.data())
def test_a_snapshot_and_a_reload_at_any_point_change_nothing(
    rulebook: Rulebook, arrivals: list[Event | int], data: st.DataObject
) -> None:
    reloads = data.draw(st.sets(st.integers(0, len(arrivals)), max_size=4), "reloads")
    assert run(rulebook, arrivals, reloads=reloads) == run(rulebook, arrivals)


@given(made.rulebooks(most=2), made.histories(), st.data())
def test_a_rule_that_comes_and_goes_leaves_the_others_alone(
    rulebook: Rulebook, events: list[Event], data: st.DataObject
) -> None:
    extra: Rule = data.draw(made.rules("rule-x", made.known(rulebook.rules)), "extra")
    events = sorted(events, key=lambda event: event.ts)
    places = st.integers(1, max(1, len(events)))
    first, second = sorted(data.draw(st.tuples(places, places), "when it comes and goes"))
    engine = Engine(rulebook)
    engine.live_through(events[:first])
    engine.save_and_reload(Rulebook((*rulebook.rules, extra)))
    engine.live_through(events[first:second])
    engine.save_and_reload(rulebook)
    engine.live_through(events[second:])
    engine.pass_time(made.END_MS)
    assert without("rule-x", engine.reported) == without("rule-x", owed(rulebook, events))


def without(name: str, reported: Changes) -> Changes:
    """The changes of all other rules, and these as if `name` were none."""
    others = {user: [change for change in changes if change.rule != name] for user, changes in reported.items()}
    return {user: [aside(name, change) for change in changes] for user, changes in others.items() if changes}


def aside(name: str, change: Expected) -> Expected:
    return change._replace(segments=tuple(segment for segment in change.segments if segment.split("/")[0] != name))


def test_a_crowd_is_judged_alike_though_its_changes_do_not_fit_in_one_go() -> None:
    rulebook = one_rule_each(['count("Signed In", days=1) >= 1', "idle_days >= 1", "tenure_days < 2"])
    sign_ins = [(day * DAY_MS + user * 1000, f"u-{user}") for day in (1, 3, 4, 8) for user in range(200)]
    arrivals = [Event(user, made.START_MS + at, "Signed In", True, None, {}, {}) for at, user in sign_ins]
    found = run(rulebook, arrivals)
    assert found == owed(rulebook, arrivals)
    assert sum(map(len, found.values())) > 2 * ROOM_FOR_TRANSITIONS
