"""What each rule costs: how much of a profile's row no other rule needs.

Comes in: a rulebook. Goes out: bytes by rule. Each rule is looked at once, however many there are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import nlargest
from typing import Final

from streams.core.compiler.catalog import ring_lengths, words_of
from streams.core.compiler.fields import Ring, RingKey
from streams.core.kernel.layout import RULES_A_WORD, WORDS_PER_RULE
from streams.core.rules.nodes import Feature, Trait
from streams.core.rules.rulebook import Grouping, Rule, Rulebook, Scores
from streams.core.rules.traversal import DIMENSIONS, NO_SCORES, features, leaf_features, measure, rule_leaves

WORD_BYTES: Final = 8
SETS_OF_RULES: Final = 2  # in which each rule has a bit


def own_bytes(rulebook: Rulebook) -> dict[str, int]:
    """Of each rule, what the row would be shorter by without it."""
    read = [_read_by(rule, grouping) for rule, grouping in zip(rulebook.rules, rulebook.groupings, strict=True)]
    readers = Counter(feature for each in read for feature in each)
    rings = [ring_lengths(each) for each in read]
    longest = _two_longest(rings)
    bits = SETS_OF_RULES * (len(read) % RULES_A_WORD == 1)
    return {
        rule.name: WORD_BYTES
        * (
            WORDS_PER_RULE
            + bits
            + sum(words_of(feature) for feature in each if readers[feature] == 1)
            + sum(_freed(key, length, longest[key]) for key, length in lengths.items())
        )
        for rule, each, lengths in zip(rulebook.rules, read, rings, strict=True)
    }


def _read_by(rule: Rule, grouping: Grouping) -> dict[Feature, None]:
    """What a rule reads by itself: what scores are made of is read by their own rule, whoever asks for them."""
    return dict.fromkeys(_all_read_by(rule, grouping))


def _all_read_by(rule: Rule, grouping: Grouping) -> Iterator[Feature]:
    for leaf in rule_leaves(grouping):
        yield from leaf_features(leaf, NO_SCORES)
    if isinstance(rule, Scores):
        for dimension in DIMENSIONS:
            yield from features(measure(rule, dimension))
    yield from map(Trait, grouping.include)


def _two_longest(rings: Iterable[dict[RingKey, int]]) -> dict[RingKey, list[int]]:
    found: dict[RingKey, list[int]] = {}
    for lengths in rings:
        for key, length in lengths.items():
            found[key] = nlargest(2, [*found.get(key, ()), length])
    return found


def _freed(key: RingKey, length: int, longest: list[int]) -> int:
    """The words that a ring has for this rule alone, which needs it so long."""
    most, *others = longest
    if length < most:
        return 0
    return Ring(*key, length=most).words - (Ring(*key, length=others[0]).words if others else 0)
