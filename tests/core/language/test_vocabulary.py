"""The vocabulary is what the reference of the language is made from: all of it is there, and its examples run."""

import pytest

from streams.core.language.parser import parse_condition
from streams.core.language.vocabulary import (
    CLOCKS,
    CONDITIONS,
    FUNCTIONS,
    OF_EVENTS,
    OPTIONS,
    SCORES,
    SYNONYMS,
    Clock,
    Signature,
    Word,
    is_bare_trait,
    is_scores_name,
)

EXAMPLES = [
    *((f"{name}(", signature.example) for name, signature in FUNCTIONS.items()),
    *((f"{name}=", option.example) for name, option in OPTIONS.items()),
    *((name, clock.example) for name, clock in CLOCKS.items()),
    *((f"rfm.{part}", score.example) for part, score in SCORES.items()),
]


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_an_example_shows_its_word_and_parses(word: str, example: str) -> None:
    assert word in example
    parse_condition(example, scores=["rfm"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_usage_of_a_function_has_all_that_it_needs(name: str) -> None:
    usage = FUNCTIONS[name].usage
    if name == "property":
        usage = f'event("Event Name", where={usage})'
    if name in ("event", "property"):
        usage = f"count({usage})"
    value = '"a"' if name == "lower" else "1"
    parse_condition(usage if name in CONDITIONS else f"{usage} == {value}")


def test_every_word_has_a_meaning_of_one_line() -> None:
    words: list[Signature | Clock | Word] = [*FUNCTIONS.values(), *OPTIONS.values(), *CLOCKS.values(), *SCORES.values()]
    assert all(word.meaning and "\n" not in word.meaning for word in words)


def test_every_option_is_explained() -> None:
    assert {option for signature in FUNCTIONS.values() for option in signature.options} == set(OPTIONS)


def test_no_word_stands_for_another_that_does_not_exist() -> None:
    assert set(SYNONYMS.values()) <= set(FUNCTIONS)
    assert not set(SYNONYMS) & set(FUNCTIONS)
    assert set(FUNCTIONS) >= CONDITIONS | OF_EVENTS


@pytest.mark.parametrize("name", ["plan", "company.size", "properties2", "größe", "rfm2"])
def test_a_plain_name_is_a_trait(name: str) -> None:
    assert is_bare_trait(name)


@pytest.mark.parametrize(
    "name",
    ["odd name", "any", "count", "idle_days", "idle_day", "properties.a", "rfm.r", "lead.name", "class", "null", "a·b"],
)
def test_a_name_with_another_meaning_is_no_bare_trait(name: str) -> None:
    assert not is_bare_trait(name)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("rfm", True),
        ("value_2", True),
        ("Wert", True),
        ("rfm-2", False),
        ("a.b", False),
        ("count", False),
        ("properties", False),
        ("idle_days", False),
        ("any", False),
        ("class", False),
        ("in", False),
        ("2rfm", False),
    ],
)
def test_scores_bear_a_name_that_can_be_read_with_a_dot_behind_it(name: str, fits: bool) -> None:
    assert is_scores_name(name) == fits
