"""Nested objects by dotted name."""

from hypothesis import given
from hypothesis import strategies as st

from streams.core.rules.equality import spell
from streams.sources.nested import flatten, pick

NAMES = st.sampled_from(("a", "b", "company", "size", ""))
LEAVES: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=2) | st.lists(st.integers(), max_size=2)
)
OBJECTS: st.SearchStrategy[dict[str, object]] = st.dictionaries(NAMES, LEAVES, max_size=3)
for _ in range(3):
    OBJECTS = st.dictionaries(NAMES, LEAVES | OBJECTS, max_size=3)


def test_nested_objects_are_read_by_dotted_name() -> None:
    nested: dict[str, object] = {
        "plan": "pro",
        "company": {"size": 5, "address": {"country": "NZ"}},
        "tags": [{"a": 1}],
    }
    assert flatten(nested) == {
        "plan": "pro",
        "company.size": 5,
        "company.address.country": "NZ",
        "tags": [{"a": 1}],
    }


def test_null_is_kept_by_flatten_and_absent_to_pick() -> None:
    assert flatten({"a": None, "b": {"c": None}, "d": {}}) == {"a": None, "b.c": None}
    assert pick({"a": None, "b": {"c": None}}, ["a", "b.c", "d"]) == {}


def test_an_object_is_no_value() -> None:
    assert pick({"company": {"size": 5}}, ["company"]) == {}


def test_a_member_whose_own_name_has_dots_is_read_by_it() -> None:
    nested: dict[str, object] = {"a.b": 1, "c.d": {"e": 2}, "f": {"g.h": 3}}
    assert flatten(nested) == {"a.b": 1, "c.d.e": 2, "f.g.h": 3}
    assert pick(nested, ["a.b", "c.d.e", "f.g.h"]) == {"a.b": 1, "c.d.e": 2, "f.g.h": 3}


def test_a_number_that_no_double_holds_is_null() -> None:
    assert flatten({"a": 10**400, "b": -(10**309), "c": 1.7e308, "d": 2**70}) == {
        "a": None,
        "b": None,
        "c": 1.7e308,
        "d": 2**70,
    }
    assert pick({"a": 10**400}, ["a"]) == {}


def test_objects_may_be_nested_as_deeply_as_one_likes() -> None:
    nested: dict[str, object] = {"x": 1}
    for _ in range(5_000):
        nested = {"": nested}
    assert flatten({"a": nested, "b": 2})["b"] == 2
    assert flatten({"a": {"": {"": {"x": 1}}}}) == {"a...x": 1}


def test_long_names_nested_in_long_names_do_not_multiply() -> None:
    nested: dict[str, object] = {str(i): i for i in range(1_000)}
    assert flatten({"k" * 500_000: nested, "plan": "pro"}) == {"plan": "pro"}


@given(OBJECTS)
def test_pick_finds_what_flatten_finds(nested: dict[str, object]) -> None:
    flat = flatten(nested)
    assert pick(nested, [*flat, "missing"]) == {name: value for name, value in flat.items() if value is not None}


def test_a_list_that_is_nested_too_deeply_to_be_compared_is_null() -> None:
    """Rules compare lists by how they are spelled, with a function that calls itself for each level."""
    for wrap in (lambda inner: [inner], lambda inner: [1, {"a": inner, "b": 2}]):
        deep: object = []
        kept = pick({"a": deep}, ["a"])
        for _ in range(400):
            deep = wrap(deep)
            kept = pick({"a": deep}, ["a"])
            assert {"a": kept.get("a")} == flatten({"a": deep})
            spell(kept.get("a"))
        assert kept == {}
        assert pick({"a": wrap(wrap([]))}, ["a"]) == {"a": wrap(wrap([]))}
