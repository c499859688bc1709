"""The document: traits by time and in number, the bytes it is kept as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.events import Event, Value
from streams.core.kernel.layout import NEVER
from streams.core.profiles.document import LONGEST_SPELLING, MAX_TRAIT_BYTES, MAX_TRAITS, Derived, Document
from tests.core.profiles.documents import EVERYTHING, folded, identify

TRAITS = st.dictionaries(st.sampled_from(("plan", "mrr", "company.size", "é")), EVERYTHING, max_size=3)


def billing(name: str, ts: int = 0, **properties: Value) -> Event:
    return Event("u-1", ts, name, False, None, properties, {}, touches_ledger=True)


def test_an_empty_document_is_no_bytes() -> None:
    assert Document().encode() == b""
    assert Document.decode(b"") == Document()


def test_a_profile_without_a_document_has_no_mrr_and_does_not_pay() -> None:
    assert Document().read("mrr") == 0.0
    assert Document().read("paying") is False
    assert Document().read("plan") is None


def test_identify_may_say_otherwise_until_there_is_a_ledger() -> None:
    document = folded(identify({"mrr": 99, "paying": True, "plan": "pro", "name": "Ann"}))
    assert [document.read(name) for name in ("mrr", "paying", "plan", "name")] == [99, True, "pro", "Ann"]
    document.fold(billing("Subscription Updated"))
    assert [document.read(name) for name in ("mrr", "paying", "plan", "name")] == [0.0, False, None, "Ann"]


def test_mrr_that_identify_removed_is_zero_again() -> None:
    assert folded(identify({"mrr": 99}), identify({"mrr": None}, 1)).read("mrr") == 0.0


def test_the_newest_event_time_wins_whatever_the_order_of_arrival() -> None:
    assert folded(identify({"plan": "pro"}, 2), identify({"plan": "free"}, 1)).read("plan") == "pro"


def test_on_equal_times_the_later_arrival_wins() -> None:
    assert folded(identify({"plan": "pro"}, 1), identify({"plan": "free"}, 1)).read("plan") == "free"


def test_a_removed_trait_does_not_come_back_with_an_older_event() -> None:
    document = folded(identify({"plan": None}, 2), identify({"plan": "pro"}, 1))
    assert document.read("plan") is None
    assert folded(identify({"plan": None}, 2), identify({"plan": "pro"}, 3)).read("plan") == "pro"


@given(st.permutations(list(range(6))), st.lists(TRAITS, min_size=6, max_size=6))
def test_traits_do_not_depend_on_the_order_of_arrival(order: list[int], traits: list[dict[str, Value]]) -> None:
    events = [identify(some, ts) for ts, some in enumerate(traits)]
    assert folded(*events) == folded(*(events[i] for i in order))


@given(st.lists(st.tuples(TRAITS, st.integers(0, 3)), max_size=8))
def test_every_trait_is_what_its_newest_event_said(history: list[tuple[dict[str, Value], int]]) -> None:
    document = folded(*(identify(traits, ts) for traits, ts in history))
    for name in ("company.size", "é"):
        said = [traits[name] for traits, ts in sorted(history, key=lambda pair: pair[1]) if name in traits]
        assert document.read(name) == (said[-1] if said else None)


@given(st.lists(st.tuples(TRAITS, st.integers(-10, 10)), max_size=8))
def test_a_document_survives_its_bytes(history: list[tuple[dict[str, Value], int]]) -> None:
    document = folded(*(identify(traits, ts) for traits, ts in history), billing("Subscription Started", mrr=0.1))
    again = Document.decode(document.encode())
    assert again == document
    assert again.encode() == document.encode()


def test_a_profile_has_room_for_200_traits() -> None:
    document = folded(*(identify({f"t{i}": i}, i) for i in range(MAX_TRAITS + 2)))
    assert document.read(f"t{MAX_TRAITS - 1}") == MAX_TRAITS - 1
    assert document.read(f"t{MAX_TRAITS}") is None
    assert document.refused == 2


def test_a_full_document_still_takes_new_values_of_the_traits_it_has() -> None:
    document = folded(*(identify({f"t{i}": i}) for i in range(MAX_TRAITS)), identify({"t0": "new"}))
    assert document.read("t0") == "new"
    assert document.refused == 0


def test_a_removed_trait_makes_room() -> None:
    full = [identify({f"t{i}": i}) for i in range(MAX_TRAITS)]
    document = folded(*full, identify({"t0": None}), identify({"x": 1}), identify({"y": 1}), identify({"t0": 2}))
    assert document.read("x") == 1
    assert [document.read("y"), document.read("t0")] == [None, None]
    assert document.refused == 2


def test_of_many_removals_the_oldest_are_forgotten() -> None:
    document = folded(*(identify({f"t{i}": None}, i) for i in range(MAX_TRAITS + 5)))
    assert len(document.traits) == MAX_TRAITS
    assert "t4" not in document.traits
    assert "t5" in document.traits


@pytest.mark.parametrize(
    ("name", "fits", "too_large"),
    [
        ("bio", "x" * (MAX_TRAIT_BYTES - 5), "x" * (MAX_TRAIT_BYTES - 4)),
        ("é", "é" * 510, "é" * 511),
        ("n" * 1023, 1, 10),
        ("list", ["x" * 1014], ["x" * 1017]),
    ],
)
def test_a_trait_has_at_most_1_kib_of_name_and_json(name: str, fits: Value, too_large: Value) -> None:
    document = folded(identify({name: fits}, 1), identify({name: too_large}, 2))
    assert document.read(name) == fits
    assert document.refused == 1


def test_a_document_is_folded_from_its_bytes_as_if_it_had_stayed_open() -> None:
    events = [
        identify({"plan": "pro", "seats": 5}, 1),
        billing("Subscription Started", 2, mrr=20, plan="basic"),
        identify({"seats": None}, 3),
        billing("Subscription Updated", 4, mrr=30),
        billing("Subscription Cancelled", 5),
        billing("Subscription Resumed", 6),
    ]
    raw = b""
    derived: list[Derived] = []
    for event in events:
        document = Document.decode(raw)
        derived += document.fold(event).derived
        raw = document.encode()
    assert Document.decode(raw) == folded(*events)
    assert [one.name for one in derived] == ["MRR New", "MRR Expansion", "MRR Churn", "MRR Reactivation"]


def test_the_newest_value_is_kept_and_of_equal_times_the_later_arrival() -> None:
    document = Document()
    told = [document.keep_latest("plan", value, ts) for value, ts in (("pro", 5), ("free", 4), ("team", 5))]
    assert told == [True, False, True]
    assert Document.decode(document.encode()).latest == {"plan": ("team", 5)}


def test_a_value_is_counted_in_the_newest_bucket_it_was_seen_in() -> None:
    document = Document()
    before = [document.see("templates", value, bucket) for value, bucket in (("a", 3), ("a", 7), ("a", 5), ("b", 5))]
    assert before == [NEVER, 3, 7, NEVER]
    assert Document.decode(document.encode()).seen == {"templates": {'"a"': 7, '"b"': 5}}


def test_values_are_told_apart_by_their_kind_and_however_long_they_are() -> None:
    document = Document()
    long = "x" * 1_000
    values: list[Value] = [1, 1.0, "1", True, [1], ["1"], long + "a", long + "b"]
    for value in values:
        document.see("values", value, 1)
    assert len(document.seen["values"]) == 7
    assert max(map(len, document.seen["values"])) <= LONGEST_SPELLING


def test_values_too_old_to_count_and_those_of_other_fields_are_forgotten() -> None:
    document = Document()
    for field, value, bucket in (("a", "x", 1), ("a", "y", 5), ("b", "x", 1), ("c", "x", 9)):
        document.see(field, value, bucket)
    document.keep_latest("d", "x", 1)
    assert document.forget_before({"a": 5, "b": 2})
    assert not document.forget_before({"a": 5, "b": 2})
    assert document.seen == {"a": {'"y"': 5}, "c": {'"x"': 9}}
    assert document.forget_others({"a", "d"})
    assert not document.forget_others({"a", "d"})
    assert (document.seen, document.latest) == ({"a": {'"y"': 5}}, {"d": ("x", 1)})


def test_a_name_that_is_set_takes_along_what_stood_nested_under_it() -> None:
    before = identify({"consent": None, "consent.marketing": True, "consent.terms.of": 3, "consented": True})
    for after in ({"consent": None}, {"consent": False}, {"consent": None, "consent.other": 1}):
        document = folded(before, identify(after, 1))
        assert document.read("consent.marketing") is document.read("consent.terms.of") is None
        assert document.read("consented") is True


def test_what_is_older_than_what_stands_above_it_is_not_taken() -> None:
    document = folded(identify({"company": None, "company.name": "Acme"}, 5), identify({"company.size": 7}, 4))
    assert (document.read("company.name"), document.read("company.size")) == ("Acme", None)
    assert document.fold(identify({"company.size": 8}, 5)).traits == {"company.size": 8}


def test_what_is_newer_than_what_comes_above_it_stays() -> None:
    document = folded(identify({"company.size": 7}, 5), identify({"company": None, "company.name": "Acme"}, 4))
    assert (document.read("company.name"), document.read("company.size")) == ("Acme", 7)


def test_what_goes_along_is_told_as_gone() -> None:
    document = folded(identify({"company.name": "Acme"}))
    assert document.fold(identify({"company": "Bolt"}, 1)).traits == {"company": "Bolt", "company.name": None}


def test_with_another_group_nothing_of_the_old_one_stays() -> None:
    document = folded(identify({"group.id": "a", "group.plan": "pro", "group.size": 3}))
    document.fold(identify({"group.id": "a", "group.plan": "free"}, 1))
    assert [document.read(f"group.{name}") for name in ("id", "plan", "size")] == ["a", "free", 3]
    document.fold(identify({"group.id": "b", "group.size": 4}, 2))
    assert [document.read(f"group.{name}") for name in ("id", "plan", "size")] == ["b", None, 4]


def test_the_first_group_removes_nothing_and_one_of_before_sets_nothing() -> None:
    document = folded(identify({"group.seen": 1}), identify({"group.id": "b"}, 2))
    assert document.read("group.seen") == 1
    document.fold(identify({"group.id": "a", "group.plan": "old"}, 1))
    assert [document.read(f"group.{name}") for name in ("id", "plan", "seen")] == ["b", None, 1]
