"""Where somebody stands in all rules, on one page: in which segments, on which levels, why, and what comes next.

Comes in: an `Explanation`. Goes out: lines of text. Of each rule only what decides is told; `explanation` has it all.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from streams.core.changes import Change
from streams.core.explain.explanation import Explanation, RuleNow
from streams.terminal.columns import in_lines
from streams.terminal.dates import when
from streams.terminal.standing import called, conditions, is_unscored, place, reason, verb, warming

INDENT: Final = "    "


def overview(explanation: Explanation) -> Iterator[str]:
    at_ms = explanation.at_ms
    segments = [rule for rule in explanation.rules if not rule.is_tier]
    coming = sorted((rule.next for rule in explanation.rules if rule.next), key=lambda change: change.occurred_at)
    yield from _part("in", (_there(rule, at_ms) for rule in segments if rule.segment))
    yield from _part("levels", (_there(rule, at_ms) for rule in explanation.rules if rule.is_tier))
    yield from _part("next, if nothing happens", (_next(change, at_ms) for change in coming))
    yield from _part(
        "out", (_told(_name(rule, at_ms), conditions(rule.decisive)) for rule in segments if not rule.segment)
    )


def _part(heading: str, items: Iterable[str]) -> Iterator[str]:
    lines = [line for item in items for line in in_lines(item, INDENT)]
    if lines:
        yield from ("", heading, *lines)


def _there(rule: RuleNow, at_ms: int) -> str:
    """A rule by which somebody is in something, as all are by a tier as soon as its quintiles are known."""
    if rule.since_ms is None and is_unscored(rule):
        return _told(f"{_name(rule, at_ms)}: not scored", _why(rule))
    if rule.since_ms is None:
        return f"{_name(rule, at_ms)}: no level yet, as its quintiles are not known"
    level = f": {place(rule)}" if rule.is_tier else ""
    return _told(f"{_name(rule, at_ms)}{level}, since {when(rule.since_ms, at_ms)}", _why(rule))


def _name(rule: RuleNow, at_ms: int) -> str:
    name, until = called(rule.rule, rule.is_shadow), warming(rule, at_ms)
    return f"{name} ({until})" if until else name


def _why(rule: RuleNow) -> str:
    if rule.scores and not is_unscored(rule):
        return ", ".join(f"{each.part} {each.score}" for each in rule.scores)
    return conditions(rule.decisive) or ("no other level holds" if rule.is_tier else "")


def _next(change: Change, at_ms: int) -> str:
    name = called(change.rule, change.is_shadow)
    what = f"{name} {verb(change)}" if change.type == "segment.changed" else f"{verb(change)} {name}"
    return _told(f"{when(change.occurred_at, at_ms)}  {what}", reason(change))


def _told(what: str, why: str) -> str:
    return f"{what}: {why}" if why else what
