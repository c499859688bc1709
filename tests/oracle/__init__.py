"""The judge of the engine: what the rules mean, worked out the slow way.

    judge           the arrivals one by one, to their users' profiles
    profile.py      accept, pass time, evaluate, report
    view.py         a profile as of one instant: features, conditions, memberships
    accepted.py     what happened, whatever the time
    traits.py       traits and the ledger of subscriptions
    values.py       arithmetic and comparison
    walk.py         ways through a rule's tree

Nothing is kept but the plain list of what a profile accepted. Every feature is recomputed from that list at every
instant looked at; nothing is rolled forward or expired. Of the engine only its vocabulary is shared (events,
features, trees, rules). The limits on the number and size of traits are left to the tests of the document.
"""

from collections.abc import Iterable

from streams.core.events import Event
from streams.core.rules import Rulebook
from tests.oracle.profile import Expected, Profile, Reason

__all__ = ["Expected", "Reason", "judge"]


def judge(
    rulebook: Rulebook, arrivals: Iterable[Event | int], until: int, utc_offset_ms: int = 0
) -> dict[str, list[Expected]]:
    """Every user's changes, in order, when `arrivals` came one by one and time then came to `until`.

    An int among the arrivals says that time has come to it (ms), for all.
    """
    profiles: dict[str, Profile] = {}
    time_ms = 0
    for arrival in (*arrivals, until):
        if isinstance(arrival, Event):
            profile = profiles.setdefault(arrival.user, Profile(arrival.user, rulebook, utc_offset_ms))
            profile.receive(arrival)
            profile.pass_time(time_ms)
        else:
            time_ms = max(time_ms, arrival)
            for profile in profiles.values():
                profile.pass_time(time_ms)
    return {user: profile.changes for user, profile in profiles.items()}
