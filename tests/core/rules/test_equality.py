"""When two values of JSON are the same, against a comparison that knows nothing of spellings."""

import json
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Value
from streams.core.rules.equality import holds, spell

SCALARS: list[object] = [
    *(None, True, False, 0, 1, 0.0, -0.0, 1.0, 2**53, 2**53 + 1, 10**400),
    *("", "1", "true", "null", '"', '["a"]', "a"),
]
scalars = st.sampled_from(SCALARS)
values = st.recursive(
    scalars,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", '"']), parts, max_size=2),
    max_leaves=4,
)


def same(one: object, other: object) -> bool:
    match one, other:
        case bool(), bool():
            return one is other
        case bool(), _:
            return False
        case int() | float(), bool():
            return False
        case int() | float(), int() | float():
            return as_double(one) == as_double(other)
        case list(), list():
            return len(one) == len(other) and all(map(same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return type(one) is type(other) and one == other


def as_double(number: object) -> float:
    assert isinstance(number, int | float)
    return float(number) if abs(number) < 10**308 else inf


@pytest.mark.parametrize("one", SCALARS, ids=lambda one: repr(one)[:20])
def test_a_value_is_spelled_as_another_is_where_they_are_the_same(one: object) -> None:
    assert [spell(one) == spell(other) for other in SCALARS] == [same(one, other) for other in SCALARS]


@given(values, values)
def test_lists_and_objects_are_spelled_alike_where_they_are_the_same(one: object, other: object) -> None:
    assert (spell(one) == spell(other)) == same(one, other)


@given(values)
def test_a_spelling_does_not_depend_on_how_json_was_written(value: object) -> None:
    assert spell(json.loads(json.dumps(value))) == spell(value)


def test_the_members_of_an_object_are_in_no_order() -> None:
    assert spell({"b": 1, "a": [2]}) == spell({"a": [2.0], "b": 1.0})


def test_whatever_no_double_holds_is_infinite() -> None:
    assert spell(10**400) == spell(10**401) != spell(-(10**400))


@given(values, st.lists(values, max_size=3))
def test_a_list_holds_its_members_and_another_value_itself_alone(wanted: object, members: list[object]) -> None:
    assert holds(members, spell(wanted)) == any(same(member, wanted) for member in members)


@pytest.mark.parametrize(
    ("value", "wanted", "is_held"),
    [("vip", "vip", True), ("vip", "VIP", False), (1, 1.0, True), (1, True, False), (None, "", False)],
)
def test_a_value_that_is_no_list_is_held_against_itself(value: Value, wanted: object, is_held: bool) -> None:
    assert holds(value, spell(wanted)) is is_held
