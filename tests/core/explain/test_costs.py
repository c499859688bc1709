"""What each rule costs: as much as the row is shorter without it."""

from hypothesis import given

from streams.core.compiler.catalog import Catalog
from streams.core.explain.costs import WORD_BYTES, own_bytes
from streams.core.kernel.layout import RULES_A_WORD
from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rulebook, Segment
from tests.strategies.rules import rulebooks


def without(rulebook: Rulebook, name: str) -> Rulebook:
    return Rulebook(tuple(rule for rule in rulebook.rules if rule.name != name))


def saved_by_leaving_out(rulebook: Rulebook) -> dict[str, int]:
    width = Catalog(rulebook).width
    return {name: WORD_BYTES * (width - Catalog(without(rulebook, name)).width) for name in rulebook.names}


@given(rulebooks())
def test_a_rule_costs_what_the_row_is_shorter_by_without_it(rulebook: Rulebook) -> None:
    assert own_bytes(rulebook) == saved_by_leaving_out(rulebook)


def test_a_rule_costs_its_share_where_rules_are_many_and_each_bit_of_a_word_is_taken() -> None:
    for number in (RULES_A_WORD, RULES_A_WORD + 1):
        names = [f"s{place:02}" for place in range(number)]
        texts = [
            f'count("E{place % 5}", days={place % 9 + 1}) > 1 and plan == "p{place % 3}"' for place in range(number)
        ]
        rules = tuple(Segment(name, parse_condition(text)) for name, text in zip(names, texts, strict=True))
        assert own_bytes(Rulebook(rules)) == saved_by_leaving_out(Rulebook(rules))
