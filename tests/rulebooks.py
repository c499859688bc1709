"""Rulebooks as tests write them."""

from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Rule, Rulebook, Scores, Segment


def rulebook(*rules: Rule, **enter: str) -> Rulebook:
    """name=condition of a segment; beside other rules."""
    scores = [rule.name for rule in rules if isinstance(rule, Scores)]
    segments = [Segment(name, parse_condition(text, scores), version="v1") for name, text in enter.items()]
    return Rulebook(tuple(sorted([*rules, *segments], key=lambda rule: rule.name)))
