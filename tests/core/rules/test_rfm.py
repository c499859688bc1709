"""Scores from 1 to 5 and the names of the R x F grid."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rules.nodes import All, Always, Compare, Condition, Constant, Score
from streams.core.rules.rfm import NAMES, FourEdges, grid, name_of, score

# The grid of docs/rules.md#scores, by hand: R5 on top, F1 at the left.
CHAMPIONS, LOYAL, POTENTIAL = "champions", "loyal_customers", "potential_loyalists"
NEW, PROMISING, ATTENTION, SLEEPY = "new_customers", "promising", "need_attention", "about_to_sleep"
RISK, CANT_LOSE, HIBERNATING = "at_risk", "cant_lose_them", "hibernating"
TABLE = {
    5: (NEW, POTENTIAL, POTENTIAL, CHAMPIONS, CHAMPIONS),
    4: (PROMISING, POTENTIAL, POTENTIAL, LOYAL, LOYAL),
    3: (SLEEPY, SLEEPY, ATTENTION, LOYAL, LOYAL),
    2: (HIBERNATING, HIBERNATING, RISK, RISK, CANT_LOSE),
    1: (HIBERNATING, HIBERNATING, RISK, RISK, CANT_LOSE),
}
CELLS = [(r, f, name) for r, row in TABLE.items() for f, name in enumerate(row, 1)]

RECENCY_DAYS = (7.0, 30.0, 60.0, 90.0)
ORDERS = (1.0, 3.0, 7.0, 20.0)


def leaves(condition: Condition) -> list[Condition]:
    return [leaf for part in condition.parts for leaf in leaves(part)] if isinstance(condition, All) else [condition]


def holds(condition: Condition, r: int, f: int) -> bool:
    match condition:
        case Always(truth):
            return truth
        case All(parts):
            return all(holds(part, r, f) for part in parts)
        case Compare(">=", Score("loyalty", "r" | "f" as part), Constant(float(least)), text):
            assert text == f"loyalty.{part} >= {least:.0f}"
            return {"r": r, "f": f}[part] >= least
    raise AssertionError(f"no condition of a grid: {condition}")


def test_the_table_has_25_cells_and_every_name() -> None:
    assert len({(r, f) for r, f, _ in CELLS}) == 25
    assert {name for _, _, name in CELLS} == set(NAMES)
    assert len(NAMES) == 10


@pytest.mark.parametrize(("r", "f", "name"), CELLS)
def test_every_cell_has_the_name_that_the_grid_gives_it(r: int, f: int, name: str) -> None:
    assert name_of(r, f) == name
    assert next(level for level, condition in grid("loyalty") if holds(condition, r, f)) == name


def test_the_grid_names_each_segment_once_and_always_ends_in_one() -> None:
    assert tuple(name for name, _ in grid("loyalty")) == NAMES
    assert grid("loyalty")[-1] == ("hibernating", Always(True))


def test_the_grid_is_made_of_seven_thresholds_as_its_borders_ask_for() -> None:
    borders = {("r", r) for r, f, name in CELLS if r > 1 and name != TABLE[r - 1][f - 1]}
    borders |= {("f", f) for r, f, name in CELLS if f > 1 and name != TABLE[r][f - 2]}
    used = {leaf for _, condition in grid("loyalty") for leaf in leaves(condition)} - {Always(True)}
    assert len(used) == len(borders) == 7


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0.0, 5), (7.0, 5), (7.0000001, 4), (30.0, 4), (60.0, 3), (90.0, 2), (90.0000001, 1), (inf, 1), (-1.0, 5)],
)
def test_the_fresher_the_higher_and_an_edge_is_on_the_fresher_side(days: float, expected: int) -> None:
    assert score("r", days, RECENCY_DAYS) == expected


@pytest.mark.parametrize(
    ("orders", "expected"), [(0.0, 1), (0.9, 1), (1.0, 2), (3.0, 3), (6.9, 3), (7.0, 4), (20.0, 5), (inf, 5), (-5.0, 1)]
)
def test_the_more_the_higher_and_an_edge_is_on_the_side_of_more(orders: float, expected: int) -> None:
    assert score("f", orders, ORDERS) == score("m", orders, ORDERS) == expected


@pytest.mark.parametrize("missing", [None, nan])
def test_missing_recency_scores_1_and_nothing_bought_is_0(missing: float | None) -> None:
    assert score("r", missing, (inf, inf, inf, inf)) == 1
    assert score("f", missing, ORDERS) == 1
    assert score("m", missing, (-1.0, 0.0, 0.5, 1.0)) == 3


four = st.tuples(*[st.floats(-100, 100)] * 4).map(sorted).map(lambda edges: (edges[0], edges[1], edges[2], edges[3]))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), four)
def test_who_is_better_never_scores_less(one: float, other: float, edges: FourEdges) -> None:
    less, more = min(one, other), max(one, other)
    assert 1 <= score("f", less, edges) <= score("f", more, edges) <= 5
    assert 5 >= score("r", less, edges) >= score("r", more, edges) >= 1
