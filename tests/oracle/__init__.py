"""The judge of the engine: what the rules mean, worked out the slow way.

    judge           the arrivals one by one, to their users' profiles
    identities.py   whose each is, where some name an alias alone: for what `judge` is given
    population.py   all profiles, the time that has come for them, the edges of quintiles
    profile.py      accept, pass time, evaluate, report
    report.py       what a change says: its type, its segment, its reasons
    view.py         a profile as of one instant: features, scores, memberships
    conditions.py   what a condition says, of a profile or of an event
    accepted.py     what happened, whatever the time
    merged.py       the same of two users who became one
    kept.py         the same, in order of time, for long histories
    scoring.py      edges of quintiles, scores, the R x F grid
    traits.py       traits and the ledger of subscriptions
    values.py       arithmetic, comparison, statistics
    walk.py         ways through a rule's tree

Nothing is kept but the list of what a profile accepted. Every feature is recomputed from that list at every instant
looked at; nothing is rolled forward or expired. By default the list is plain and every boundary is looked at; `Kept`
says the same in a fraction of the time, which a test holds it to. Of the engine only its vocabulary is shared (events,
features, trees, rules). The limits on the number and size of traits are left to the tests of the document.
"""

from collections.abc import Iterable
from datetime import UTC, tzinfo

from streams.core.events import Event
from streams.core.rules.rulebook import Rulebook
from tests.oracle.accepted import Accepted
from tests.oracle.kept import Kept
from tests.oracle.merged import Merge
from tests.oracle.population import Population
from tests.oracle.profile import Forgotten
from tests.oracle.report import Expected, Reason

__all__ = ["Expected", "Forgotten", "Kept", "Merge", "Reason", "judge"]


def judge(
    rulebook: Rulebook,
    arrivals: Iterable[Event | Merge | int],
    until: int,
    zone: tzinfo = UTC,
    history: type[Accepted] = Accepted,
) -> dict[str, list[Expected]]:
    """Every user's changes, in order, when `arrivals` came one by one and time then came to `until`.

    An int among the arrivals says that time has come to it (ms), for all; a `Merge`, that two users are one.
    Raises `Forgotten` where an event is later than quintiles are remembered.
    """
    population = Population(rulebook, zone, history)
    for arrival in (*arrivals, until):
        if isinstance(arrival, Event):
            population.receive(arrival)
        elif isinstance(arrival, Merge):
            population.merge(arrival)
        else:
            population.pass_time(arrival)
    return population.left | {user: profile.changes for user, profile in population.profiles.items()}
