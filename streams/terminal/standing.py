"""Phrases for where somebody stands by one rule, since when, and why."""

import re
from collections.abc import Sequence
from typing import Any, Final

from streams.core.changes import Change
from streams.core.explain.explanation import ConditionNow, RuleNow
from streams.core.rules.rulebook import level_name
from streams.outputs.wording import reason_in_words, value_in_words
from streams.terminal.columns import unbroken
from streams.terminal.dates import when

LONGEST_VALUE: Final = 30


def called(rule: str, is_shadow: bool) -> str:
    return f"{rule} (in shadow)" if is_shadow else rule


def warming(rule: RuleNow, at_ms: int) -> str:
    """Empty where all that it counts was kept."""
    return "" if rule.warming_until_ms is None else f"warming until {when(rule.warming_until_ms, at_ms)} UTC"


def standing(rule: RuleNow, at_ms: int) -> str:
    """`in since Sun 15 Mar 09:00, change 3`."""
    if rule.since_ms is not None:
        return f"{place(rule)} since {when(rule.since_ms, at_ms)}, change {rule.ordinal}"
    if is_unscored(rule):
        return "not scored, and never was"
    return "no level yet, as its quintiles are not known" if rule.is_tier else "out, and never was in"


def is_unscored(rule: RuleNow) -> bool:
    """Whether somebody is at no level because the scores are not of them."""
    return rule.is_tier and rule.segment is None and bool(rule.decisive)


def place(rule: RuleNow) -> str:
    """`in` or `out`; of a tier the level, or that there is none."""
    if rule.segment is None:
        return "not scored" if is_unscored(rule) else "out"
    return level_name(rule.rule, rule.segment) if rule.is_tier else "in"


def value(found: Any, condition: str = "") -> str:
    """As the person who reads it would write it in a rule, as far as a line has room for it.

    >>> value(7.0), value(6.9999, "idle_days >= 7"), value("pro"), value("x" * 31)[-3:]
    ('7', '6.9999', '"pro"', 'xx…')
    """
    text = value_in_words(found, condition)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def conditions(those: Sequence[ConditionNow]) -> str:
    """`paying, not idle_days >= 7 (is 2.62)`: a value is told where the truth does not say it already."""
    return ", ".join(unbroken(_condition(each)) for each in those)


def _condition(each: ConditionNow) -> str:
    says_it_all = isinstance(each.value, bool) or each.condition.startswith("missing(")
    shown = "" if says_it_all else f" (is {value(each.value, each.condition)})"
    return f"{'' if each.holds else 'not '}{each.condition}{shown}"


def verb(change: Change) -> str:
    """Said where the rule has been named: `enters`, `leaves`, `becomes power`."""
    if change.type == "segment.changed":
        return f"becomes {level_name(change.rule, change.segment)}"
    return "enters" if change.entered else "leaves"


def reason(change: Change) -> str:
    """What will have flipped by then."""
    parts = re.split(r"(?<=\)), ", reason_in_words(change))
    return ", ".join(map(unbroken, parts))
