"""A change in words, for people who watch.

Comes in: the JSON of a change (docs/semantics.md#changes) or conditions with their values. Goes out: text of one line.
"""

from collections.abc import Collection

import msgspec

from streams.core.rules.rulebook import level_name

Shown = float | str | bool | list[object] | None

CAUSES = {
    "rule_change": "the rule is new or was changed",
    "backfill": "worked out from the past",
    "erase": "the user was erased",
}


class Ground(msgspec.Struct):
    """One comparison of the rule: its value, its truth before and now."""

    condition: str
    value: Shown = None
    was: bool | None = None
    now: bool | None = None

    @property
    def flipped(self) -> bool:
        return self.was != self.now


class Told(msgspec.Struct):
    """As much of a change as is told. What it holds besides is for others."""

    type: str
    user_id: str
    rule: str
    segment: str
    occurred_at: str
    cause: str
    because: list[Ground] = []
    previous: str | None = None

    @property
    def entered(self) -> bool:
        return self.type != "segment.exited"

    def concerns(self, names: Collection[str]) -> bool:
        """Whether it is about one of these: rules, or segments that the user is in from now on or no longer."""
        return not {self.rule, self.segment, self.previous}.isdisjoint(names)

    @property
    def verb(self) -> str:
        return {"segment.entered": "enters", "segment.exited": "leaves"}.get(self.type, "is now")


decode_change = msgspec.json.Decoder(Told).decode


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


def line_of(change: Told) -> str:
    """The whole change on one line, in columns as far as they go."""
    when = change.occurred_at[:19].replace("T", " ")
    return f"{when}  {change.user_id:<12} {change.verb:<6} {change.segment:<24} {story_of(change)}".rstrip()


def story_of(change: Told) -> str:
    """What was before, of a tier, and the reason. The column of segments has no room for two levels."""
    before = [f"(was {level_name(change.rule, change.previous)})"] if change.previous is not None else []
    return " ".join([*before, *filter(None, [reason_in_words(change)])])


def reason_in_words(change: Told) -> str:
    """What flipped; where nothing did (a stay that ended, a rule that changed), what holds."""
    if change.cause in CAUSES:
        return CAUSES[change.cause]
    told = [ground for ground in change.because if ground.flipped] or [g for g in change.because if g.now]
    if not told and change.type == "segment.changed":
        return "no other level holds"  # the last one is `otherwise`
    return ", ".join(map(_ground_in_words, told))


def _ground_in_words(ground: Ground) -> str:
    truth = "" if ground.now else "no longer " if ground.was else "not "
    return f"{truth}{ground.condition} (is {value_in_words(ground.value)})"
