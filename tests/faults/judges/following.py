"""Changes whose instants depend on when something was read: of scores by quintiles, of users who are merged, and of a
rule that comes in the middle. Whenever that was, they follow one another: of a user and rule, ordinals without a gap,
each from where the one before led to. Where Redis has lost something they go on from a change of before; who then
stands elsewhere than where the last one led is led there by one of cause `backfill`, and by no other.

And in the end everybody is where the last of them says, which is where she must be.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from tests.faults.judges.verdict import Verdict
from tests.faults.stream import LATER, SCORES, Change, Wanted, Where


class Step(NamedTuple):
    """Where a user is after so many changes of a rule; segment: None in none of its own."""

    ordinal: int
    segment: str | None


NOWHERE: Final = Step(0, None)


def before(change: Change) -> Step:
    """From where it leads."""
    left = change["segment"] if change["type"] == "segment.exited" else change.get("previous")
    return Step(change["ordinal"] - 1, left)


def after(change: Change) -> Step:
    return Step(change["ordinal"], None if change["type"] == "segment.exited" else change["segment"])


def judge_following(verdict: Verdict, changes: Sequence[Change], wanted: Wanted, stand: Where, lost: bool) -> None:
    """changes: of all rules and users, each once. stand: of all who are neither erased nor merged away. lost: whether
    Redis has lost something."""
    followed = [change for change in changes if _is_followed(change, wanted)]
    steps = follow(verdict, followed, lost)
    for change in followed:
        if change["cause"] == "merge" and change.get("merged_into") != wanted.merged.get(change["user_id"]):
            verdict.blame("merges that do not say into whom", change)
    ends: dict[str, set[str]] = {}
    for (user, _), step in steps.items():
        ends.setdefault(user, set()).update({step.segment} if step.segment else ())
    for gone in wanted.merged:
        if ends.get(gone):
            verdict.blame("users merged away who were not told to leave", (gone, ends[gone]))
    for user, segments in stand.items():
        told = ends.get(user, set())
        must = {each for each in segments if user in wanted.merged.values() or _is_rule(each, (SCORES, LATER))}
        if told != must:
            verdict.blame("users who end elsewhere than where they must be", (user, told, must))
    verdict.counts["of those that follow"] = len(followed)


def _is_followed(change: Change, wanted: Wanted) -> bool:
    is_merged = change["user_id"] in wanted.merged or change["user_id"] in wanted.merged.values()
    return change["user_id"] not in wanted.erased and (is_merged or change["rule"] in (SCORES, LATER))


def _is_rule(segment: str, rules: Iterable[str]) -> bool:
    return segment.partition("/")[0] in rules


def _leads_on(change: Change, last: Step) -> bool:
    """To elsewhere than where the last change led."""
    return before(change) == last and after(change).segment != last.segment and not change["event_id"]


def follow(verdict: Verdict, changes: Sequence[Change], lost: bool) -> Mapping[tuple[str, str], Step]:
    """Where each user is by each rule after the last of them."""
    steps: dict[tuple[str, str], list[Step]] = {}
    for change in changes:
        known = steps.setdefault((change["user_id"], change["rule"]), [NOWHERE])
        if change["cause"] == "backfill" and not (lost and _leads_on(change, known[-1])):
            verdict.blame("backfills that do not lead on from the last change", (change, known))
        elif before(change) not in (known if lost else known[-1:]):
            verdict.blame("changes that do not follow those before", (change, known))
        known.append(after(change))
    return {whose: known[-1] for whose, known in steps.items()}
