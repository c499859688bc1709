"""Every segment and tier: how many are in it, how that developed, who owns it, and what is unwell.

Comes in: a `Window`. Goes out: an `Overview`. It costs some round trips a shard, and looks at no profile.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from time import monotonic
from typing import Final, Literal, NamedTuple

import msgspec

from streams.admin.inventory import Found, stored_in
from streams.core.explain.inventory import LiveRule
from streams.core.instants import format_time
from streams.core.rules.rulebook import Rule, Segment, Sort, level_name
from streams.dispatch.standing import Standings
from streams.log import counted
from streams.web.views.awaited import AwaitedShown, RefusedShown, awaited_now, refused_now
from streams.web.views.counts import Counts, Point, counts_of
from streams.web.views.times import Instant, told, told_or_none
from streams.web.views.window import Window

State = Literal["live", "shadow", "warming", "waiting"]
KEPT_S: Final = 0.5  # however many look
KEPT_TIMES: Final = 4  # as long as it took to make: of thousands of rules that is a while, in which others are served
KEPT_AT_MOST_S: Final = 5.0  # what took long may have waited for a Redis that is back
NAMED: Final = 4
GRAVE_S: Final = 600.0  # so long behind
HOW: Final = ("error", "warning", "note")


class SegmentNow(msgspec.Struct, frozen=True, gc=False):
    """name: `churn-risk`; of a tier with the level, `lifecycle/power`. level: `power`. entries, exits: of today.

    share: of all profiles. days: the last 30, the oldest first, as far as they were counted.
    """

    name: str
    level: str | None
    size: int
    share: float
    entries: int
    exits: int
    days: tuple[Point, ...] = ()


class RuleNow(msgspec.Struct, frozen=True, gc=False):
    """A rule, and what one can be in by it.

    state: `live`, `shadow` (nobody is told of it), `warming` (its counts do not reach back far enough yet; until then),
    or `waiting` (not all workers run it as it is written here).
    """

    rule: str
    sort: Sort
    description: str
    owner: str | None
    state: State
    warming_until: Instant | None
    members: int
    version: str
    segments: tuple[SegmentNow, ...]


class Trouble(msgspec.Struct, frozen=True, gc=False):
    """about: a rule, or a part of segmenter's. how: how much it matters."""

    how: Literal["error", "warning", "note"]
    about: str
    text: str


class Overview(msgspec.Struct, frozen=True, gc=False):
    """profiles: all users that are known; unevaluated: those who wait to be evaluated under rules that were applied.

    awaited: what is to be live once its past is made. refused: what was applied
    last, where it would move too much. after: from where the next page goes on; null on the last."""

    as_of: Instant
    profiles: int
    rules: tuple[RuleNow, ...]
    troubles: tuple[Trouble, ...]
    awaited: AwaitedShown | None = None
    refused: RefusedShown | None = None
    after: str | None = None
    unevaluated: int = 0


class _Made(NamedTuple):
    until_s: float
    overview: Overview


class Overviews:
    """The overview, made anew at most twice a second, for no more than a fifth of the time, and each few seconds."""

    def __init__(self, window: Window):
        self._window = window
        self._lock = asyncio.Lock()
        self._made: _Made | None = None

    async def now(self) -> Overview:
        async with self._lock:
            now_s = monotonic()
            if self._made is None or self._made.until_s < now_s:
                made = await overview(self._window)
                done_s = monotonic()
                kept_s = min(KEPT_TIMES * (done_s - now_s), KEPT_AT_MOST_S)
                self._made = _Made(done_s + max(KEPT_S, kept_s), made)
            return self._made.overview


async def overview(window: Window) -> Overview:
    rules = await window.rules()
    found = await stored_in(window.store, window.settings, rules.rulebook)
    now_ms = max(window.clock(), found.inventory.time_ms)
    counts = await counts_of(window, rules.rulebook.segments, found.calendar, now_ms)
    shown = tuple(rule_now(rule, found, counts, now_ms) for rule in found.inventory.rules)
    endpoints = Standings(window.store.group)
    await endpoints.read()
    awaited, refused = await awaited_now(window), await refused_now(window)
    of_versions = _of_versions(awaited, refused)
    troubles = (*_troubles(window, found, shown), *of_versions, *_failing(rules.messages.endpoints, endpoints))
    worst_first = tuple(sorted(troubles, key=lambda trouble: HOW.index(trouble.how)))
    left = found.inventory.unevaluated
    return Overview(told(now_ms), found.profiles, shown, worst_first, awaited, refused, unevaluated=left)


