"""Rendering is the inverse of parsing: random trees, written as text, parse back to themselves."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from streams.core.expressions import parse_condition
from streams.core.features import (
    DAY_MS,
    HOUR_MS,
    EventSet,
    FirstSeen,
    IdleSince,
    Instant,
    LastSeen,
    Lifetime,
    Trait,
    TraitTime,
    Window,
)
from streams.core.language.linear import bends
from streams.core.language.render import render
from streams.core.tree import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    InSegment,
    Missing,
    Not,
    Read,
    Some,
    Truth,
    Value,
    Within,
)

printable = st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t")
texts = st.text(printable, min_size=1, max_size=8)
names = st.one_of(
    texts,
    st.sampled_from(["plan", "company.name", "any", "count", "class", "In", "null", "idle_day", "rfm.r", "ﬁ", "a b"]),
)
numbers = st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300).map(lambda x: x + 0.0)
event_sets = st.one_of(
    st.just(EventSet(None)), st.sets(texts, min_size=1, max_size=3).map(lambda found: EventSet(tuple(sorted(found))))
)
days = st.integers(1, 3_660)


def windows() -> st.SearchStrategy[Window]:
    earlier = st.integers(0, 3_660)
    return st.one_of(
        st.builds(Window, st.just("count"), event_sets, st.just("day"), days, earlier),
        st.builds(Window, st.just("count"), event_sets, st.just("hour"), st.integers(1, 8_784)),
        st.builds(Window, st.just("sum"), event_sets, st.just("day"), days, earlier, texts),
        st.builds(Window, st.just("active_days"), event_sets, st.just("day"), days, earlier),
    )


instants: st.SearchStrategy[Instant] = st.one_of(st.builds(LastSeen, event_sets), st.builds(TraitTime, names))
traits = st.builds(Read, st.builds(Trait, names))
moving: st.SearchStrategy[Value] = st.one_of(
    st.sampled_from([Elapsed(IdleSince(), float(DAY_MS)), Elapsed(FirstSeen(), float(DAY_MS))]),
    st.builds(Elapsed, instants, st.sampled_from([float(DAY_MS), float(HOUR_MS)])),
    st.builds(Elapsed, st.builds(TraitTime, names), st.just(float(DAY_MS)), st.just(-1)),
)
reads: st.SearchStrategy[Value] = st.one_of(
    traits, st.builds(Read, windows()), st.builds(Read, st.builds(Lifetime, event_sets))
)
amounts: st.SearchStrategy[Value] = st.recursive(
    st.one_of(reads, moving, st.builds(Constant, numbers)),
    lambda inner: st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner),
    max_leaves=6,
).filter(lambda value: not bends(value))
options = st.one_of(
    st.lists(texts, min_size=1, max_size=3).map(tuple), st.lists(st.booleans(), min_size=1, max_size=2).map(tuple)
)
leaves = st.one_of(
    st.builds(Compare, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), amounts, amounts, st.just("")),
    st.builds(Compare, st.sampled_from(["==", "!="]), traits, st.builds(Constant, st.booleans()), st.just("")),
    st.builds(Compare, st.sampled_from(["<", ">="]), traits, st.builds(Constant, texts), st.just("")),
    st.builds(Within, traits, options, st.booleans(), st.just("")),
    st.builds(Within, amounts, st.lists(numbers, min_size=1, max_size=3).map(tuple), st.booleans(), st.just("")),
    st.builds(Truth, traits, st.just("")),
    st.builds(Missing, st.one_of(reads, moving), st.just("")),
    st.builds(InSegment, texts, st.just("")),
).map(lambda leaf: replace(leaf, text=" ".join(render(leaf).split())))


def joined(parts: list[Condition], whole: type[All | Some]) -> Condition:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, whole) else (part,))]
    return whole(tuple(flat))


conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(leaves, st.builds(Always, st.booleans())),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(joined, st.lists(inner, min_size=2, max_size=3), st.sampled_from([All, Some])),
    ),
    max_leaves=6,
)


@given(conditions)
def test_a_random_tree_written_as_text_parses_back_to_itself(condition: Condition) -> None:
    assert parse_condition(render(condition)) == condition


def test_one_spelling_for_each_meaning() -> None:
    spellings = [
        'paying and count( ["B","A"],days = 7,before_days=0 ) >= 8.0 and not(mrr in [1_0])',
        "(paying and (count(['A', 'B', 'A'], days=7) >= 8)) and not mrr in [10]",
    ]
    assert {render(parse_condition(text)) for text in spellings} == {
        'paying and count(["A", "B"], days=7) >= 8 and not mrr in [10]'
    }
