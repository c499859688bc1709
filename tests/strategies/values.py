"""Values of expressions: as text, and as the tree that the text means.

Comes in: nothing. Goes out: strategies for windows, traits, latest properties, times, scores and arithmetic.
"""

from collections.abc import Sequence
from typing import Literal

from hypothesis import strategies as st

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.rules.nodes import (
    Arithmetic,
    Elapsed,
    EventSet,
    FirstSeen,
    IdleSince,
    Instant,
    LastSeen,
    Latest,
    LatestTime,
    Lifetime,
    Read,
    Score,
    Statistic,
    Trait,
    TraitTime,
    Unit,
    Window,
)
from streams.core.rules.nodes import Value as Term
from tests.strategies.events import event_sets, numeric_properties
from tests.strategies.names import NUMBER_TRAITS, PROPERTIES, TIME_PROPERTIES, TIME_TRAITS, TRAITS
from tests.strategies.written import Written, combine, constants

Function = Literal["count", "sum", "avg", "min", "max", "distinct", "active_days", "trend"]
FUNCTIONS: tuple[Function, ...] = ("count", "count", "sum", "avg", "min", "max", "distinct", "active_days", "trend")


@st.composite
def windows(draw: st.DrawFn) -> Written[Term]:
    function = draw(st.sampled_from(FUNCTIONS))
    events = draw(event_sets())
    unit: Unit = "hour" if function != "active_days" and draw(st.booleans()) else "day"
    length = draw(st.sampled_from((1, 2, 3, 7, 10) if unit == "day" else (1, 2, 24, 49)))
    movable = unit == "day" and function not in ("distinct", "trend")
    before = draw(st.sampled_from((0, 0, 1, 2, 7))) if movable else 0
    prop = None
    arguments = [] if function == "active_days" and events.text == "any" else [events.text]
    if function not in ("count", "active_days", "trend"):
        prop = draw(st.sampled_from(PROPERTIES if function == "distinct" else numeric_properties(events.node)))
        arguments.append(f'"{prop}"')
    arguments.append(f"{unit}s={length}")
    if before:
        arguments.append(f"before_days={before}")
    return Written(f"{function}({', '.join(arguments)})", meaning(function, events.node, unit, length, before, prop))


def meaning(function: Function, events: EventSet, unit: Unit, length: int, before: int, prop: str | None) -> Term:
    def read(statistic: Statistic, before: int = before) -> Term:
        return Read(Window(statistic, events, unit, length, before, prop))

    match function:
        case "avg":
            return Arithmetic("/", read("sum"), read("values"))
        case "trend":
            return Arithmetic("/", read("count"), read("count", before=length))
        case _:
            return read(function)


lifetimes: st.SearchStrategy[Written[Term]] = event_sets().map(
    lambda events: Written(f"count({events.text})", Read(Lifetime(events.node)))
)


def traits(names: Sequence[str] = TRAITS) -> st.SearchStrategy[Written[Term]]:
    named = st.sampled_from(names).map(lambda name: Written[Term](name, Read(Trait(name))))
    quoted = st.sampled_from(names).map(lambda name: Written[Term](f'trait("{name}")', Read(Trait(name))))
    return st.one_of(named, quoted)


@st.composite
def latest(draw: st.DrawFn, properties: Sequence[str] = ()) -> Written[Term]:
    """One of the properties, or of the numeric ones that such events have."""
    events = draw(event_sets())
    prop = draw(st.sampled_from(properties or numeric_properties(events.node)))
    return Written(f'latest({events.text}, "{prop}")', Read(Latest(events.node, prop)))


def of_any_kind(
    names: Sequence[str] = TRAITS, properties: Sequence[str] = PROPERTIES
) -> st.SearchStrategy[Written[Term]]:
    """Values whose kind shows only in the data."""
    return st.one_of(traits(names), latest(properties))


numbers = st.one_of(windows(), windows(), lifetimes, traits(NUMBER_TRAITS), latest())
small = constants(0, 1, 2, 3, 0.3, 10)


@st.composite
def sums(draw: st.DrawFn) -> Written[Term]:
    operator: Literal["+", "-", "*", "/"] = draw(st.sampled_from(("+", "-", "*", "/")))
    return combine(operator, draw(numbers), draw(st.one_of(numbers, small)))


@st.composite
def times(draw: st.DrawFn, *, since: bool = False) -> Written[Term]:
    """A time that has passed, or (unless `since`) is left, in days or hours."""
    kind = draw(st.sampled_from(("idle", "tenure", "events", "events", "held", "held")))
    if kind == "idle":
        return Written("idle_days", Elapsed(IdleSince(), float(DAY_MS)))
    if kind == "tenure":
        return Written("tenure_days", Elapsed(FirstSeen(), float(DAY_MS)))
    instant: Instant
    if kind == "events":
        events = draw(event_sets())
        instant, argument = LastSeen(events.node), events.text
    else:
        holder = draw(of_any_kind((*TIME_TRAITS, "plan"), TIME_PROPERTIES))
        instant, argument = time_held(holder.node), holder.text
        if not since and draw(st.booleans()):
            return Written(f"days_until({argument})", Elapsed(instant, float(DAY_MS), -1))
    unit = "day" if since else draw(st.sampled_from(("day", "hour")))
    unit_ms = DAY_MS if unit == "day" else HOUR_MS
    return Written(f"{unit}s_since({argument})", Elapsed(instant, float(unit_ms)))


def time_held(holder: Term) -> Instant:
    match holder:
        case Read(Trait(name)):
            return TraitTime(name)
        case Read(Latest(events, prop)):
            return LatestTime(events, prop)
    raise AssertionError(f"{holder} holds no time")


def score(rule: str, part: Literal["r", "f", "m", "score", "name"]) -> Written[Term]:
    return Written(f"{rule}.{part}", Score(rule, part))


def scores(rule: str) -> st.SearchStrategy[Written[Term]]:
    """The three that are numbers."""
    return st.sampled_from((score(rule, "r"), score(rule, "f"), score(rule, "m")))
