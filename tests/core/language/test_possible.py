"""Whether a condition can hold of anybody: never a no of what does hold of somebody, and a no where it is plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Event
from streams.core.language.parser import parse_condition
from streams.core.language.possible import possible
from streams.core.rules.nodes import Condition, Not
from streams.core.rules.rulebook import Rulebook, Scores
from tests import strategies as made
from tests.oracle.accepted import Accepted
from tests.oracle.population import ALWAYS
from tests.oracle.scoring import Standing
from tests.oracle.view import View
from tests.zones import zone_of

RFM = made.Known(scores=["rfm"])


@given(made.scores_rules("rfm"), made.conditions(RFM), made.conditions(RFM), made.histories(user=st.just("ann")))
def test_what_holds_of_somebody_is_possible_and_so_is_what_does_not(
    scores: Scores, one: made.Written[Condition], other: made.Written[Condition], events: list[Event]
) -> None:
    assert scores.fixed is not None
    standings = {"rfm": Standing(scores.fixed, ALWAYS, None, ALWAYS)}
    at_ms = max((event.ts for event in events), default=made.START_MS)
    view = View(Rulebook((scores,)), zone_of("UTC"), at_ms, Accepted(events), {}, standings)
    so = [each.node if view.holds(each.node) else Not(each.node) for each in (one, other)]
    assert possible(*so)


@pytest.mark.parametrize(
    "text",
    [
        *("x > 5 and x < 3", "x > 5 and x <= 5", "x == 1 and x != 1", "1 < x < 1", "x > 1 and not (x > 0)"),
        *('plan == "pro" and plan == "team"', 'plan in ["a", "b"] and plan not in ["a", "b"]', "missing(x) and x > 1"),
        *('x > 1 and x == "1"', "x and not x", "x and x == false", "x and missing(x)", 'x == "a" and x in [1, 2]'),
        *("active_days(days=7) > 7", "count(any) < 0", "count(any, days=3) == 2.5", "2 < count(any) < 3"),
        *("count(any) in [-1, 0.5]", "not (count(any) >= 0)", "missing(count(any))", "idle_days < 0", "rfm.r > 5"),
        *('rfm.name == "promising" and rfm.name == "champions"', 'in_segment("a") and not in_segment("a")'),
        *("(x > 5 or x > 7) and (x < 3 or x < 4)", "false", "not true", 'has(tags, "a") and not has(tags, "a")'),
        *("rfm.f != 1 and rfm.f != 2 and rfm.f > 0 and rfm.f < 3", "x == true and x == false"),
        *("0 <= count(any) <= 1 and count(any) != 0 and count(any) != 1", 'days_since("A") < 0'),
    ],
)
def test_what_nobody_can_be_is_impossible(text: str) -> None:
    assert not possible(parse_condition(text, scores=["rfm"]))


@pytest.mark.parametrize(
    "text",
    [
        *("x > 5 and y < 3", "x > 5 or x < 3", "not (x > 5) and not (x < 9)", "x != 1 and x != 2", "days_until(x) < 0"),
        *("active_days(days=7) >= 7", "2 < count(any) < 4", 'x == "1" or x == 1', 'missing(days_since("A"))'),
        *(
            'sum("A", "p", days=3) < 0',
            'sum("A", "p", days=3) == 0.5',
            "x > 1e308",
            'has(tags, "a") and has(tags, "b")',
        ),
        "not paying and not (paying == false)",  # of who sent a text as `paying`
    ],
)
def test_what_somebody_could_be_is_possible(text: str) -> None:
    assert possible(parse_condition(text))


def test_what_is_too_long_to_work_out_counts_as_possible() -> None:
    clauses = [f"(a{number} > {number} or b{number} > 1)" for number in range(40)]
    assert possible(parse_condition(" and ".join(["x > 5 and x < 3", *clauses])))
    assert possible(parse_condition(" and ".join(["(x > 5 or y > 5)", "x < 3", "y < 3", *clauses])))
