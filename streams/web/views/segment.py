"""One rule: what it says, its segments, and who is in them.

Comes in: the name of a rule or of a level, such as `lifecycle/power`. Goes out: a `SegmentView`, or `Unknown`.
"""

from collections.abc import Mapping, Sequence

import msgspec

from streams.admin.inventory import stored_in
from streams.admin.members import page
from streams.core.explain.inventory import FieldRead
from streams.core.rules.rulebook import Segment
from streams.errors import Unknown
from streams.rulefiles.naming import UnknownSegment, rules_called
from streams.web.views.awaited import AwaitedShown, awaited_now
from streams.web.views.changes import ChangeShown, newest_first
from streams.web.views.counts import Point, counts_and_hours_of
from streams.web.views.moves import MoveShown, moves_of
from streams.web.views.overview import RuleNow, rule_now
from streams.web.views.times import Instant, told, told_or_none
from streams.web.views.window import Window

CHANGES_SHOWN = 30


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a rule reads of a profile. kept_since: from when on all of it is counted; null where it always was."""

    feature: str
    kept_since: Instant | None
    covered_from: Instant | None


class SegmentView(msgspec.Struct, frozen=True, gc=False):
    """now: the rule and its segments. asked: the one that was asked for, of a tier's levels. text: its file.

    hours: of the last three days, of a segment or a level. moves: of the last 30 days, from level to level. changes:
    the newest, of all levels or of the one that was asked for. awaited: a version by which it means something else, and
    which is live once its past is made.
    """

    as_of: Instant
    profiles: int
    now: RuleNow
    asked: str | None
    labels: Mapping[str, str]
    text: str
    reads: tuple[Reading, ...]
    bytes_a_profile: int
    changes: tuple[ChangeShown, ...]
    hours: tuple[Point, ...]
    moves: tuple[MoveShown, ...]
    awaited: AwaitedShown | None = None


class MemberShown(msgspec.Struct, frozen=True, gc=False):
    """since: null where she left, or came, while we read."""

    user_id: str
    since: Instant | None


class MembersShown(msgspec.Struct, frozen=True, gc=False):
    """By id. after: from where the next page goes on; null on the last."""

    segment: str
    members: tuple[MemberShown, ...]
    after: str | None


async def segment(window: Window, name: str) -> SegmentView:
    rules, awaited = await window.rules(), await awaited_now(window)
    (rule,) = await _called(window, name, awaited)
    found = await stored_in(window.store, window.settings, rules.rulebook)
    live = next(each for each in found.inventory.rules if each.rule.name == rule)
    now_ms = max(window.clock(), found.inventory.time_ms)
    counts, hours = await counts_and_hours_of(window, live.rule.segments, name, found.calendar, now_ms)
    levels = () if isinstance(live.rule, Segment) else live.rule.segments
    asked = None if name == live.rule.name else name
    return SegmentView(
        as_of=told(now_ms),
        profiles=found.profiles,
        now=rule_now(live, found, counts, now_ms),
        asked=asked,
        labels=live.rule.labels,
        text=rules.text(live.rule.name),
        reads=tuple(map(_reading, live.readings)),
        bytes_a_profile=live.own_bytes,
        changes=tuple(newest_first(window.changes.newest, CHANGES_SHOWN, live.rule.name, asked)),
        hours=hours,
        moves=await moves_of(window, live.rule.name, levels, found.calendar, now_ms),
        awaited=awaited if awaited is not None and rule in awaited.rules else None,
    )


async def _called(window: Window, name: str, awaited: AwaitedShown | None) -> Sequence[str]:
    """The rule of that name, in force. Unknown: there is none; or not yet, as its version awaits its past."""
    try:
        return rules_called((await window.rules()).rulebook, [name])
    except UnknownSegment:
        if awaited is None:
            raise
        rules_called((await window.latest()).rulebook, [name])
        raise Unknown(
            f"{name} comes with version {awaited.version} of the rules, which awaits its past: {awaited.text}. Its"
            " members come after."
        ) from None


async def members(window: Window, name: str, after: str, most: int, search: str = "") -> MembersShown:
    """Some at a time: of one segment, or of a level; those in whose id stands what is searched."""
    rulebook = (await window.rules()).rulebook
    if name not in rulebook.segments:
        raise UnknownSegment(name, rulebook.segments, rulebook.names)
    found = await page(window.store, name, after, most, containing=search)
    shown = tuple(MemberShown(each.user, told_or_none(each.since_ms)) for each in found)
    return MembersShown(name, shown, found[-1].user if len(found) == most else None)


def _reading(one: FieldRead) -> Reading:
    return Reading(one.text, told_or_none(one.since_ms), told_or_none(one.covered_from_ms))