def rule_now(live: LiveRule, found: Found, counts: Mapping[str, Counts], now_ms: int) -> RuleNow:
    rule = live.rule
    segments = tuple(_segment_now(rule, name, counts[name], found) for name in rule.segments)
    warming_ms = live.warming_until(now_ms)
    state: State = "live" if warming_ms is None else "warming"
    if live.as_said < found.inventory.shards:
        state = "waiting"
    elif rule.is_shadow:
        state = "shadow"
    return RuleNow(
        rule=rule.name,
        sort=rule.sort,
        description=" ".join(rule.description.split()),
        owner=rule.labels.get("owner"),
        state=state,
        warming_until=told_or_none(warming_ms),
        members=sum(segment.size for segment in segments),
        version=rule.version,
        segments=segments,
    )


def _segment_now(rule: Rule, name: str, counts: Counts, found: Found) -> SegmentNow:
    """Of a rule in shadow members are counted, and no flows: nothing of it ever happens."""
    level = None if isinstance(rule, Segment) else level_name(rule.name, name)
    size = found.members.get(name, 0) if rule.is_shadow else counts.size
    share = size / found.profiles if found.profiles else 0.0
    days = () if rule.is_shadow else counts.days
    return SegmentNow(name, level, size, round(share, 6), counts.entries, counts.exits, days)


def _of_versions(awaited: AwaitedShown | None, refused: RefusedShown | None) -> Iterator[Trouble]:
    if awaited is not None and awaited.error is not None:
        yield Trouble("error", "rules", f"The past of version {awaited.version} cannot be made: {awaited.error}")
    if refused is not None:
        yield Trouble("warning", "rules", refused.why)


def _failing(endpoints: Iterable[str], standings: Standings) -> Iterator[Trouble]:
    for name in endpoints:
        standing = standings.of(name)
        if standing.disabled:
            text = f"{name} is disabled: {standing.disabled}. Once it is mended: segmenter deliveries enable {name}"
            yield Trouble("error", "webhooks", text)
        elif standing.failing_since is not None:
            yield Trouble(
                "warning", "webhooks", f"Nothing has got to {name} since {format_time(standing.failing_since)}"
            )


def _troubles(window: Window, found: Found, rules: tuple[RuleNow, ...]) -> Iterator[Trouble]:
    if away := window.away():
        yield Trouble("error", "kafka", away)
    yield from _late(window)
    waiting = [rule for rule in rules if rule.state == "waiting"]
    if waiting:
        names = ", ".join(rule.rule for rule in waiting[:NAMED])
        more = f" and {len(waiting) - NAMED} more" if len(waiting) > NAMED else ""
        yield Trouble("warning", "rules", f"Not all workers run these rules as they are written: {names}{more}")
    if left := found.inventory.unevaluated:
        text = f"Yet to be looked at under what was applied: {left:,} of {counted(found.profiles, 'user')}"
        yield Trouble("note", "rules", text)
    for name in found.inventory.gone:
        yield Trouble("warning", name, "Workers run this rule, and no file says it any more")
    if letters := window.dead_letters.count:
        yield Trouble("warning", "dead-letters", f"{counted(letters, 'record')} could not be used")
    for rule in rules:
        if rule.state == "warming":
            yield Trouble("note", rule.rule, "Its windows are still filling: not all who should be in it are")
        elif not rule.members:
            came = sum(day.entries for segment in rule.segments for day in segment.days)
            yield Trouble("note", rule.rule, "Nobody is in it" if came else "Nobody is in it, nor entered in 30 days")


def _late(window: Window) -> Iterator[Trouble]:
    now_s = monotonic()
    for about, reader in (("workers", window.behind.workers), ("deliver", window.behind.deliver)):
        if late := reader.waiting(now_s):
            how: Literal["error", "warning"] = "error" if late.seconds >= GRAVE_S else "warning"
            who = "No worker keeps up" if about == "workers" else "segmenter deliver does not keep up"
            text = f"{who}: {counted(late.records, 'record')} wait, the oldest for {int(late.seconds // 60)} min"
            yield Trouble(how, about, text)
