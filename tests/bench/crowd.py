"""What the benchmarks publish: a made-up company's users over the forty days up to now.

Comes in: how many users and track events. Goes out: records of about 200 bytes in the Segment spec, and billing
updates in the plain form, each topic's in time order. Most users come now and then, a few every day; a part of them
is identified, tries or pays, and some payments fail, so that all rules that ship have something to do.
"""

import heapq
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from streams.core.instants import format_time
from streams.testing import Record, billing, identify, to_bytes

DAY_MS = 86_400_000
DAYS = 40
NAMES = ("Signed In", "Report Viewed", "Report Created", "File Exported", "Comment Added", "Search Performed")
TRACK = (
    '{"type":"track","messageId":"%s","userId":"user-%06d","event":"%s","timestamp":"%s",'
    '"properties":{"source":"%s","format":"pdf"}}'
)
SOURCES = ("menu", "search", "email")
HOW_UNEVEN = 1.5  # sigma of the logarithm of how often a user comes
TRIES, PAYS, FAILS = 0.05, 0.25, 0.1  # of all users, of all users, of those who pay


class Sent(NamedTuple):
    """One record. `topic` is without prefix."""

    at_ms: int
    topic: str
    user: str
    value: bytes


@dataclass(frozen=True)
class Crowd:
    """users, track_events: how many. identified: the part of the users of whom a record says who they are."""

    users: int
    track_events: int
    identified: float = 0.3
    end_ms: int = time.time_ns() // 1_000_000

    @property
    def start_ms(self) -> int:
        return self.end_ms - DAYS * DAY_MS

    def product_events(self) -> Iterator[Sent]:
        draw = random.Random(1)
        often = list(accumulate(draw.lognormvariate(0, HOW_UNEVEN) for _ in range(self.users)))
        times = sorted(draw.randrange(self.start_ms, self.end_ms) for _ in range(self.track_events))
        unknown = set(range(round(self.identified * self.users)))
        for at_ms, number in zip(times, draw.choices(range(self.users), cum_weights=often, k=len(times)), strict=True):
            if number in unknown:
                unknown.remove(number)
                yield _sent("product-events", _traits(number, at_ms), at_ms)
            yield Sent(at_ms, "product-events", f"user-{number:06d}", _track(draw, number, at_ms))

    def billing_updates(self) -> Iterator[Sent]:
        draw = random.Random(2)
        found = [sent for number in range(self.users) for sent in self._bills(draw, number)]
        yield from sorted(found, key=lambda sent: sent.at_ms)

    def records(self) -> Iterator[Sent]:
        """Both topics, merged by time."""
        yield from heapq.merge(self.product_events(), self.billing_updates(), key=lambda sent: sent.at_ms)

    def _bills(self, draw: random.Random, number: int) -> Iterator[Sent]:
        user, kind, at_ms = f"user-{number:06d}", draw.random(), draw.randrange(self.start_ms, self.end_ms)
        if kind < TRIES:
            trial = {"status": "trialing", "trial_end": format_time(at_ms + 14 * DAY_MS), "plan": "pro"}
            yield _bill(user, "Trial Started", at_ms, **trial)
        elif kind < TRIES + PAYS:
            yield _bill(user, "Subscription Started", at_ms, subscription_id=f"sub-{number}", plan="pro", mrr=49.0)
            if draw.random() < FAILS:
                yield _bill(user, "Payment Failed", (at_ms + self.end_ms) // 2, amount=49.0)
            yield _bill(user, "Invoice Paid", min(at_ms + 20 * DAY_MS, self.end_ms), amount=49.0)


def _track(draw: random.Random, number: int, at_ms: int) -> bytes:
    message_id = UUID(int=draw.getrandbits(128))
    text = TRACK % (message_id, number, draw.choice(NAMES), format_time(at_ms), draw.choice(SOURCES))
    return text.encode()


def _traits(number: int, at_ms: int) -> Record:
    return identify(
        f"user-{number:06d}",
        at_ms,
        f"identify-{number}",
        name=f"Person {number}",
        email=f"person.{number}@example.com",
        company={"name": f"Company {number % 997}", "employees": number % 500},
        country="NZ",
    )


def _bill(user: str, event: str, at_ms: int, **properties: object) -> Sent:
    return _sent("billing-updates", billing(user, event, at_ms, f"{user} {event} {at_ms}", **properties), at_ms)


def _sent(topic: str, record: Record, at_ms: int) -> Sent:
    return Sent(at_ms, topic, record["userId"], to_bytes(record))
