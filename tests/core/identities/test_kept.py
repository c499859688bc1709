"""A record as it is kept, and as it travels."""

import zlib

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.events import Event
from streams.core.identities import kept, packing
from streams.core.links import Handed, How, Link, Linking, PassedOn, Unlinked
from tests.bench.unlinked import CONTEXT, visit
from tests.core.identities.made import at, state, under

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = SCALARS | TEXTS | st.lists(SCALARS | TEXTS, max_size=3)
LINKS = st.lists(st.builds(Link, TEXTS, st.sampled_from(How)), max_size=2).map(tuple)
PASSED_ON = st.builds(PassedOn, TEXTS, st.integers(0, 9), st.just(at(3)), LINKS)
HAD = st.none() | TEXTS
OF_RECORDS = st.none() | st.builds(Linking, LINKS, HAD) | st.builds(Unlinked, LINKS, had=HAD)
IDENTITIES = OF_RECORDS | PASSED_ON | st.builds(Handed, TEXTS)
EVENTS = st.builds(
    Event,
    subject=TEXTS,
    ts=st.integers(0, 10**13),
    name=TEXTS,
    active=st.booleans(),
    message_id=st.none() | TEXTS,
    properties=st.dictionaries(TEXTS, VALUES, max_size=3),
    traits=st.dictionaries(TEXTS, VALUES, max_size=3),
    touches_ledger=st.booleans(),
    order=st.integers(0, 3),
    identity=IDENTITIES,
    unread_context=st.none() | st.dictionaries(TEXTS, VALUES, max_size=3),
)


@given(EVENTS)
def test_what_travels_arrives_as_it_was(event: Event) -> None:
    assert kept.decode(kept.encode(event)) == event


@given(EVENTS)
def test_what_is_kept_is_found_as_it_was_but_for_its_alias(event: Event) -> None:
    found = kept.read(kept.keep(7, at(3), event))
    assert (found.number, found.place) == (7, at(3))
    assert (found.event.ts, found.event.properties, found.event.traits) == (event.ts, event.properties, event.traits)
    assert found.event.unread_context == event.unread_context
    assert found.links == (event.identity.links if isinstance(event.identity, Unlinked) else ())


def test_what_was_kept_or_told_before_context_was_kept_that_no_rule_reads_is_read() -> None:
    told = b'["ann",5,"Page Viewed",true,"m-1",{"path":"/"},{},false,0,[3,"anon",1,["product-events/0",3],[]]]'
    assert kept.decode(told) == Event(
        "ann", 5, "Page Viewed", True, "m-1", {"path": "/"}, {}, identity=PassedOn("anon", 1, at(3))
    )
    found = kept.read(b'[null,7,["product-events/0",3],["",5,"Page Viewed",true,"m-1",{"path":"/"},{},false,0,null]]')
    assert (found.number, found.event) == (7, Event("", 5, "Page Viewed", True, "m-1", {"path": "/"}, {}))


@given(EVENTS.map(lambda event: replace(event, name=event.name + "a long name" * 30)))
def test_what_waits_is_as_it_was_in_fewer_bytes(event: Event) -> None:
    raw = kept.keep(7, at(3), event)
    packed = packing.pack(raw)
    assert (packing.unpack(packed), kept.number_of(packed)) == (raw, 7)
    assert kept.read(packed) == kept.read(raw)
    assert kept.tells_a_state(packed) == kept.tells_a_state(raw)
    assert len(packed) < len(raw) or kept.tells_a_state(raw)


@given(EVENTS)
def test_what_is_short_waits_as_it_was_written(event: Event) -> None:
    raw = kept.keep(7, at(3), event)
    assert packing.unpack(packing.pack(raw)) == raw
    assert kept.number_of(packing.pack(raw)) == 7


def test_what_a_browser_says_of_itself_waits_in_a_third_of_its_bytes() -> None:
    raw = kept.keep(7, at(3), visit(7, CONTEXT))
    assert len(packing.pack(raw)) < len(raw) / 3


def test_a_dictionary_never_changes_as_what_waits_was_packed_by_it() -> None:
    assert (len(packing.DICTIONARY), zlib.crc32(packing.DICTIONARY)) == (899, 134891294)


def test_an_update_of_a_customers_subscription_tells_its_state_and_nothing_else_does() -> None:
    assert kept.tells_a_state(kept.keep(0, at(0), state("cus_1", 5)))
    assert not kept.tells_a_state(kept.keep(0, at(0), under("anon", 5, customer="cus_1")))
