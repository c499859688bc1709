"""Values as the kernel's stack calculates them: the code, read back."""

import pytest

from streams.core.compiler.assembler import Assembler, number_bits
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.codegen import Coder
from streams.core.kernel.layout import (
    ADD,
    BOOLEAN,
    DIGITS,
    DIVIDE,
    EDGES_NOW,
    EDGES_WORDS,
    ELAPSED,
    ELAPSED_AT_EPOCH,
    EXTREME,
    FIRST_SEEN,
    IDLE,
    IDLE_AT_EPOCH,
    INSTRUCTION,
    LITERAL,
    MISSING,
    MULTIPLY,
    NAME,
    NEWEST_ACTIVITY,
    NUMBER,
    SCORE,
    SUBTRACT,
    SUM,
    TEXT,
    TOTAL,
    TRAIT,
)
from streams.core.language.parser import parse_condition, parse_value
from streams.core.rules.nodes import Arithmetic, Constant, Property, Read, Score, Trait, Value, Within
from streams.core.rules.rulebook import Edges, Scores
from streams.core.rules.traversal import leaves
from tests.rulebooks import rulebook

DAY, HOUR = number_bits(86_400_000.0), number_bits(3_600_000.0)
FOUR = (1.0, 2.0, 3.0, 4.0)
ASKED = parse_value("idle_days"), parse_value("seats"), parse_value("mrr")
FIXED = Scores("fixed", *ASKED, fixed=Edges(FOUR, FOUR, (5.0, 6.0, 7.0, 8.0)))
MOVING = Scores("moving", parse_value("tenure_days + idle_days"), parse_value("tenure_days"), parse_value("mrr"))

Instruction = tuple[int, int, int]


class Coded:
    """What is coded for one condition, beside scores."""

    def __init__(self, text: str):
        self.catalog = Catalog(rulebook(FIXED, MOVING, asked=text))
        self.out, self.texts = Assembler(), dict[str, int]()
        self.coder = Coder(self.out, self.catalog, self.texts)
        (self.leaf, *_) = leaves(parse_condition(text, ["fixed", "moving"]))

    def code(self, address: int) -> list[Instruction]:
        words = self.out.words[address + 1 :][: INSTRUCTION * self.out.words[address]]
        return [(words[i], words[i + 1], words[i + 2]) for i in range(0, len(words), INSTRUCTION)]


def code(text: str) -> list[tuple[int, int | str, int]]:
    """The code of a value, with the name of the trait or field that it is read from."""
    coded = Coded(f"missing({text})")
    words = {word: type(feature).__name__ for feature, word in coded.catalog.word.items()}
    value = coded.leaf.value  # type: ignore[union-attr]  # the value that is missing
    found = coded.code(coded.coder.value(value))
    return [(what, where if what in (LITERAL, IDLE) else words.get(where, where), bits) for what, where, bits in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seats", [(TRAIT, "Trait", 0)]),
        ('latest("A", "p")', [(TRAIT, "Latest", 0)]),
        ('count("A")', [(TOTAL, "Lifetime", 0)]),
        ('count("A", days=3)', [(TOTAL, "Window", 0)]),
        ('active_days("A", days=3)', [(TOTAL, "Window", 0)]),
        ('sum("A", "p", days=3)', [(SUM, "Window", 0)]),
        ('max("A", "p", days=3)', [(EXTREME, "Window", 0)]),
        ('min("A", "p", days=3)', [(EXTREME, "Window", 0)]),
        ("idle_days", [(IDLE, NEWEST_ACTIVITY, DAY)]),
        ("tenure_days", [(ELAPSED, "FirstSeen", DAY)]),
        ('hours_since("A")', [(ELAPSED, "LastSeen", HOUR)]),
        ("days_until(ends)", [(ELAPSED, "TraitTime", number_bits(-86_400_000.0))]),
        ("seats - 2", [(TRAIT, "Trait", 0), (LITERAL, NUMBER, number_bits(2.0)), (SUBTRACT, 0, 0)]),
        (
            "(seats + 2) * 3 / seats",
            [
                (TRAIT, "Trait", 0),
                (LITERAL, NUMBER, number_bits(2.0)),
                (ADD, 0, 0),
                (LITERAL, NUMBER, number_bits(3.0)),
                (MULTIPLY, 0, 0),
                (TRAIT, "Trait", 0),
                (DIVIDE, 0, 0),
            ],
        ),
        (
            "tenure_days - idle_days",
            [
                (ELAPSED, "FirstSeen", number_bits(1.0)),
                (IDLE, NEWEST_ACTIVITY, number_bits(1.0)),
                (SUBTRACT, 0, 0),
                (LITERAL, NUMBER, DAY),
                (DIVIDE, 0, 0),
            ],
        ),
    ],
)
def test_a_value_is_calculated_from_its_operands_on(text: str, expected: list[tuple[int, int | str, int]]) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    ("value", "kind", "number"), [(2.5, NUMBER, 2.5), (True, BOOLEAN, 1.0), (False, BOOLEAN, 0.0), ("x", TEXT, 0.0)]
)
def test_a_constant_is_a_number_of_its_kind(value: float | str | bool, kind: int, number: float) -> None:
    coded = Coded("seats > 1")
    coded.texts.clear()
    assert coded.code(coded.coder.value(Constant(value))) == [(LITERAL, kind, number_bits(number))]


