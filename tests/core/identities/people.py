"""What a few people do under a few ids: steps in order of time, of which each leaves something that counts.

Comes in: nothing. Goes out: strategies for steps, and the events and merges that they stand for.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from hypothesis import strategies as st

from streams.core.events import Event
from streams.core.links import How
from tests.core.identities.made import of, state, under
from tests.oracle import Merge
from tests.strategies.histories import START_MS

USERS: Final = ("ann", "dan", "cy")
VISITORS: Final = ("a-1", "a-2")
APART_MS: Final = 1_200_000  # any two steps
Item = Event | Merge | int


class Visit(NamedTuple):
    """Of somebody who has not said who that is."""

    alias: str


class SignIn(NamedTuple):
    """Of a user, with a device's id where it has one."""

    user: str
    alias: str | None


class Bill(NamedTuple):
    """Of a subscription of a customer of Stripe's."""

    mrr: float


class Customer(NamedTuple):
    """It is said whose the customer is."""

    user: str


class Becomes(NamedTuple):
    gone: str
    into: str


Step = Visit | SignIn | Bill | Customer | Becomes
STEPS: Final[st.SearchStrategy[Step]] = st.one_of(
    st.builds(Visit, st.sampled_from(VISITORS)),
    st.builds(SignIn, st.sampled_from(USERS), st.sampled_from((None, *VISITORS))),
    st.builds(SignIn, st.sampled_from(USERS), st.sampled_from(VISITORS)),
    st.builds(Bill, st.sampled_from((10.0, 30.0, 50.0))),
    st.builds(Customer, st.sampled_from(USERS)),
    st.permutations(USERS).map(lambda users: Becomes(users[0], users[1])),
)


def history(steps: Sequence[Step]) -> list[Item]:
    """A merge that cannot be is left out."""
    items: list[Item] = []
    now = dict(zip(USERS, USERS, strict=True))
    known: set[str] = set()
    for number, step in enumerate(steps):
        ts = START_MS + number * APART_MS
        match step:
            case Visit(alias):
                items.append(under(alias, ts))
            case SignIn(user, alias):
                items.append(of(user, ts, *([] if alias is None else [alias])))
                known.add(now[user])
            case Bill(mrr):
                items.append(state("cus_1", ts, mrr=mrr))
            case Customer(user):
                items.append(of(user, ts, "cus_1", how=How.CUSTOMER, name="Customer Updated"))
                known.add(now[user])
            case Becomes(gone, into):
                if {gone, into} <= known:
                    known.remove(gone)
                    items.append(Merge(gone, into, ts, f"merge {gone}"))
                    now = {user: into if one == gone else one for user, one in now.items()}
    return items
