"""Checked trees made up by hypothesis: of every sort of node that an expression can come to.

Comes in: nothing. Goes out: strategies for values, for conditions on profiles, and for conditions on events.
The names are odd on purpose. `SCORES` are the scores that the trees ask for.
"""

from dataclasses import replace

from hypothesis import strategies as st

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.linear import bends
from streams.core.language.render import canonical, render
from streams.core.rules.nodes import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    EventSet,
    FirstSeen,
    Has,
    IdleSince,
    InSegment,
    Instant,
    LastSeen,
    Latest,
    LatestTime,
    Leaf,
    Lifetime,
    Lowered,
    Missing,
    Not,
    Property,
    Read,
    Score,
    Some,
    Statistic,
    Trait,
    TraitTime,
    Truth,
    Value,
    Window,
    Within,
)
from streams.core.rules.rfm import NAMES

SCORES = ("rfm", "lead")

printable = st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t")
texts = st.text(printable, min_size=1, max_size=8)
odd_names = (
    *("plan", "company.name", "any", "count", "class", "In", "null", "idle_day", "ﬁ", "a b"),
    *("rfm.r", "lead.name", "rfm.x.r", "properties", "properties.a", "true", "company.true"),
)
names = st.one_of(texts, st.sampled_from(odd_names))
numbers = st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300).map(lambda x: x + 0.0)
constants = st.one_of(numbers, texts, st.booleans())
options = st.one_of(
    st.lists(texts, min_size=1, max_size=3).map(tuple),
    st.lists(st.booleans(), min_size=1, max_size=2).map(tuple),
)
number_options = st.lists(numbers, min_size=1, max_size=3).map(tuple)
comparisons = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
equalities = st.sampled_from(["==", "!="])


def leaves_over(odd: st.SearchStrategy[Value], amounts: st.SearchStrategy[Value]) -> st.SearchStrategy[Leaf]:
    """Comparisons and questions about values of unknown kind and about numbers; without their texts."""
    return st.one_of(
        st.builds(Compare, comparisons, amounts, amounts, st.just("")),
        st.builds(Compare, equalities, odd, st.builds(Constant, st.booleans()), st.just("")),
        st.builds(Compare, comparisons, odd, st.builds(Constant, texts), st.just("")),
        st.builds(Within, odd, options, st.booleans(), st.just("")),
        st.builds(Within, amounts, number_options, st.booleans(), st.just("")),
        st.builds(Truth, odd, st.just("")),
        st.builds(Missing, odd, st.just("")),
    )


def calculated(operands: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.recursive(
        st.one_of(operands, st.builds(Constant, numbers)),
        lambda inner: st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner),
        max_leaves=6,
    ).filter(lambda value: not bends(value))


def joined(parts: list[Condition], whole: type[All | Some]) -> Condition:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, whole) else (part,))]
    return whole(tuple(flat))


def composed(leaves: st.SearchStrategy[Condition], most: int) -> st.SearchStrategy[Condition]:
    return st.recursive(
        st.one_of(leaves, st.builds(Always, st.booleans())),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from([All, Some])),
        ),
        max_leaves=most,
    )


def looks_into(odd: st.SearchStrategy[Value], lowered: st.SearchStrategy[Value]) -> st.SearchStrategy[Leaf]:
    """Questions about texts, as they are and in small letters."""
    hows = st.sampled_from(["contains", "starts_with", "ends_with"])
    small = texts.map(str.lower)
    return st.one_of(
        st.builds(Has, odd, texts, st.just(""), hows),
        st.builds(Has, lowered, small, st.just(""), hows),
        st.builds(Compare, comparisons, lowered, st.builds(Constant, small), st.just("")),
        st.builds(Missing, lowered, st.just("")),
    )


properties = st.builds(Property, names)
event_leaves: st.SearchStrategy[Condition] = st.one_of(
    leaves_over(properties, calculated(properties)),
    st.builds(Has, properties, constants, st.just("")),
    looks_into(properties, st.builds(Property, names, st.just(True))),
)
wheres = composed(event_leaves, 3).map(canonical)

