"""Rule books: segments, tiers and scores.

Comes in: nothing, or the names of other rules. Goes out: strategies for rules and rule books.
"""

from dataclasses import replace
from hashlib import sha256

from hypothesis import strategies as st

from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.language.linear import growth
from streams.core.rules.nodes import Always
from streams.core.rules.nodes import Value as Term
from streams.core.rules.rulebook import Edges, Level, Rule, Rulebook, Scores, Segment, Tier
from streams.core.rules.traversal import with_what_it_reads
from tests.strategies.conditions import Known, conditions
from tests.strategies.names import TRAITS
from tests.strategies.values import numbers, times
from tests.strategies.written import Written

Four = tuple[float, float, float, float]

NOBODY = Known([], [])
included = st.lists(st.sampled_from(TRAITS), max_size=2, unique=True).map(tuple)


def version(*meaning: object) -> str:
    return "sha256:" + sha256(repr(meaning).encode()).hexdigest()


@st.composite
def rulebooks(draw: st.DrawFn, most: int = 4, *, quintiles: bool = False) -> Rulebook:
    """Rules that read one another without circles, in an order that is not that of their names."""
    names = draw(st.permutations([f"rule-{letter}" for letter in "abcd"[: draw(st.sampled_from((1, most - 1, most)))]]))
    book: list[Rule] = []
    if quintiles or draw(st.booleans()):
        book.append(draw(scores_rules("rfm", quintiles=quintiles)))
    for name in names:
        book.append(draw(rules(name, known(book))))
    return Rulebook(tuple(sorted(book, key=lambda rule: rule.name)))


@st.composite
def partly_in_shadow(draw: st.DrawFn) -> Rulebook:
    """Some rules, and with them all that ask for them."""
    book = draw(rulebooks())
    chosen = draw(st.sets(st.sampled_from(book.names)))
    dark = {name for name in book.names if chosen & set(with_what_it_reads(book, name).names)}
    return Rulebook(tuple(replace(rule, is_shadow=rule.name in dark) for rule in book.rules))


def known(book: list[Rule] | tuple[Rule, ...]) -> Known:
    segments = [rule.name for rule in book if isinstance(rule, Segment)]
    return Known(segments, [rule.name for rule in book if isinstance(rule, Scores)])


def rules(name: str, others: Known) -> st.SearchStrategy[Rule]:
    """Segments and tiers."""
    return st.one_of(segments(name, others), segments(name, others), tiers(name, others))


@st.composite
def segments(draw: st.DrawFn, name: str, others: Known) -> Segment:
    enter = draw(conditions(others))
    leave = draw(st.none() | conditions(others, depth=1))
    min_stay_ms = draw(st.sampled_from((0, 0, HOUR_MS, DAY_MS, 2 * DAY_MS + 1)))
    include = draw(included)
    return Segment(
        name=name,
        enter=enter.node,
        exit=leave.node if leave else None,
        min_stay_ms=min_stay_ms,
        include=include,
        version=version(enter.text, leave and leave.text, min_stay_ms, include),
    )


@st.composite
def tiers(draw: st.DrawFn, name: str, others: Known) -> Tier:
    asked = draw(st.lists(conditions(others, depth=1), min_size=1, max_size=3))
    include = draw(included)
    levels = [Level(f"level {place}", condition.node) for place, condition in enumerate(asked)]
    meaning = version([condition.text for condition in asked], include)
    return Tier(name, (*levels, Level("on", Always(True))), include, version=meaning)


@st.composite
def scores_rules(draw: st.DrawFn, name: str, *, quintiles: bool = False) -> Scores:
    """Mostly as people score: recency passes with time, the others do not."""
    recency, frequency, monetary = draw(measures(times())), draw(measures(numbers)), draw(measures(numbers))
    if quintiles:
        recency = draw(measures(times()).filter(lambda written: growth(written.node) == 1.0))
    fixed = None if quintiles else Edges(draw(ascending()), draw(ascending()), draw(ascending()))
    refresh_ms = draw(st.sampled_from((DAY_MS, 6 * HOUR_MS, 30 * HOUR_MS)))
    include = draw(included)
    among = draw(st.none() | conditions(NOBODY, depth=1))
    return Scores(
        name=name,
        recency=recency.node,
        frequency=frequency.node,
        monetary=monetary.node,
        fixed=fixed,
        refresh_ms=refresh_ms,
        among=among.node if among else None,
        include=include,
        version=version(
            recency.text, frequency.text, monetary.text, fixed, refresh_ms, include, *([among.text] if among else [])
        ),
    )


def measures(usual: st.SearchStrategy[Written[Term]]) -> st.SearchStrategy[Written[Term]]:
    return st.one_of(usual, usual, usual, times(), numbers)


def ascending() -> st.SearchStrategy[Four]:
    edges = st.lists(st.sampled_from((0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 20.0)), min_size=4, max_size=4, unique=True)
    return edges.map(sorted).map(lambda four: (four[0], four[1], four[2], four[3]))
