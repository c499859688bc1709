"""All judges at once: what a group told of a stream, held against what must come of it."""

from collections import Counter

from streams.core.rules.rulebook import Rulebook
from tests.faults.judges.changes import each_once, judge_changes
from tests.faults.judges.deliveries import judge_deliveries
from tests.faults.judges.following import judge_following
from tests.faults.judges.letters import judge_letters
from tests.faults.judges.memberships import judge_memberships, judge_read_model
from tests.faults.judges.processes import judge_connections
from tests.faults.judges.scores import judge_edges, judge_levels
from tests.faults.judges.verdict import Verdict
from tests.faults.stream import Wanted
from tests.faults.told import Told


def judged(told: Told, wanted: Wanted, rulebook: Rulebook, lost: bool, delivers: bool) -> Verdict:
    """lost: whether Redis has lost something on the way. delivers: whether the group has a `segmenter deliver`."""
    verdict = Verdict()
    stand = {**wanted.stand, **judge_edges(verdict, told, wanted, rulebook)}
    changes, _ = each_once(Verdict(), told.changes)
    judge_changes(verdict, told.changes, wanted)
    judge_following(verdict, changes, wanted, stand, lost)
    judge_levels(verdict, changes, wanted)
    judge_memberships(verdict, told.memberships, wanted, stand)
    judge_read_model(verdict, told, wanted, stand)
    judge_letters(verdict, told.letters, wanted)
    if delivers:
        judge_deliveries(verdict, told, wanted.changes, wanted.erased, lost)
    judge_connections(verdict, told.held_open)
    if unread := Counter(wanted.by_topic) - Counter(told.applied):
        verdict.blame("inputs that were not read to their end", unread)
    return verdict
