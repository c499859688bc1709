"""What events an expression is about: names, lists, `any`, and conditions on their own properties.

Comes in: nothing. Goes out: a strategy for event sets as text and tree.
"""

from hypothesis import strategies as st

from streams.core.rules.nodes import Condition, EventSet, Property
from streams.core.rules.nodes import Value as Term
from tests.strategies.names import (
    BILLING_NAMES,
    BOOLEAN_PROPERTIES,
    DERIVED_NAMES,
    LIST_PROPERTIES,
    LISTED,
    NAMES,
    NUMBER_PROPERTIES,
    PROPERTIES,
    TEXT_PROPERTIES,
    TEXTS,
)
from tests.strategies.written import (
    COMPARISONS,
    Written,
    bare,
    between,
    combine,
    comparison,
    constants,
    has,
    joined,
    looks_into,
    missing,
    some_of,
    within,
)


@st.composite
def event_sets(draw: st.DrawFn) -> Written[EventSet]:
    named = draw(names_of_events())
    if draw(st.integers(0, 3)):
        return named
    where = draw(joined(asked_of_properties(named.node), depth=1))
    return Written(f"event({named.text}, where={where.text})", EventSet(named.node.names, where.node))


@st.composite
def names_of_events(draw: st.DrawFn) -> Written[EventSet]:
    kind = draw(st.sampled_from(("one", "one", "any", "several", "billing", "derived")))
    if kind == "any":
        return Written("any", EventSet(None))
    if kind == "several":
        names = draw(st.lists(st.sampled_from((*NAMES, "MRR New")), min_size=1, max_size=3, unique=True))
        return Written("[" + ", ".join(f'"{name}"' for name in names) + "]", EventSet(tuple(sorted(names))))
    pool = {"one": NAMES, "billing": (*BILLING_NAMES, "Invoice Paid"), "derived": DERIVED_NAMES}[kind]
    name = draw(st.sampled_from(pool))
    return Written(f'"{name}"', EventSet((name,)))


def numeric_properties(events: EventSet) -> tuple[str, ...]:
    """Those of such events that mostly hold numbers."""
    if events.names is not None and events.names[0] in DERIVED_NAMES:
        return ("delta",)
    if events.names is not None and events.names[0] in BILLING_NAMES:
        return ("mrr",)
    return NUMBER_PROPERTIES


def properties(*names: str) -> st.SearchStrategy[Written[Term]]:
    return st.sampled_from(names).map(lambda name: Written(f"properties.{name}", Property(name)))


@st.composite
def asked_of_properties(draw: st.DrawFn, events: EventSet) -> Written[Condition]:
    numbers, texts, small = properties(*numeric_properties(events)), properties(*TEXT_PROPERTIES), constants(0, 0.2, 5)
    kind = draw(
        st.sampled_from(("number", "number", "sum", "chain", "text", "in", "bare", "has", "contains", "missing", "two"))
    )
    operator = draw(st.sampled_from(COMPARISONS))
    match kind:
        case "number":
            return comparison(operator, draw(numbers), draw(small))
        case "sum":
            return comparison(operator, combine("+", draw(numbers), draw(numbers)), draw(small))
        case "chain":
            return between(draw(small), draw(numbers), draw(small))
        case "text":
            return comparison(operator, draw(texts), draw(constants(*TEXTS)))
        case "in":
            return within(draw(properties(*PROPERTIES)), draw(some_of(TEXTS)), draw(st.booleans()))
        case "bare":
            return bare(draw(properties(*BOOLEAN_PROPERTIES)))
        case "has":
            return has(draw(properties(*LIST_PROPERTIES, *TEXT_PROPERTIES)), draw(st.sampled_from(LISTED)))
        case "contains":
            return draw(looks_into(properties(*LIST_PROPERTIES, *TEXT_PROPERTIES)))
        case "missing":
            return missing(draw(properties(*PROPERTIES)))
        case _:
            return comparison(operator, draw(properties(*PROPERTIES)), draw(properties(*PROPERTIES)))
