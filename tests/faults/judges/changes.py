"""Changes of those for whom each is known to the millisecond, and repeats of everybody's."""

from collections.abc import Sequence

from tests.e2e.changes import STAMPS
from tests.e2e.pipeline import Seen
from tests.faults.judges.verdict import Verdict
from tests.faults.stream import Change, Known, Wanted, silent_of_later, without_later


def judge_changes(verdict: Verdict, seen: Sequence[Seen], wanted: Wanted) -> None:
    changes, repeats = each_once(verdict, seen)
    verdict.counts |= {"changes": len(changes), "repeats": repeats}
    told: dict[str, list[Change]] = {}
    for change in changes:
        told.setdefault(change["user_id"], []).append(change)
    aside = {*wanted.erased, *wanted.merged, *wanted.merged.values(), *(each["userId"] for each in wanted.scored)}
    compare(verdict, {user: without_later(told[user]) for user in told.keys() - aside}, wanted.changes)


def each_once(verdict: Verdict, seen: Sequence[Seen]) -> tuple[list[Change], int]:
    """In the order in which they came first, and how many came again."""
    first: dict[str, Change] = {}
    for one in seen:
        change = silent_of_later({name: value for name, value in one.json.items() if name not in STAMPS})
        if first.setdefault(change["id"], change) != change:
            verdict.blame("repeats that differ", (change, first[change["id"]]))
        if one.headers["ce_id"].decode() != change["id"] or (one.key or b"").decode() != change["user_id"]:
            verdict.blame("records that bear another id than their change", one)
    return list(first.values()), len(seen) - len(first)


def compare(verdict: Verdict, told: Known, wanted: Known) -> None:
    """Users' changes, each once and in order, with those that must be."""
    for user in told.keys() | wanted.keys():
        these = {change["id"]: change for change in told.get(user, ())}
        those = {change["id"]: change for change in wanted.get(user, ())}
        for missing in those.keys() - these.keys():
            verdict.blame("lost", those[missing])
        for added in these.keys() - those.keys():
            verdict.blame("invented", these[added])
        for both in these.keys() & those.keys():
            if these[both] != those[both]:
                verdict.blame("differing", (these[both], those[both]))
        if these.keys() == those.keys() and list(these) != list(those):
            verdict.blame("out of order", user)
