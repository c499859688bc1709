"""Histories of few users in few days, so that boundaries, ties and duplicates meet.

Comes in: nothing. Goes out: strategies for events in order of arrival, some late, and for the instants at which time
is told to have come (plain ints) among them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.events import Event, Value
from streams.core.instants import DAY_MS, HOUR_MS
from tests.strategies.names import (
    AMOUNTS,
    BILLING_NAMES,
    BOOLEAN_PROPERTIES,
    BOOLEAN_TRAITS,
    LIST_PROPERTIES,
    LIST_TRAITS,
    NAMES,
    NUMBER_PROPERTIES,
    NUMBER_TRAITS,
    TEXT_PROPERTIES,
    TEXT_TRAITS,
    TEXTS,
    TIME_PROPERTIES,
    TIME_TRAITS,
    TRAITS,
)

START_MS = 1_772_323_200_000  # 2026-03-01T00:00Z
DAYS = 12
END_MS = START_MS + 20 * DAY_MS

LEDGER_NAMES = (*BILLING_NAMES, "Subscription Resumed", "Trial Started", "Trial Ended")

Item = TypeVar("Item")

moments = st.builds(
    lambda day, within: START_MS + day * DAY_MS + within,
    st.integers(0, DAYS),
    st.one_of(
        st.sampled_from((0, -1, 1)),
        st.builds(
            lambda hours, nudge: int(hours * HOUR_MS) + nudge,
            st.sampled_from((1, 8, 9, 12, 18.5)),
            st.sampled_from((0, 0, -1, 1)),
        ),
    ),
)
few_moments = st.sampled_from([START_MS + hours * HOUR_MS for hours in (0, 1, 2, 30)])
lateness = st.sampled_from((0, 0, 0, 0, 0, 1, HOUR_MS, DAY_MS, 3 * DAY_MS))
message_ids = st.one_of(st.none(), st.integers(0, 60).map("m{}".format))
users = st.sampled_from(("ann", "ann", "bob", "cy"))

time_values: st.SearchStrategy[Value] = st.one_of(
    moments.map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")),
    moments.map(lambda ms: ms),
    moments.map(lambda ms: ms // 1000),
    st.sampled_from(("2026-03-08", "2026-03-20T08:00:00-08:00", "2026-03-04T12:00:00.0009Z", 1_772_600_000.1239)),
    st.sampled_from(("soon", True, None, "0001-01-01", "9999-12-31", -5, 1e20)),
)
number_values: st.SearchStrategy[Value] = st.sampled_from((0, 1, 3, 2.5, 49, "3", None, True, -2, 1e300, 2**53 + 1))
text_values: st.SearchStrategy[Value] = st.sampled_from((*TEXTS, "Pro", "", 1, None))
boolean_values: st.SearchStrategy[Value] = st.sampled_from((True, True, False, None, "true", 1))
list_values: st.SearchStrategy[Value] = st.sampled_from(
    (["pro"], ["vip", "pro"], ["1"], [1], [1.0], [True, "vip"], [["vip"]], [], "pro", "vip", 1, None)
)
amounts: st.SearchStrategy[Value] = st.sampled_from((*AMOUNTS, 0, 3, -5.0, -1e10, 1e300, 2**53 + 1, "5", True, None))


def by_name(
    numbers: Sequence[str], texts: Sequence[str], booleans: Sequence[str], times: Sequence[str], lists: Sequence[str]
) -> dict[str, st.SearchStrategy[Value]]:
    """What is mostly written to each trait or property."""
    values = dict.fromkeys(numbers, number_values) | dict.fromkeys(texts, text_values)
    values |= dict.fromkeys(booleans, boolean_values) | dict.fromkeys(times, time_values)
    return values | dict.fromkeys(lists, list_values)


written_traits = by_name(NUMBER_TRAITS, TEXT_TRAITS, BOOLEAN_TRAITS, TIME_TRAITS, LIST_TRAITS)
single_writes: st.SearchStrategy[dict[str, Value]] = st.sampled_from(TRAITS).flatmap(
    lambda name: written_traits[name].map(lambda value: {name: value})
)
# Objects and groups as decoders tell of them: an object's name with None, then what is in it.
object_writes: st.SearchStrategy[dict[str, Value]] = st.builds(
    lambda inner, whole: {"company": whole, **inner},
    st.one_of(st.just({}), text_values.map(lambda value: {"company.name": value})),
    st.sampled_from((None, None, "Acme")),
)
group_writes: st.SearchStrategy[dict[str, Value]] = st.builds(
    lambda group, inner: {"group.id": group, **inner},
    st.sampled_from(("g-1", "g-2")),
    st.one_of(st.just({}), text_values.map(lambda value: {"group.tier": value})),
)
trait_writes = st.one_of(single_writes, single_writes, single_writes, object_writes, group_writes)

kinds_of_properties = by_name(
    NUMBER_PROPERTIES, TEXT_PROPERTIES, BOOLEAN_PROPERTIES, TIME_PROPERTIES, LIST_PROPERTIES
) | dict.fromkeys(NUMBER_PROPERTIES, amounts)
properties_with_nulls: st.SearchStrategy[dict[str, Value]] = st.one_of(
    st.fixed_dictionaries({"amount": amounts}), st.fixed_dictionaries({}, optional=kinds_of_properties)
)


def without_nulls(held: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in held.items() if value is not None}


said_properties = properties_with_nulls.map(without_nulls)
subscription_updates: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {},
    optional={
        "subscription_id": st.sampled_from(("s1", "s2", None)),
        "status": st.sampled_from(("active", "past_due", "trialing", "canceled", None)),
        "plan": st.sampled_from(("free", "pro", None)),
        "mrr": st.sampled_from((0, 20, 49.99, 100, 0.1, None)),
        "trial_end": time_values.filter(lambda value: not isinstance(value, bool)),
    },
)


@st.composite
def events(draw: st.DrawFn, user: st.SearchStrategy[str] = users, at: st.SearchStrategy[int] = moments) -> Event:
    kind = draw(
        st.sampled_from(("track", "track", "track", "identify", "identify", "ledger", "ledger", "payment", "alias"))
    )
    name, active, properties, written = "", False, {}, {}
    match kind:
        case "track":
            name, active, properties = draw(st.sampled_from(NAMES)), draw(st.integers(0, 4)) > 0, draw(said_properties)
        case "identify":
            written = draw(trait_writes)
        case "ledger":
            name, properties = draw(st.sampled_from(LEDGER_NAMES)), draw(subscription_updates)
        case "payment":
            name, properties = draw(st.sampled_from(("Invoice Paid", "Payment Failed"))), draw(properties_with_nulls)
    return Event(
        subject=draw(user),
        ts=draw(at),
        name=name,
        active=active,
        message_id=draw(message_ids),
        properties=properties,
        traits=written,
        touches_ledger=kind == "ledger",
    )


def lists_up_to(most: int, items: st.SearchStrategy[Item]) -> st.SearchStrategy[list[Item]]:
    """Lists of every length equally often; hypothesis' own are mostly short."""
    return st.integers(0, most).flatmap(lambda size: st.lists(items, min_size=size, max_size=size))


