"""An explanation in words, or as JSON: what `segmenter explain` prints.

Comes in: an `Explanation`, and which rules are asked for. Goes out: lines of text, or one JSON object.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from streams.core.changes import Change
from streams.core.explain.explanation import ConditionNow, Explanation, RuleNow, SubscriptionNow
from streams.core.explain.history import Since
from streams.core.explain.scorecard import ScoreNow
from streams.core.instants import format_time
from streams.core.rules.rulebook import level_name
from streams.outputs.change import encode_change
from streams.outputs.wording import reason_in_words, value_in_words
from streams.terminal.columns import in_columns
from streams.terminal.dates import in_full, when

Row = tuple[str, str, str, str, str]


def in_words(explanation: Explanation, rules: Collection[str]) -> str:
    return "\n".join(_lines(explanation, rules))


def _lines(explanation: Explanation, rules: Collection[str]) -> Iterator[str]:
    at_ms = explanation.at_ms
    yield f"{explanation.subject}, as of {in_full(at_ms)}"
    for rule in explanation.rules:
        if rule.rule in rules:
            yield ""
            yield f"{rule.rule}: {_standing(rule, at_ms)}"
            rows = map(_score_row, rule.scores) if rule.scores else _condition_rows(rule, at_ms)
            yield from (f"    {line}" for line in in_columns(list(rows)))
            yield f"    next: {_next(rule, at_ms)}"
    if explanation.subscriptions and len(rules) == len(explanation.rules):  # and nothing in particular is asked for
        yield ""
        yield f"mrr: {value_in_words(sum(one.mrr for one in explanation.subscriptions if one.counts))}"
        subscriptions = [_subscription_row(one, at_ms) for one in explanation.subscriptions]
        yield from (f"    {line}" for line in in_columns(subscriptions))


def in_json(explanation: Explanation, rules: Collection[str]) -> bytes:
    asked = [_rule_json(rule) for rule in explanation.rules if rule.rule in rules]
    told = {"user_id": explanation.subject, "as_of": format_time(explanation.at_ms), "rules": asked}
    return msgspec.json.encode({**told, "subscriptions": list(map(_subscription_json, explanation.subscriptions))})


def _standing(rule: RuleNow, at_ms: int) -> str:
    if rule.since_ms is not None:
        return f"{_place(rule)} since {when(rule.since_ms, at_ms)}, change {rule.ordinal}"
    return "no level yet, as its quintiles are not known" if rule.is_tier else "out, and never was in"


def _place(rule: RuleNow) -> str:
    """`in` or `out`; of a tier the level."""
    if rule.segment is None:
        return "out"
    return level_name(rule.rule, rule.segment) if rule.is_tier else "in"


def _condition_rows(rule: RuleNow, at_ms: int) -> Iterator[Row]:
    """A row a condition; the part of the rule stands before its first one."""
    for part, conditions in groupby(_decisive(rule), attrgetter("part")):
        for place, each in enumerate(conditions):
            truth, value = "yes" if each.holds else "no", f"is {value_in_words(each.value)}"
            yield "" if place else part, truth, each.condition, value, _since(each.since, at_ms)


def _subscription_row(one: SubscriptionNow, at_ms: int) -> Row:
    counts = "counts" if one.counts else "does not count"
    status, plan = one.status or "no status", one.plan or "no plan"
    return one.id, f"{status}, {counts}", str(plan), value_in_words(one.mrr), f"updated {when(one.updated_ms, at_ms)}"


def _score_row(each: ScoreNow) -> Row:
    score = "-" if each.score is None else str(each.score)
    edges = f"by the edges {', '.join(map(value_in_words, each.edges))}" if each.edges else ""
    return each.part, score, each.expression, f"is {value_in_words(each.value)}", edges


def _decisive(rule: RuleNow) -> Sequence[ConditionNow]:
    """Of a tier, the conditions up to the level that holds: those after it decide nothing."""
    parts = [each.part for each in rule.conditions]
    level = _place(rule)
    return rule.conditions[: len(parts) - parts[::-1].index(level)] if level in parts else rule.conditions


def _since(since: Since, at_ms: int) -> str:
    if since.ms is None:
        return "never yet"
    return f"since {when(since.ms, at_ms)}" + ("" if since.exact else " or before")


def _next(rule: RuleNow, at_ms: int) -> str:
    if rule.next is not None:
        return _coming(rule.next, at_ms)
    if rule.is_tier and rule.segment is None:
        return "a level, once they are"
    return f"stays {_place(rule)} until something happens"


def _coming(change: Change, at_ms: int) -> str:
    reason = reason_in_words(change)
    moment = f"{when(change.occurred_at, at_ms)} UTC" + (f", when {reason}" if reason else "")
    return f"{_verb(change)} on {moment}, unless something happens before"


def _verb(change: Change) -> str:
    match change.type:
        case "segment.entered":
            return "enters"
        case "segment.exited":
            return "leaves"
        case _:
            return f"becomes {level_name(change.rule, change.segment)}"


def _rule_json(rule: RuleNow) -> dict[str, object]:
    return {
        "rule": rule.rule,
        "segment": rule.segment,
        "since": None if rule.since_ms is None else format_time(rule.since_ms),
        "ordinal": rule.ordinal,
        "scores": rule.scores,
        "conditions": [_condition_json(each) for each in rule.conditions],
        "next": None if rule.next is None else msgspec.Raw(encode_change(rule.next)),
    }


def _subscription_json(one: SubscriptionNow) -> dict[str, object]:
    told = {"id": one.id, "status": one.status, "plan": one.plan, "mrr": one.mrr, "counts": one.counts}
    return {**told, "updated": format_time(one.updated_ms)}


def _condition_json(each: ConditionNow) -> dict[str, object]:
    since = None if each.since.ms is None else format_time(each.since.ms)
    told = {"part": each.part, "condition": each.condition, "value": each.value, "now": each.holds}
    return {**told, "since": since, "exact": each.since.exact}
