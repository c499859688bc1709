"""What happens to a few people under a few ids, in a row.

Comes in: steps, those of `tests.core.identities.people` and those below. Goes out: the records that a company publishes
of them, and what the judge is told of them.
"""

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from hypothesis import strategies as st

from streams.core.compiler.catalog import Catalog
from streams.core.engine.erasure import Erasure
from streams.core.events import Event
from streams.sources import Decoder, profile_commands
from streams.testing import identify, to_bytes, track
from tests.anytime import ANY_TIME
from tests.core.identities.people import APART_MS, USERS, Becomes, Bill, Customer, SignIn, Step, Visit
from tests.oracle import Merge
from tests.rulebooks import rulebook
from tests.strategies.histories import START_MS

COUNTED: Final = rulebook(**{f"seen-{n}": f"count(any) >= {n}" for n in range(1, 7)}, payer="mrr >= 20")
DECODER: Final = Decoder(Catalog(COUNTED).reads, ANY_TIME)


class Erase(NamedTuple):
    user: str


class Early(NamedTuple):
    """A merge that is stamped before all that happened, as by a backend that sends no time of its own."""

    gone: str
    into: str


class Late(NamedTuple):
    """What a user did so many steps ago, and is told of now. It has no id, by which a repeat would be seen."""

    user: str
    by: int


class LateVisit(NamedTuple):
    """The same of somebody who has not said who that is."""

    alias: str
    by: int


class Backdated(NamedTuple):
    """A merge that is stamped so many steps before."""

    gone: str
    into: str
    by: int


class Published(NamedTuple):
    """A record, and when it was written."""

    topic: str
    key: str
    value: bytes
    at_ms: int


ERASURES: Final = st.builds(Erase, st.sampled_from(USERS))
EARLY: Final = st.permutations(USERS).map(lambda users: Early(users[0], users[1]))
AGO: Final = st.integers(0, 12)
OF_USERS: Final[st.SearchStrategy[Step | Early | Late | Backdated]] = st.one_of(
    st.builds(Late, st.sampled_from(USERS), AGO),
    st.builds(SignIn, st.sampled_from(USERS), st.none()),
    st.builds(Late, st.sampled_from(USERS), AGO),
    st.permutations(USERS).map(lambda users: Becomes(users[0], users[1])),
    st.builds(Backdated, st.sampled_from(USERS), st.sampled_from(USERS), AGO).filter(lambda one: one[0] != one[1]),
)
# With a device of one of them.
WITH_A_DEVICE: Final = OF_USERS | st.one_of(st.just(SignIn("ann", "a-1")), st.builds(LateVisit, st.just("a-1"), AGO))
# Two devices, of which one is of two who become one; a customer who is one's and then the other's; and a chain.
EVENTFUL: Final[Sequence[Step]] = (
    *(Visit("a-1"), Bill(30.0), SignIn("ann", "a-1"), SignIn("dan", "a-1"), Visit("a-1"), Customer("ann")),
    *(Customer("dan"), SignIn("cy", "a-2"), Becomes("ann", "dan"), Visit("a-1"), Becomes("dan", "cy"), Visit("a-1")),
)


def records(steps: Sequence[Step | Erase | Early | Late | LateVisit | Backdated]) -> list[Published]:
    """A merge that cannot be is left out."""
    found: list[Published] = []
    now = dict(zip(USERS, USERS, strict=True))
    known: set[str] = set()
    for number, step in enumerate(steps):
        ts = now_ms = START_MS + number * APART_MS
        match step:
            case Visit(alias):
                record = track(None, "Page Viewed", ts, f"m-{number}", n=number) | {"anonymousId": alias}
                record |= {"context": {"campaign": {"n": number}}}
                found.append(Published("product-events", alias, to_bytes(record), now_ms))
            case SignIn(user, alias):
                record = track(user, "Signed In", ts, f"m-{number}", n=number)
                record |= {"context": {"device": {"n": number}}} | ({"anonymousId": alias} if alias else {})
                found.append(Published("product-events", user, to_bytes(record), now_ms))
                known.add(now[user])
            case Late(user, by):
                record = track(user, "Page Viewed", ts - by * APART_MS)
                found.append(Published("product-events", user, to_bytes(record), now_ms))
                known.add(now[user])
            case LateVisit(alias, by):
                record = track(None, "Page Viewed", ts - by * APART_MS) | {"anonymousId": alias}
                found.append(Published("product-events", alias, to_bytes(record), now_ms))
            case Bill(mrr):
                found.append(Published("billing-updates", "cus_1", to_bytes(subscription(number, ts, mrr)), now_ms))
            case Customer(user):
                record = identify(user, ts, f"m-{number}", stripe_customer_id="cus_1")
                found.append(Published("product-events", user, to_bytes(record), now_ms))
                known.add(now[user])
            case Erase(gone):
                command = profile_commands.encode(Erasure(gone, ts, f"m-{number}"))
                found.append(Published("profile-commands", gone, command, now_ms))
                whoever = now.get(gone)  # nobody, where it is an alias
                known.discard(whoever or "")
                now = {user: user if one == whoever else one for user, one in now.items()}
            case Becomes(gone, into) | Early(gone, into) | Backdated(gone, into, _) if {gone, into} <= known:
                ts = START_MS - APART_MS + number if isinstance(step, Early) else ts
                ts -= step.by * APART_MS if isinstance(step, Backdated) else 0
                command = profile_commands.encode(profile_commands.merge(gone, into, ts, f"merge {gone}"))
                found.append(Published("profile-commands", gone, command, now_ms))
                known.remove(gone)
                now = {user: into if one == gone else one for user, one in now.items()}
    return found


def subscription(number: int, ts: int, mrr: float) -> dict[str, object]:
    monthly = {"interval": "month", "interval_count": 1}
    price = {"id": "price_1", "unit_amount": int(mrr * 100), "currency": "usd", "recurring": monthly}
    items = {"data": [{"id": "si_1", "quantity": 1, "price": price}]}
    body = {"object": "subscription", "id": "sub_1", "customer": "cus_1", "status": "active", "items": items}
    event = {"object": "event", "id": f"evt_{number}", "type": "customer.subscription.updated", "livemode": True}
    return event | {"created": ts // 1000, "data": {"object": body}}


def items(published: Sequence[Published]) -> list[Event | Merge | int]:
    """What the judge is told."""
    found: list[Event | Merge | int] = []
    for topic, key, value, _ in published:
        if topic == "profile-commands":
            said = json.loads(value)
            at = profile_commands.decode(value, key.encode(), None)
            assert isinstance(at, Event)
            found.append(Merge(said["userId"], said["into"], at.ts, said["messageId"]))
        else:
            event = DECODER.decode_line(value)
            assert isinstance(event, Event), event
            found.append(event)
    return found
