"""A rulebook as one array of words: everything at its place, and every address leads to what it should."""

import numpy as np
import pytest
from hypothesis import given

from streams.core.calendar import UTC, Calendar
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.program import Program, write_program
from streams.core.kernel.layout import (
    ADVANCED,
    ALONE,
    AMOUNT,
    AND,
    BEFORE,
    BLOCKED,
    BUCKET,
    CAPTURED,
    CAPTURED_WORDS,
    CODE,
    COMPARE,
    COMPARED,
    COUNTS,
    COUNTS_BUCKETS,
    DIRTY,
    EDGES,
    ENTER,
    EVENTS,
    EVERY_RULE,
    EVERYTHING,
    EXIT,
    GREATER,
    HAS,
    IN_SEGMENT,
    INCLUDED,
    INCLUDES,
    INDEX,
    INSTRUCTION,
    IS_DAYS,
    KIND,
    LEAF_COUNT,
    LEAF_FLIPPED,
    LEAVES,
    LEFT,
    LENGTH,
    LEVEL_BEFORE,
    LEVELS,
    MEASURED,
    MIN_STAY,
    MOVE,
    NEEDED,
    NEWEST,
    NOT,
    NOW,
    OPERATOR,
    OR,
    ORDER,
    PLACE,
    PUSH_LEAF,
    PUSH_TRUTH,
    RANKS,
    READERS,
    READS,
    RIGHT,
    RINGS,
    RULE_SET_WORDS,
    RULES,
    RULES_A_WORD,
    SET_BIT,
    SET_WORD,
    SHOWN,
    SPAN,
    STACK,
    STATISTIC,
    SUMS,
    TALLY,
    TIME_DRIVEN,
    TOTAL_WORD,
    TOUCH_WORDS,
    TOUCHES,
    TRANSITION_WORDS,
    UTC_OFFSET,
    WAS,
    WINDOWS,
    WITHIN,
    WORD,
)
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Always, EventSet, Holds, LastSeen, Lifetime, Trait, Window
from streams.core.rules.rulebook import Level, Rule, Rulebook, Scores, Segment, Tier
from tests.rulebooks import rulebook
from tests.strategies import rulebooks

A = EventSet(("A",))


class Written:
    """A program, and ways through it."""

    def __init__(self, *rules: Rule, **enter: str):
        self.book = rulebook(*rules, **enter)
        self.catalog = Catalog(self.book)
        self.program = write_program(self.catalog, Calendar.fixed(3_600_000), {})
        self.p: list[int] = self.program.words.tolist()

    def listed(self, address: int) -> list[int]:
        return self.p[address + 1 : address + 1 + self.p[address]]

    def pairs(self, address: int) -> list[tuple[int, int]]:
        words = self.p[address + 1 : address + 1 + 2 * self.p[address]]
        return list(zip(words[::2], words[1::2], strict=True))

    def rule(self, name: str) -> int:
        return self.listed(self.p[RULES])[self.book.names.index(name)]

    def leaf(self, text: str) -> int:
        index = [leaf.text for leaf in self.catalog.leaves].index(text)
        leaves = [at for rule in self.listed(self.p[RULES]) for at in self.listed(self.p[rule + LEAVES])]
        return next(at for at in leaves if self.p[at + INDEX] == index)

    def texts(self, leaves: list[int]) -> list[str]:
        return [self.catalog.leaves[self.p[at + INDEX]].text for at in leaves]

    def names(self, rule_set: int) -> set[str]:
        bits = dict(self.pairs(rule_set))
        rules = {name: self.rule(name) for name in self.book.names}
        return {name for name, at in rules.items() if bits.get(self.p[at + SET_WORD], 0) & self.p[at + SET_BIT]}


def laid_out(program: Program) -> list[int]:
    return [
        int(program.words[place])
        for place in (STACK, NOW, WAS, LEVEL_BEFORE, DIRTY, CAPTURED, LEAF_FLIPPED, EVENTS, RANKS)
    ]


@given(rulebooks())
def test_the_kernels_space_has_room_for_each_part_before_the_next(book: Rulebook) -> None:
    has_room_for_each(Catalog(book))


def has_room_for_each(catalog: Catalog) -> None:
    program = write_program(catalog, UTC, {})
    leaves, rules = len(catalog.leaves), len(catalog.rulebook.groupings)
    _, *sizes = np.diff(laid_out(program)).tolist()
    assert sizes == [leaves, leaves, rules, catalog.rule_set_words, CAPTURED_WORDS * leaves, leaves, 1]
    assert laid_out(program)[-1] == program.space_words
    assert laid_out(program)[:2] == [0, INSTRUCTION * len(program.words)]


def test_the_header_tells_of_the_whole_book() -> None:
    written = Written(b="seats > 1", a='count("A", days=3) > 1 and in_segment("b")')
    p = written.p
    assert (p[UTC_OFFSET], p[LEAF_COUNT], p[RULE_SET_WORDS]) == (3_600_000, 3, 1)
    assert (p[TIME_DRIVEN], p[BLOCKED]) == (written.catalog.time_driven, written.catalog.blocked)
    assert written.listed(p[ORDER]) == [written.rule("b"), written.rule("a")]
    assert written.names(p[EVERY_RULE]) == {"a", "b"}
    assert len(written.listed(p[RINGS])) == 1


