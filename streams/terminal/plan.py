"""What would happen if a folder were applied: what `segmenter rules plan` and `apply` print.

Comes in: a plan. Goes out: text, or JSON. It answers first what whoever is about to press the key fears: who enters and
leaves, and who hears of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from streams.core.changes import Change
from streams.core.explain.inventory import LiveRule
from streams.core.instants import format_time
from streams.core.rules.rulebook import Rulebook, Scores
from streams.lifecycle.differences import Difference, How
from streams.lifecycle.estimate import Estimate
from streams.lifecycle.moves import Move
from streams.lifecycle.planning import Plan
from streams.log import counted
from streams.printable import printable
from streams.terminal.columns import in_columns, in_lines
from streams.terminal.dates import when
from streams.terminal.versions import headline

SHOWN: Final = 3  # users of each sort
AWAITS: Final = (
    "It is not live at once: workers read the topics once more for what was not kept, as far as they reach back, beside"
    " what they do, and then let it take over. What follows from that alone is not in the numbers above."
)
SILENT: Final = (
    "Nobody gets a message for entering or leaving by this: such changes are never live. What a message shows to"
    " somebody who leaves its segment is withdrawn."
)


NOTHING_LIVE: Final = (
    "Nothing was ever applied: this would be version 1. Where workers run already, Redis has just lost what they run:"
    " they put that back, and this follows it as the next version."
)


def in_words(plan: Plan) -> str:
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield from [headline(plan.live)] if plan.live else in_lines(NOTHING_LIVE, "")
    if plan.is_empty:
        yield "The folder has just that: there is nothing to apply."
        return
    yield from ("", "What differs")
    yield from _indented(in_columns([_difference(each, plan) for each in plan.differences]))
    if not plan.differences:
        yield "  nothing that anybody would notice: remarks, stories, the order of words"
    if plan.differences:
        yield from ("", *_who_moves(plan))
        yield from in_lines(_bytes(plan))
    if plan.awaits:
        yield ""
        yield from in_lines(AWAITS)
        yield from _reach(plan)
    if plan.gives_up is not None:
        yield ""
        yield from in_lines(
            f"Version {plan.gives_up.number} awaits its past, and is given up by this: what it has and this folder has"
            " not will never be live."
        )


def _reach(plan: Plan) -> Iterator[str]:
    """How far the past goes, and when what it does not fill will be whole."""
    if plan.reach is None:
        return
    now_ms = plan.estimate.now_ms
    if plan.reach.unknown:
        yield from in_lines(f"How far topics reach back is not known: {plan.reach.unknown}")
        return
    if not plan.reach.topics:
        yield "Topics reach back to where they began."
    for topic, since_ms in plan.reach.topics.items():
        since = "nothing any more" if since_ms is None else f"what came since {when(since_ms, now_ms)} UTC"
        yield from in_lines(f"Topic {topic} has {since}: what was before is not counted.")
    for rule, (text, since_ms, covered_ms) in plan.partly:
        said = f"{rule}: {text} has what came since {when(since_ms or 0, now_ms)} UTC"
        whole = (
            f"; its window is whole on {when(covered_ms, now_ms)} UTC, and {rule} is warming until then"
            if covered_ms
            else ""
        )
        yield from in_lines(f"{said}{whole or ', for good'}.", "  ")


def _difference(each: Difference, plan: Plan) -> tuple[str, ...]:
    return each.name, each.what, each.how.value, "; ".join(_notes(each, plan))


def _notes(each: Difference, plan: Plan) -> Iterator[str]:
    if each.what == "message" and each.how is not How.REMOVED:
        message = plan.now.messages.by_name.get(each.name)
        yield "live" if message is not None and message.is_live else "off"
    yield from _state(each, plan)
    rule = next((rule for rule in plan.warming if rule.rule.name == each.name), None)
    if rule is not None:
        yield _awaits(rule, plan.estimate.now_ms) if plan.awaits else _warming(rule, plan.estimate.now_ms)
    found = next((rule for rule in plan.now.rulebook.by_quintiles if rule.name == each.name), None)
    if isinstance(found, Scores) and each.how in (How.ADDED, How.CHANGED):
        yield "scores are given once workers have agreed on the quintiles"


def _state(each: Difference, plan: Plan) -> Iterator[str]:
    """Live or in shadow, where that is news."""
    was, now = (
        next((rule.is_shadow for rule in book.rules if each.is_of_rule and rule.name == each.name), None)
        for book in (plan.was.rulebook if plan.was else Rulebook(()), plan.now.rulebook)
    )
    if now:
        leave = ", its members leave" if was is False else ""
        yield "stays in shadow" if was else f"in shadow: nobody is told{leave}"
    elif was and now is False:
        yield "live from now on: its members are told"


def _warming(rule: LiveRule, now_ms: int) -> str:
    until_ms = rule.warming_until(now_ms)
    assert until_ms is not None
    return f"warming until {when(until_ms, now_ms)} UTC: {_lacking(rule, now_ms)} was not kept before"


def _awaits(rule: LiveRule, now_ms: int) -> str:
    return f"awaits its past: {_lacking(rule, now_ms)} was not kept before"


def _lacking(rule: LiveRule, now_ms: int) -> str:
    late = (each for each in rule.readings if each.covered_from_ms is not None and each.covered_from_ms > now_ms)
    return ", ".join(each.text for each in late)


def _who_moves(plan: Plan) -> Iterator[str]:
    found = plan.estimate
    if not found.profiles:
        yield "There are no profiles yet."
        return
    if not found.moves:
        yield f"Nobody enters or leaves a segment at once, {_of_whom(found)}."
        yield from _in_shadow(found)
        return
    yield f"Who enters and leaves at once, {_of_whom(found)}"
    head = ("segment", "members", "enter", "leave", "then")
    yield from _indented(in_columns([head, *(_move(name, move) for name, move in found.moves.items())]))
    for name, changes in found.examples.items():
        yield from _examples(name, changes)
    yield from _in_shadow(found)
    yield ""
    yield from in_lines(SILENT)
    yield from in_lines(_webhooks(plan))


def _in_shadow(found: Estimate) -> Iterator[str]:
    if found.in_shadow:
        yield from ("", "In shadow, of whom nobody is told")
        yield from _indented(in_columns([(name, f"{size:,}") for name, size in found.in_shadow.items()]))


def _of_whom(found: Estimate) -> str:
    if found.is_exact:
        return f"of all {counted(found.profiles, 'profile')}"
    return f"estimated from {found.looked_at:,} of {counted(found.profiles, 'profile')}; --all looks at each"


def _move(segment: str, move: Move) -> tuple[str, ...]:
    enter, leave = (f"{sign}{count:,}" if count else "" for sign, count in (("+", move.entering), ("-", move.leaving)))
    return segment, f"{move.members:,}", enter, leave, f"{move.after:,}"


def _examples(segment: str, changes: Sequence[Change]) -> Iterator[str]:
    for enters, verb in ((True, "enter"), (False, "leave")):
        users = [printable(change.subject) for change in changes if _enters(change, segment) is enters]
        if users:
            yield f"  {segment}: {verb} {', '.join(users[:SHOWN])}{' ..' if len(users) > SHOWN else ''}"


def _enters(change: Change, segment: str) -> bool:
    return change.entered and change.segment == segment


def _webhooks(plan: Plan) -> str:
    told = {name: count for name, count in changes_by_endpoint(plan).items() if count}
    if not told:
        return "No webhook hears of it."
    said = ", ".join(f"{name} gets {counted(count, 'change')}" for name, count in told.items())
    return f"Webhooks hear of it, with `live` false: {said}."


def changes_by_endpoint(plan: Plan) -> Mapping[str, int]:
    """How many changes each endpoint of webhooks gets that takes those which are not live."""
    found: dict[str, int] = {}
    for name, endpoint in plan.now.messages.endpoints.items():
        if not endpoint.live_only:
            moves = plan.estimate.moves.items()
            found[name] = sum(_changes(segment, move) for segment, move in moves if _wants(endpoint.segments, segment))
    return found


def _wants(segments: frozenset[str] | None, segment: str) -> bool:
    return segments is None or bool(segments & {segment, segment.partition("/")[0]})


def _changes(segment: str, move: Move) -> int:
    """A level that is left for another is one change."""
    return move.entering if "/" in segment else move.entering + move.leaving


def _bytes(plan: Plan) -> str:
    before, after = plan.row_bytes
    more, profiles = after - before, plan.estimate.profiles
    if not before or not more:
        return f"A profile takes {after:,} bytes of memory{', as before' if before else ''}."
    how = "more" if more > 0 else "less"
    in_all = f": {abs(more) * profiles / 1e6:,.1f} MB over all" if profiles else ""
    return f"A profile takes {after:,} bytes of memory, {abs(more):,} {how} than now{in_all}."


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def in_json(plan: Plan) -> bytes:
    found = plan.estimate
    return msgspec.json.encode(
        {
            "plan_id": plan.plan_id,
            "live": plan.live.number if plan.live else None,
            "is_empty": plan.is_empty,
            "differences": [{"name": each.name, "what": each.what, "how": each.how.value} for each in plan.differences],
            "profiles": found.profiles,
            "looked_at": found.looked_at,
            "moves": [_move_json(name, move, found.examples[name]) for name, move in found.moves.items()],
            "in_shadow": dict(found.in_shadow),
            "warming": {rule.rule.name: format_time(rule.warming_until(found.now_ms) or 0) for rule in plan.warming},
            "awaits_past": plan.awaits,
            "past": _past_json(plan),
            "gives_up": plan.gives_up.number if plan.gives_up else None,
            "webhooks": changes_by_endpoint(plan),
            "row_bytes": {"before": plan.row_bytes[0], "after": plan.row_bytes[1]},
        }
    )


def _past_json(plan: Plan) -> dict[str, object] | None:
    """How far topics reach back, and what will be lacking all the same; null where nothing has to wait."""
    if plan.reach is None:
        return None
    topics = {name: None if at is None else format_time(at) for name, at in plan.reach.topics.items()}
    lacking = [
        {"rule": rule, "feature": text, "since": format_time(since or 0), "whole_on": format_time(at) if at else None}
        for rule, (text, since, at) in plan.partly
    ]
    return {"topics_reach_back_to": topics, "unknown": plan.reach.unknown or None, "lacking": lacking}


def _move_json(segment: str, move: Move, changes: Sequence[Change]) -> dict[str, object]:
    users = {
        enters: [change.subject for change in changes if _enters(change, segment) is enters] for enters in (True, False)
    }
    return {
        "segment": segment,
        "members": move.members,
        "enter": move.entering,
        "leave": move.leaving,
        "entering": users[True],
        "leaving": users[False],
    }