def test_each_text_has_a_number_of_its_own_and_keeps_it() -> None:
    coded = Coded("seats > 1")
    coded.texts |= {"before": 0}
    numbers = [coded.code(coded.coder.value(Constant(text)))[0][2] for text in ("a", "before", "b", "a")]
    assert numbers == [number_bits(float(number)) for number in (1, 0, 2, 1)]
    assert coded.texts == {"before": 0, "a": 1, "b": 2}


def test_equal_values_share_their_code_and_none_has_none() -> None:
    coded = Coded("seats + 1 > 2")
    seats: Value = Read(Trait("seats"))
    one, again = (coded.coder.value(Arithmetic("+", seats, Constant(1.0))) for _ in range(2))
    assert one == again != coded.coder.value(seats)
    assert coded.code(coded.coder.value(None)) == []


def test_the_edges_of_scores_are_records_one_for_each_dimension() -> None:
    coded = Coded("fixed.m > 1")
    at = coded.coder.edges_at["fixed"] + 2 * EDGES_WORDS + EDGES_NOW
    assert coded.out.words[at : at + 4] == [number_bits(edge) for edge in (5.0, 6.0, 7.0, 8.0)]


def test_a_score_is_made_of_its_value_by_the_edges_of_its_dimension() -> None:
    coded = Coded("fixed.r > 1")
    edges = coded.coder.edges_at["fixed"]
    idle, seats = (IDLE, NEWEST_ACTIVITY, DAY), (TRAIT, coded.catalog.word[Trait("seats")], 0)
    mrr = (TRAIT, coded.catalog.word[Trait("mrr")], 0)
    r, f, m = ((SCORE, edges + EDGES_WORDS * i, int(i == 0)) for i in range(3))
    assert coded.code(coded.coder.value(Score("fixed", "r"))) == [idle, r]
    assert coded.code(coded.coder.value(Score("fixed", "f"))) == [seats, f]
    *made_of, (what, table, _) = coded.code(coded.coder.value(Score("fixed", "score")))
    assert (made_of, what) == ([idle, r, seats, f, mrr, m], DIGITS)
    assert [coded.out.words[table + case] for case in (0, 1, 5, 124)] == [
        coded.texts[digits] for digits in ("111", "112", "121", "555")
    ]
    *made_of, (what, table, _) = coded.code(coded.coder.value(Score("fixed", "name")))
    assert (made_of, what) == ([idle, r, seats, f], NAME)
    assert [coded.out.words[table + case] for case in (0, 4, 24)] == [
        coded.texts[name] for name in ("hibernating", "cant_lose_them", "champions")
    ]


def test_recency_by_quintiles_is_told_as_of_1970_and_nothing_else_is() -> None:
    coded = Coded("moving.r > 1")
    tenure, idle = (ELAPSED_AT_EPOCH, FIRST_SEEN, DAY), (IDLE_AT_EPOCH, NEWEST_ACTIVITY, DAY)
    assert coded.code(coded.coder.measure("moving", "r")) == [tenure, idle, (ADD, 0, 0)]
    assert coded.code(coded.coder.measure("moving", "f")) == [(ELAPSED, FIRST_SEEN, DAY)]
    assert coded.code(coded.coder.measure("fixed", "r")) == [(IDLE, NEWEST_ACTIVITY, DAY)]


@pytest.mark.parametrize(
    ("text", "scores"),
    [("fixed.r > 1", ["r"]), ("fixed.m > 1", []), ("moving.m + moving.f > 1", ["m", "f"]), ("seats > 1", [])],
)
def test_the_scores_that_time_may_change_are_listed_with_the_code_of_what_they_score(
    text: str, scores: list[str]
) -> None:
    coded = Coded(text)
    at = coded.coder.scores(coded.leaf)
    rule = text.partition(".")[0]
    words = [
        [
            coded.coder.edges_at[rule] + EDGES_WORDS * "rfm".index(each),
            coded.coder.measure(rule, each),  # type: ignore[arg-type]  # a letter of rfm
            int(each == "r"),
        ]
        for each in scores
    ]
    assert coded.out.words[at : at + 1 + 3 * len(scores)] == [len(scores), *(word for each in words for word in each)]


@pytest.mark.parametrize(
    ("text", "kind", "count"),
    [
        ('plan in ["a", "b"]', TEXT, 2),
        ("seats in [1]", NUMBER, 1),
        ("beta in [true]", BOOLEAN, 1),
        ("seats > 1", MISSING, 0),
    ],
)
def test_options_are_of_one_kind(text: str, kind: int, count: int) -> None:
    coded = Coded(text)
    at = coded.coder.options(coded.leaf)
    options = coded.leaf.options if isinstance(coded.leaf, Within) else ()
    bits = [number_bits(coded.texts[option] if isinstance(option, str) else float(option)) for option in options]
    assert coded.out.words[at : at + 2 + count] == [kind, count, *bits]


def test_a_property_of_an_event_is_nothing_of_a_profile() -> None:
    with pytest.raises(TypeError, match="of an event and not of a profile"):
        Coded("seats > 1").coder.value(Property("x"))