def test_a_transition_has_room_for_the_longest_rule_and_all_that_it_includes() -> None:
    plan, both = ("plan",), ("plan", "mrr")
    written = Written(
        Segment("a", parse_condition("x and y"), include=plan), Segment("b", parse_condition("x"), include=both)
    )
    assert (written.p[SHOWN], written.p[INCLUDED]) == (TRANSITION_WORDS + 2, TRANSITION_WORDS + 2 + 4 * 2)
    assert written.program.transition_words == written.p[INCLUDED] + 2 * 2


def steps(written: Written, address: int) -> list[tuple[int, int]]:
    return written.pairs(address)


def test_a_segment_says_how_it_is_entered_and_left() -> None:
    enter, leave = parse_condition("x and not (y or true)"), parse_condition("y")
    written = Written(Segment("a", parse_condition("x")), Segment("s", enter, leave, min_stay_ms=7, include=("plan",)))
    p, at = written.p, written.rule("s")
    x, y = (p[written.leaf(text) + INDEX] for text in "xy")
    assert steps(written, p[at + ENTER]) == [
        (PUSH_LEAF, x),
        (PUSH_LEAF, y),
        (PUSH_TRUTH, 1),
        (OR, 2),
        (NOT, 0),
        (AND, 2),
    ]
    assert steps(written, p[at + EXIT]) == [(PUSH_LEAF, y)]
    assert [p[at + place] for place in (INDEX, MIN_STAY, LEVELS, EDGES)] == [1, 7, 0, 0]
    assert p[at + WORD] == written.catalog.rules_start + 2 == written.program.rule_words[1]
    assert written.texts(written.listed(p[at + LEAVES])) == ["x", "y"]
    assert written.listed(p[at + INCLUDES]) == [written.catalog.word[Trait("plan")]]
    assert p[written.rule("a") + EXIT] == 0


def test_a_tier_lists_the_conditions_of_its_levels_and_a_grid_where_its_edges_are() -> None:
    value = parse_value("seats")
    tier = Tier("t", (Level("x", parse_condition("a")), Level("y", Always(True))))
    written = Written(Scores("rfm", parse_value("idle_days"), value, value), tier)
    p, at = written.p, written.rule("t")
    assert [steps(written, code) for code in written.listed(p[at + LEVELS])] == [
        [(PUSH_LEAF, p[written.leaf("a") + INDEX])],
        [(PUSH_TRUTH, 1)],
    ]
    assert [p[at + place] for place in (ENTER, EXIT, EDGES)] == [0, 0, 0]
    assert p[written.rule("rfm") + EDGES] == written.program.edges["rfm"]
    assert written.program.measures.keys() == {"rfm"}


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ('plan == "x" and idle_days > 1 and missing(mrr)', ['plan == "x"', "missing(mrr)"]),
        ('in_segment("vip") and count("A", days=3) > 1', ['in_segment("vip")']),
        ("seats > 1", ["seats > 1"]),
        ("seats > 1 or mrr > 1", []),
        ("not seats > 1 and mrr > 1", ["mrr > 1"]),
    ],
)
def test_what_only_events_flip_and_nobody_enters_without_is_needed(text: str, needed: list[str]) -> None:
    written = Written(asked=text, vip="x")
    assert written.texts(written.listed(written.p[written.rule("asked") + NEEDED])) == needed


def test_a_leaf_says_what_it_asks_and_to_which_rules_it_matters() -> None:
    written = Written(a='7 < count("A", days=3) or in_segment("b")', b='7 < count("A", days=3)', c='has(tags, "x")')
    p, count, member, held = (
        written.p,
        *map(written.leaf, ('7 < count("A", days=3)', 'in_segment("b")', 'has(tags, "x")')),
    )
    assert [p[count + place] for place in (KIND, OPERATOR)] == [COMPARE, GREATER]
    assert p[p[count + LEFT] + 2] == written.catalog.word[Window("count", A, "day", 3)]
    (ring,) = written.listed(p[RINGS])
    assert written.pairs(p[count + READS]) == [(ring, written.listed(p[ring + WINDOWS])[0])]
    assert [p[member + place] for place in (KIND, OPERATOR)] == [IN_SEGMENT, written.rule("b")]
    assert [p[held + place] for place in (KIND, RIGHT)] == [HAS, written.catalog.word[Holds(Trait("tags"), '"x"')]]
    assert [written.names(p[at + READERS]) for at in (count, member, held)] == [{"a", "b"}, {"a"}, {"c"}]
    assert [written.names(p[written.rule(name) + READERS]) for name in "abc"] == [set(), {"a"}, set()]


