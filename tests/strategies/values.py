"""Values of expressions: as text, and as the tree that the text means.

Comes in: nothing. Goes out: strategies for events sets, windows, traits, times and arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from hypothesis import strategies as st

from streams.core.features import (
    DAY_MS,
    HOUR_MS,
    EventSet,
    FirstSeen,
    IdleSince,
    Instant,
    LastSeen,
    Lifetime,
    Statistic,
    Trait,
    TraitTime,
    Unit,
    Window,
)
from streams.core.tree import Arithmetic, Constant, Elapsed, Read
from streams.core.tree import Value as Term
from tests.strategies.names import BILLING_NAMES, DERIVED_NAMES, NAMES, NUMBER_TRAITS, TIME_TRAITS, TRAITS

Node = TypeVar("Node")


@dataclass(frozen=True)
class Written(Generic[Node]):
    """A piece of an expression as text, and what the text means. `plain`: needs no parentheses anywhere."""

    text: str
    node: Node
    plain: bool = True

    @property
    def inside(self) -> str:
        return self.text if self.plain else f"({self.text})"


@st.composite
def event_sets(draw: st.DrawFn) -> Written[EventSet]:
    kind = draw(st.sampled_from(("one", "one", "any", "several", "billing", "derived")))
    if kind == "any":
        return Written("any", EventSet(None))
    if kind == "several":
        names = draw(st.lists(st.sampled_from((*NAMES, "MRR New")), min_size=1, max_size=3, unique=True))
        return Written("[" + ", ".join(f'"{name}"' for name in names) + "]", EventSet(tuple(sorted(names))))
    pool = {"one": NAMES, "billing": (*BILLING_NAMES, "Invoice Paid"), "derived": DERIVED_NAMES}[kind]
    name = draw(st.sampled_from(pool))
    return Written(f'"{name}"', EventSet((name,)))


@st.composite
def windows(draw: st.DrawFn) -> Written[Term]:
    statistic: Statistic = draw(st.sampled_from(("count", "count", "sum", "active_days")))
    unit: Unit = "hour" if statistic != "active_days" and draw(st.booleans()) else "day"
    events = draw(event_sets())
    length = draw(st.sampled_from((1, 2, 3, 7, 10) if unit == "day" else (1, 2, 24, 49)))
    before = draw(st.sampled_from((0, 0, 1, 2, 7))) if unit == "day" else 0
    prop = None
    arguments = [] if statistic == "active_days" and events.node.names is None else [events.text]
    if statistic == "sum":
        prop = "delta" if events.node.names and events.node.names[0] in DERIVED_NAMES else "amount"
        arguments.append(f'"{prop}"')
    arguments.append(f"{unit}s={length}")
    if before:
        arguments.append(f"before_days={before}")
    window = Window(statistic, events.node, unit, length, before, prop)
    return Written(f"{statistic}({', '.join(arguments)})", Read(window))


lifetimes: st.SearchStrategy[Written[Term]] = event_sets().map(
    lambda events: Written(f"count({events.text})", Read(Lifetime(events.node)))
)


def traits(names: Sequence[str] = TRAITS) -> st.SearchStrategy[Written[Term]]:
    named = st.sampled_from(names).map(lambda name: Written[Term](name, Read(Trait(name))))
    quoted = st.sampled_from(names).map(lambda name: Written[Term](f'trait("{name}")', Read(Trait(name))))
    return st.one_of(named, quoted)


def constant(value: float | str | bool) -> Written[Term]:
    if isinstance(value, bool):
        return Written("true" if value else "false", Constant(value))
    return Written(f'"{value}"' if isinstance(value, str) else f"{value:g}", Constant(value))


def constants(*values: float | str | bool) -> st.SearchStrategy[Written[Term]]:
    return st.sampled_from(values).map(constant)


numbers = st.one_of(windows(), windows(), lifetimes, traits(NUMBER_TRAITS))
small = constants(0, 1, 2, 3, 0.3, 10)


def combine(operator: Literal["+", "-", "*", "/"], left: Written[Term], right: Written[Term]) -> Written[Term]:
    return Written(f"{left.inside} {operator} {right.inside}", Arithmetic(operator, left.node, right.node), plain=False)


@st.composite
def sums(draw: st.DrawFn) -> Written[Term]:
    operator: Literal["+", "-", "*", "/"] = draw(st.sampled_from(("+", "-", "*", "/")))
    return combine(operator, draw(numbers), draw(st.one_of(numbers, small)))


@st.composite
def times(draw: st.DrawFn, *, since: bool = False) -> Written[Term]:
    """A time that has passed, or (unless `since`) is left, in days or hours."""
    kind = draw(st.sampled_from(("idle", "tenure", "events", "events", "trait", "trait")))
    if kind == "idle":
        return Written("idle_days", Elapsed(IdleSince(), float(DAY_MS)))
    if kind == "tenure":
        return Written("tenure_days", Elapsed(FirstSeen(), float(DAY_MS)))
    instant: Instant
    if kind == "events":
        events = draw(event_sets())
        instant, argument = LastSeen(events.node), events.text
    else:
        argument = draw(st.sampled_from((*TIME_TRAITS, "plan")))
        instant = TraitTime(argument)
        if not since and draw(st.booleans()):
            return Written(f"days_until({argument})", Elapsed(instant, float(DAY_MS), -1))
    unit = "day" if since else draw(st.sampled_from(("day", "hour")))
    unit_ms = DAY_MS if unit == "day" else HOUR_MS
    return Written(f"{unit}s_since({argument})", Elapsed(instant, float(unit_ms)))
