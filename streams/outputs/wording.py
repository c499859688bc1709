"""A change in words, for people who watch.

Comes in: a change, or the values in it. Goes out: text of one line.
"""

import msgspec

from streams.core.changes import Change, Reason
from streams.core.instants import format_time
from streams.core.rules.rulebook import level_name

Shown = float | str | bool | list[object] | None

CAUSES = {
    "rule_change": "the rule is new or was changed",
    "backfill": "worked out from the past",
    "erase": "the user was erased",
}


def value_in_words(value: Shown) -> str:
    """`missing`, `true`, `7`, `6.25`, `pro`: as the person who reads it would write it in a rule."""
    match value:
        case None:
            return "missing"
        case bool():
            return "true" if value else "false"
        case float() | int():
            return f"{value:.2f}".rstrip("0").rstrip(".")
        case list():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)


def line_of(change: Change) -> str:
    """The whole change on one line, in columns as far as they go."""
    when = format_time(change.occurred_at)[:19].replace("T", " ")
    return f"{when}  {change.subject:<12} {verb_of(change):<6} {change.segment:<24} {story_of(change)}".rstrip()


def verb_of(change: Change) -> str:
    """`enters`, `leaves`; of a level `is now`."""
    return {"segment.entered": "enters", "segment.exited": "leaves"}.get(change.type, "is now")


def story_of(change: Change) -> str:
    """What was before, of a tier, and the reason. The column of segments has no room for two levels."""
    before = [f"(was {level_name(change.rule, change.previous)})"] if change.previous is not None else []
    return " ".join([*before, *filter(None, [reason_in_words(change)])])


def reason_in_words(change: Change) -> str:
    """What flipped; where nothing did (a stay that ended, a rule that changed), what holds."""
    if change.cause in CAUSES:
        return CAUSES[change.cause]
    told = [each for each in change.because if each.flipped] or [each for each in change.because if each.now]
    if not told and change.type == "segment.changed":
        return "no other level holds"  # the last one is `otherwise`
    return ", ".join(map(_condition_in_words, told))


def _condition_in_words(reason: Reason) -> str:
    truth = "" if reason.now else "no longer " if reason.was else "not "
    return f"{truth}{reason.condition} (is {value_in_words(reason.value)})"
