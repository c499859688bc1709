"""The bounded record of what was read: counts, bounds, merging."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.observed.names import EVENTS, LONGEST_NAME, PROPERTIES, TRAITS, Names, ObservedNames, Sample

names = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 5))


def seen(*samples: Sample, **counts: int) -> ObservedNames:
    sightings = ObservedNames()
    sightings.count(counts)
    for sample in samples:
        sightings.note(sample)
    return sightings


def test_events_are_counted_one_by_one_and_what_counts_as_none_is_left_out() -> None:
    sightings = ObservedNames()
    for batch in (["Signed In", "Signed In", ""], ["Signed In", "Logged Out"]):
        sightings.count(Counter(batch))
    assert sightings.events == Names({"Signed In": 3, "Logged Out": 1}, records=4)


def test_properties_are_known_by_their_event_and_traits_by_themselves() -> None:
    sightings = seen(
        Sample("A", ["amount", "plan"], []), Sample("A", ["plan"], ["context.locale"]), Sample("", [], ["plan"]), A=9
    )
    assert sightings.properties == {"A": Names({"amount": 1, "plan": 2}, records=2)}
    assert sightings.traits == Names({"context.locale": 1, "plan": 1}, records=3)


def test_properties_of_several_events_are_told_together() -> None:
    sightings = seen(Sample("A", ["x"], []), Sample("B", ["x", "y"], []), Sample("C", ["z"], []), A=1, B=1, C=1)
    assert sightings.properties_of(["A", "B", "never"]) == Names({"x": 2, "y": 1}, records=2)
    assert sightings.properties_of(None) == Names({"x": 2, "y": 1, "z": 1}, records=3)


def test_it_comes_back_from_its_bytes_as_it_was() -> None:
    sightings = seen(Sample("Ünïcode 名", ["a.b"], ["t"]), **{"Ünïcode 名": 2**40})
    assert ObservedNames.decode(sightings.encode()) == sightings
    assert ObservedNames.decode(b"") == ObservedNames()


@pytest.mark.parametrize("raw", [b"\xff", b"\x93\xc0\xc0\xc0", b"{}"])
def test_what_cannot_be_read_begins_anew(raw: bytes) -> None:
    assert ObservedNames.decode(raw) == ObservedNames()


@given(first=names, second=names, third=names)
def test_parts_merge_to_the_whole(first: dict[str, int], second: dict[str, int], third: dict[str, int]) -> None:
    whole, merged = ObservedNames(), ObservedNames()
    for part in (first, second, third):
        alone = ObservedNames()
        for sightings in (whole, alone):
            sightings.count(part)
            for event, properties in part.items():
                sightings.note(Sample(event, [str(properties)], [event]))
        merged.add(alone)
    assert merged == whole


def test_however_many_names_there_are_it_stays_bounded_and_loses_no_count() -> None:
    sightings = ObservedNames()
    for number in range(3 * EVENTS):
        sightings.count({f"event {number}": 1})
        properties = [f"p{n}" for n in range(2 * PROPERTIES)] if number % 100 == 99 else []
        sightings.note(Sample(f"event {number}", properties, [f"trait {number}"]))
    assert len(sightings.events.counts) <= EVENTS
    assert sum(sightings.events.counts.values()) + sightings.events.others == 3 * EVENTS == sightings.events.records
    assert sightings.properties.keys() <= sightings.events.counts.keys()
    assert max(len(of_event.counts) for of_event in sightings.properties.values()) == PROPERTIES // 2
    assert len(sightings.traits.counts) <= TRAITS


def test_names_made_up_for_every_record_push_out_none_that_is_used_however_late_it_comes() -> None:
    sightings = ObservedNames()
    for number in range(20 * EVENTS):
        sightings.count({f"order-{number}": 1, "Signed In": 1})
        if number > 10 * EVENTS and number % 50 == 0:
            sightings.count({"New Feature Used": 1})
    assert sightings.events.counts["Signed In"] == 20 * EVENTS
    assert sightings.events.counts["New Feature Used"] > 100


def test_names_are_cut_and_what_cannot_be_stored_is_replaced() -> None:
    long = "x" * 300
    sightings = seen(Sample(long, ["half \ud800"], [long]), **{long: 1})
    assert ObservedNames.decode(sightings.encode()) == sightings
    assert sightings.events.counts == {"x" * LONGEST_NAME: 1}
    assert sightings.properties_of([long]).counts == {"half ?": 1}
