"""Where users stand: on the topic of memberships, by versions, and in the read model in Redis."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.e2e.pipeline import Seen
from tests.faults.judges.verdict import Verdict
from tests.faults.stream import LATER, RULES, Wanted, Where
from tests.faults.told import Told


def judge_memberships(verdict: Verdict, seen: Sequence[Seen], wanted: Wanted, stand: Where) -> None:
    newest = _newest(verdict, seen)
    for user, segments in stand.items():
        if set(newest.get(user, {"segments": ()})["segments"]) != segments:
            verdict.blame("memberships that are wrong", (user, newest.get(user), segments))
    last = {(one.key or b"").decode(): one.value for one in seen}
    for user in (*wanted.erased, *wanted.merged):
        if last.get(user) is not None:
            verdict.blame("users who are gone and have memberships", user)


def _newest(verdict: Verdict, seen: Sequence[Seen]) -> Mapping[str, Mapping[str, Any]]:
    """A consumer passes over what is older than what it has, as a worker may bring it that wakes too late."""
    newest: dict[str, Mapping[str, Any]] = {}
    older = 0
    for one in seen:
        user, told = (one.key or b"").decode(), one.json
        if told is None:
            newest.pop(user, None)
            continue
        if told["user_id"] != user:
            verdict.blame("memberships under another key", one)
        known = newest.setdefault(user, told)
        older += told["version"] < known["version"]
        if told["version"] == known["version"] and told["segments"] != known["segments"]:
            verdict.blame("versions that say two things", (told, known))
        newest[user] = max(known, told, key=lambda one: one["version"])
    verdict.counts["memberships after newer ones"] = older
    return newest


def judge_read_model(verdict: Verdict, told: Told, wanted: Wanted, stand: Where) -> None:
    gone = {*wanted.erased, *wanted.merged}
    for user in (*stand, *gone):
        if (found := told.held.get(user, set())) != stand.get(user, set()):
            verdict.blame("users who stand elsewhere in Redis", (user, found, stand.get(user)))
    for user in gone & told.profiles:
        verdict.blame("users who are gone and have a profile", user)
    members = Counter(segment for segments in stand.values() for segment in segments)
    for segment in {*RULES, LATER, *members, *told.sizes}:
        if told.sizes.get(segment, 0) != members[segment]:
            verdict.blame("segments of another size", (segment, told.sizes.get(segment, 0), members[segment]))