event_names = st.one_of(st.none(), st.sets(texts, min_size=1, max_size=3).map(lambda found: tuple(sorted(found))))


@st.composite
def all_event_sets(draw: st.DrawFn) -> EventSet:
    return EventSet(draw(event_names), draw(st.one_of(st.none(), st.none(), wheres)))


event_sets = all_event_sets()
lengths = st.integers(1, 3_660)


def windows_of(statistics: list[Statistic], prop: st.SearchStrategy[str | None]) -> st.SearchStrategy[Window]:
    moved = st.builds(
        Window, st.sampled_from(statistics), event_sets, st.just("day"), lengths, st.integers(0, 3_660), prop
    )
    hours = st.builds(
        Window, st.sampled_from(statistics), event_sets, st.just("hour"), st.integers(1, 8_784), st.just(0), prop
    )
    return st.one_of(moved, hours)


windows = (
    windows_of(["count"], st.none()),
    windows_of(["sum", "min", "max"], texts),
    windows_of(["distinct"], texts).map(lambda window: replace(window, before=0)),
    windows_of(["active_days"], st.none()).filter(lambda window: window.unit == "day"),
)
averages = windows_of(["sum"], texts).map(
    lambda window: Arithmetic("/", Read(window), Read(replace(window, statistic="values")))
)
trends = windows_of(["count"], st.none()).map(
    lambda window: Arithmetic("/", Read(replace(window, before=0)), Read(replace(window, before=window.length)))
)
instants: st.SearchStrategy[Instant] = st.one_of(
    st.builds(LastSeen, event_sets), st.builds(TraitTime, names), st.builds(LatestTime, event_sets, texts)
)
clocks = st.sampled_from([Elapsed(IdleSince(), float(DAY_MS)), Elapsed(FirstSeen(), float(DAY_MS))])
moving: st.SearchStrategy[Value] = st.one_of(
    clocks,
    st.builds(Elapsed, instants, st.sampled_from([float(DAY_MS), float(HOUR_MS)])),
    st.builds(
        Elapsed,
        st.one_of(st.builds(TraitTime, names), st.builds(LatestTime, event_sets, texts)),
        st.just(float(DAY_MS)),
        st.just(-1),
    ),
)
sources = st.one_of(st.builds(Trait, names), st.builds(Latest, event_sets, texts))
held: st.SearchStrategy[Value] = st.builds(Read, sources)
counted: st.SearchStrategy[Value] = st.one_of(
    st.builds(Read, st.builds(Lifetime, event_sets)), *(st.builds(Read, window) for window in windows)
)
scores = st.builds(Score, st.sampled_from(SCORES), st.sampled_from(["r", "f", "m"]))
amounts = calculated(st.one_of(held, counted, averages, trends, moving))

digits = st.text("12345", min_size=3, max_size=3)
score_leaves = st.one_of(
    st.builds(
        Compare, comparisons, st.just(Score("rfm", "name")), st.builds(Constant, st.sampled_from(NAMES)), st.just("")
    ),
    st.builds(Compare, comparisons, st.just(Score("lead", "score")), st.builds(Constant, digits), st.just("")),
    st.builds(
        Within,
        st.just(Score("lead", "name")),
        st.lists(st.sampled_from(NAMES), min_size=1).map(tuple),
        st.booleans(),
        st.just(""),
    ),
)


def with_text(leaf: Leaf) -> Condition:
    return replace(leaf, text=" ".join(render(leaf).split()))


profile_leaves: st.SearchStrategy[Leaf] = st.one_of(
    leaves_over(held, calculated(st.one_of(amounts, scores))),
    score_leaves,
    st.builds(Missing, st.one_of(counted, averages, moving, scores), st.just("")),
    st.builds(Has, held, constants, st.just("")),
    looks_into(held, st.builds(Read, st.builds(Lowered, sources))),
    st.builds(InSegment, texts, st.just("")),
)
conditions = composed(profile_leaves.map(with_text), 6)
