"""A change in words, for people who watch.

Comes in: a change, or the values in it. Goes out: text of one line.
"""

import re

import msgspec

from streams.core.changes import Change, Reason
from streams.core.instants import format_time
from streams.core.rules.rulebook import level_name
from streams.printable import printable

Shown = float | str | bool | list[object] | None

MASKED = "***"
FEWEST_DIGITS, MOST_DIGITS = 2, 16  # behind the point
# The numbers in a condition, but for those in names and texts.
_NUMBERS = re.compile(r"""(?<![\w."'])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w"'])""")

CAUSES = {
    "rule_change": "the rule is new or was changed",
    "backfill": "the state was lost and made anew",
    "erase": "the user was erased",
}


def value_in_words(value: Shown, condition: str = "") -> str:
    """`missing`, `true`, `7`, `6.25`, `"pro"`: as the person who reads it would write it in a rule.

    condition: what the value is compared in. A number has as many digits as it takes to see on which side it is.
    """
    match value:
        case None:
            return "missing"
        case bool():
            return "true" if value else "false"
        case float() | int():
            return _number_in_words(value, condition)
        case list():
            return printable(msgspec.json.encode(value).decode())
        case str() if value == MASKED:
            return value
        case _:
            return f'"{printable(str(value))}"'


def _number_in_words(value: float, condition: str) -> str:
    """Rounded to two digits behind the point, to one more than the condition's numbers have, or to as many as leave it
    where it is beside them."""
    said = _NUMBERS.findall(condition)
    limits = [float(sign + number) for number in said for sign in "+-"]  # a condition's minus may be anywhere before it
    for digits in range(max([FEWEST_DIGITS, *(1 + len(number.partition(".")[2]) for number in said)]), MOST_DIGITS):
        text = f"{value:.{digits}f}"
        if [_side(float(text), limit) for limit in limits] == [_side(value, limit) for limit in limits]:
            shown = text.rstrip("0").rstrip(".")
            return "0" if shown == "-0" else shown
    return repr(value)


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def line_of(change: Change) -> str:
    """The whole change on one line, in columns as far as they go."""
    when = format_time(change.occurred_at)[:19].replace("T", " ")
    return (
        f"{when}  {printable(change.subject):<12} {verb_of(change):<6} {change.segment:<24} {story_of(change)}".rstrip()
    )


def verb_of(change: Change) -> str:
    """`enters`, `leaves`; of a level `is now`."""
    return {"segment.entered": "enters", "segment.exited": "leaves"}.get(change.type, "is now")


def story_of(change: Change) -> str:
    """What was before, of a tier, and the reason. The column of segments has no room for two levels."""
    before = [f"(was {level_name(change.rule, change.previous)})"] if change.previous is not None else []
    return " ".join([*before, *filter(None, [reason_in_words(change)])])


def reason_in_words(change: Change) -> str:
    """What flipped; where nothing did, what holds."""
    if change.merged_into is not None:
        return f"is {printable(change.merged_into)} from now on"
    if change.cause in CAUSES:
        return CAUSES[change.cause]
    return conditions_in_words(change)


def conditions_in_words(change: Change) -> str:
    """The same, whatever caused it."""
    flipped = [each for each in change.because if each.flipped]
    told = flipped or [each for each in change.because if each.now]
    if change.type == "segment.exited" and change.segment != change.rule:
        told = [each for each in told if each.value is not None] or told  # the scores are gone because of who is scored
    if not told and change.type == "segment.changed":
        return "no other level holds"  # the last one is `otherwise`
    # Who is in by a `not` alone is in because something does not hold.
    words = ", ".join(map(_condition_in_words, told or change.because))
    stayed = change.type == "segment.exited" and change.cause == "timer" and not flipped
    return f"min_stay is over: {words}" if stayed else words


def _condition_in_words(reason: Reason) -> str:
    truth = "" if reason.now else "no longer " if reason.was else "not "
    return f"{truth}{reason.condition} (is {value_in_words(reason.value, reason.condition)})"
