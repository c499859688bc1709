"""What a backtest does not know, and says.

Comes in: a `Question`, and when its history begins. Goes out: from when on each rule has seen all that it reads, and
sentences.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from streams.backtest.question import Question, has_quintiles
from streams.core.engine.shard import Shard
from streams.core.explain.inventory import take_inventory
from streams.core.instants import format_time
from streams.core.profiles.snapshot import Head

BEGINS: Final = (
    "The history begins {begins}. If anything happened before, it is not counted: whoever should be in at the beginning"
    " enters late."
)
ERASED: Final = "Of users who were erased it has nothing, or what a running group refuses: they are not told apart."
PASSED_OVER: Final = "What happened to users before they were erased is passed over, of {users:,} of them."
LOST: Final = "These topics no longer reach back to their beginning: {topics}."
MERGED: Final = (
    "Files that are not in order of time may be merged otherwise than a replay merges them, as several processes share"
    " the users; with --jobs 1 they are merged as there."
)


class RuleWarmth(msgspec.Struct):
    """complete_from: from when on no window of the new rule reaches back before the history; None where it has none.
    reads_all_of_life: what it reads that has no window, and is of the history alone if more happened before."""

    rule: str
    complete_from: str | None
    reads_all_of_life: Sequence[str]


def warmth(question: Question, begins_ms: int) -> list[RuleWarmth]:
    settings = question.settings
    shard = Shard(question.new, settings.calendar, begun_ms=begins_ms, remembered_ids=settings.remembered_ids)
    inventory = take_inventory(question.new, [Head.decode(shard.head())], settings.calendar)
    found: list[RuleWarmth] = []
    for live in inventory.rules:
        covered = [each.covered_from_ms for each in live.readings if each.covered_from_ms is not None]
        for_life = [each.text for each in live.readings if each.since_ms is not None and each.covered_from_ms is None]
        found.append(RuleWarmth(live.rule.name, format_time(max(covered)) if covered else None, for_life))
    return found


def unknowns(question: Question, begins_ms: int | None, rules: Sequence[RuleWarmth], processes: int) -> list[str]:
    if begins_ms is None:
        return ["There is no event in the history: nothing can be told."]
    found = [BEGINS.format(begins=format_time(begins_ms))]
    late = [f"{each.rule} from {each.complete_from[:10]}" for each in rules if each.complete_from is not None]
    if late:
        found.append(f"Rules whose windows reach back before it are complete only later: {', '.join(late)}.")
    if for_life := sorted({each.rule for each in rules if each.reads_all_of_life}):
        found.append(f"Rules that ask for all of a user's life know the history alone: {', '.join(for_life)}.")
    found += [LOST.format(topics=", ".join(question.lost))] if question.lost else []
    found.append(PASSED_OVER.format(users=len(question.erased)) if question.erased else ERASED)
    if has_quintiles(question):
        found.append("Edges of quintiles are those of everybody in the history, which one process works out alone.")
    if processes > 1 and len(question.files) > 1:
        found.append(MERGED)
    return found