@pytest.mark.parametrize(("text", "operator"), [("seats not in [1]", 1), ("seats in [1]", 0)])
def test_not_in_is_told_from_in(text: str, operator: int) -> None:
    written = Written(asked=text)
    leaf = written.leaf(text)
    assert [written.p[leaf + place] for place in (KIND, OPERATOR)] == [WITHIN, operator]


def test_a_ring_says_what_it_holds_and_each_window_where_it_is_totalled() -> None:
    written = Written(a='count("A", days=3) > active_days("A", days=2, before_days=9)', b='sum("A", "x", hours=5) > 1')
    p, catalog = written.p, written.catalog
    counts, sums = written.listed(p[RINGS])
    assert [p[counts + place] for place in (IS_DAYS, STATISTIC, PLACE, LENGTH)] == [
        1, COUNTS, catalog.ring_start[catalog.rings[0]], 11,
    ]  # fmt: skip
    assert [p[sums + place] for place in (IS_DAYS, STATISTIC, LENGTH)] == [0, SUMS, 5]
    windows = [(Window("count", A, "day", 3), 0), (Window("active_days", A, "day", 2, 9), 1)]
    assert [
        [p[at + place] for place in (SPAN, BEFORE, TOTAL_WORD, COUNTS_BUCKETS)]
        for at in written.listed(p[counts + WINDOWS])
    ] == [[window.length, window.before, catalog.word[window], counted] for window, counted in windows]


def touches(written: Written, event_class: int) -> list[tuple[int, ...]]:
    at = written.p[event_class + TOUCHES]
    words = written.p[at + 1 : at + 1 + TOUCH_WORDS * written.p[at]]
    return [tuple(words[i : i + TOUCH_WORDS]) for i in range(0, len(words), TOUCH_WORDS)]


def test_an_event_touches_what_is_kept_of_its_name() -> None:
    where = 'event("A", where=properties.x > 1)'
    written = Written(
        a=f'count({where}) > days_since("A")',
        b='sum("A", "p", days=3) > count("A", days=3)',
        c='distinct("A", "q", days=3) > 1',
    )
    catalog, (sums, counts, distinct) = written.catalog, written.listed(written.p[RINGS])
    (guarded,) = [events for events in catalog.event_sets if events.where is not None]
    column = {str(name): at for name, at in catalog.columns.items()}
    guard = next(at for each, at in catalog.columns.items() if each == guarded.where)
    assert touches(written, written.program.classes["A"][True]) == [
        (TALLY, catalog.word[Lifetime(guarded)], 0, guard),
        (NEWEST, catalog.word[LastSeen(A)], 0, -1),
        (AMOUNT, sums, column["p"], -1),
        (BUCKET, counts, 0, -1),
        (MOVE, distinct, catalog.columns[catalog.distinct[0]], -1),
    ]
    assert touches(written, written.program.unread[True]) == touches(written, written.p[EVERYTHING]) == []


def test_a_class_lists_the_leaves_it_may_flip_by_the_value_they_compare() -> None:
    written = Written(
        a='count("A") > 1 and 5 >= count("A")',
        b='count("A") > seats or missing(sum("A", "p", days=3)) or count("A", days=3) > 1',
        c='count("B") > 1 or idle_days == 2 or in_segment("a")',
    )
    p, event_class = written.p, written.program.classes["A"][False]
    compared = [
        (p[at + CODE], written.texts(written.listed(p[at + COMPARED])))
        for at in written.listed(p[event_class + MEASURED])
    ]
    assert [texts for _, texts in compared] == [['count("A") > 1', '5 >= count("A")'], ['count("A", days=3) > 1']]
    assert compared[0][0] == p[written.leaf('count("A") > 1') + LEFT]
    assert written.texts(written.listed(p[event_class + ALONE])) == [
        'count("A") > seats',
        'missing(sum("A", "p", days=3))',
    ]
    assert written.texts(written.listed(p[event_class + ADVANCED])) == ['missing(sum("A", "p", days=3))']
    active = written.program.classes["A"][True]
    assert written.texts(written.listed(p[active + ADVANCED])) == ['missing(sum("A", "p", days=3))', "idle_days == 2"]
    everything = p[EVERYTHING]
    others = [p[at + COMPARED] for at in written.listed(p[everything + MEASURED])] + [p[everything + ALONE]]
    found = [text for leaves in others for text in written.texts(written.listed(leaves))]
    # What is read of another rule is flipped by that rule and not by an event.
    assert sorted([*found, 'in_segment("a")']) == sorted(leaf.text for leaf in written.catalog.leaves)


def test_whatever_rules_there_are_each_has_a_bit_of_its_own() -> None:
    names = [f"r{i:03}" for i in range(2 * RULES_A_WORD + 1)]
    written = Written(**dict.fromkeys(names, "x"))
    bits = {(written.p[at + SET_WORD], written.p[at + SET_BIT]) for at in map(written.rule, names)}
    assert len(bits) == len(names)
    assert all(bit > 0 for _, bit in bits)
    assert written.names(written.p[written.leaf("x") + READERS]) == set(names)
    has_room_for_each(written.catalog)
