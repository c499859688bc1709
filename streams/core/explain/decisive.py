"""Which conditions of a rule decide that somebody is where they are.

Comes in: a rule, in which of its segments somebody is, and what holds of its conditions. Goes out: those of them that
would have to change, each by itself or with others, for the rule to say something else.

>>> from streams.core.language.parser import parse_condition
>>> condition = parse_condition("paying and (idle_days >= 7 or mrr > 100) and not missing(plan)")
>>> holds = {"paying": True, "idle_days >= 7": False, "mrr > 100": False, "missing(plan)": False}
>>> [leaf.text for leaf in _deciding(condition, holds)]
['idle_days >= 7', 'mrr > 100']
"""

from collections.abc import Iterator, Mapping

from streams.core.rules.nodes import All, Always, Condition, Leaf, Not, Some
from streams.core.rules.rulebook import Grouping, Segment

Holds = Mapping[str, bool]  # by the text of a condition


def decisive(rule: Grouping, segment: str | None, holds: Holds) -> tuple[str, ...]:
    """Their texts, in the order they are written; none where a level holds because no other does."""
    condition = _condition(rule, segment, holds)
    return () if condition is None else tuple(dict.fromkeys(leaf.text for leaf in _deciding(condition, holds)))


def _condition(rule: Grouping, segment: str | None, holds: Holds) -> Condition | None:
    """The part of the rule that keeps somebody where they are."""
    if not isinstance(rule, Segment):
        if rule.among is not None and not _is_true(rule.among, holds):
            return rule.among
        levels = zip(rule.segments, rule.levels, strict=True)
        return next((level.condition for name, level in levels if name == segment), None)
    # In: `enter` holds, or if it does not any more, `exit` does not yet. Out: the other way round.
    if rule.exit is None or _is_true(rule.enter, holds) == (segment is not None):
        return rule.enter
    return rule.exit


def _is_true(condition: Condition, holds: Holds) -> bool:
    match condition:
        case All(parts):
            return all(_is_true(part, holds) for part in parts)
        case Some(parts):
            return any(_is_true(part, holds) for part in parts)
        case Not(part):
            return not _is_true(part, holds)
        case Always(value):
            return value
        case _:
            return holds[condition.text]


def _deciding(condition: Condition, holds: Holds) -> Iterator[Leaf]:
    match condition:
        case All(parts) | Some(parts):
            truth = _is_true(condition, holds)
            for part in parts:
                if _is_true(part, holds) == truth:
                    yield from _deciding(part, holds)
        case Not(part):
            yield from _deciding(part, holds)
        case Always():
            return
        case _:
            yield condition