def histories(
    most: int = 25, user: st.SearchStrategy[str] = users, at: st.SearchStrategy[int] = moments
) -> st.SearchStrategy[list[Event]]:
    """Events in order of arrival: mostly that of their times, some late."""
    return lists_up_to(most, st.tuples(events(user, at), lateness)).map(in_order_of_arrival)


def in_order_of_arrival(sent: list[tuple[Event, int]]) -> list[Event]:
    return [event for event, late_ms in sorted(sent, key=lambda pair: pair[0].ts + pair[1])]


@st.composite
def arrivals(draw: st.DrawFn, most: int = 25) -> list[Event | int]:
    """A history, with the instants at which time is told to have come among it."""
    arriving: list[tuple[Event | int, int]] = [
        (event, event.ts + late) for event, late in draw(lists_up_to(most, st.tuples(events(), lateness)))
    ]
    arriving += [(now, now) for now in draw(st.lists(moments, max_size=4))]
    return [arrival for arrival, _ in sorted(arriving, key=lambda pair: pair[1])]


def crowds(least: int = 20, most: int = 60) -> st.SearchStrategy[list[Event]]:
    """Histories of many users, of few events each."""
    each = st.integers(least, most).flatmap(
        lambda size: st.lists(st.tuples(events(), events()), min_size=size, max_size=size)
    )
    return each.map(
        lambda pairs: in_order_of_arrival(
            [(replace(event, subject=f"u-{number}"), 0) for number, pair in enumerate(pairs) for event in pair]
        )
    )
