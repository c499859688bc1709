"""The people of a stream: each sort does what one promise is about, and what comes of it is known beforehand.

Comes in: when a stream begins, how long and how fast it is, and chance. Goes out: of each sort what to publish, when.

Most do not depend on when a record is read: those of clicks, whose rules know no time; of visits, which are published
before any worker is there, and whose deadlines fall within the stream; of billing updates; those whose visitor id is
linked to them on the way, and those whose events come by HTTP. Four sorts do: those who buy are scored, by edges that
are agreed on as time goes by; those who import are told of by a rule that comes in the middle; of those who are merged,
how far either had come is chance; some are erased, and gone.
"""

import random
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from streams.core.engine.erasure import Erasure
from streams.sources import profile_commands
from streams.testing import Record, billing, to_bytes, track

DAY_MS: Final = 86_400_000
CLICKS: Final = ("Export Created", "Report Viewed", "Signed In")
IMPORT: Final = "Import Started"  # read by the rule alone that comes in the middle
USERS: Final = 2_000  # of clicks; a tenth as many pay, and are erased
POSTED_EACH: Final = 12  # fewer than a profile remembers ids of: whatever a sender repeats is known
BAD: Final = b'{"type": "track", "event": 5}'


class Planned(NamedTuple):
    """at_s: when to publish it, after the beginning. topic: without prefix. record: that a rule may read. by_http: it
    goes to a collector, which brings it there."""

    at_s: float
    topic: str
    key: str
    value: bytes
    record: Record | None = None
    by_http: bool = False

    @property
    def is_of_merged(self) -> bool:
        return self.key.startswith(("gone", "stays"))

    @property
    def is_first(self) -> bool:
        """Whether it is to be there before any worker is."""
        return self.at_s == 0.0 and self.record is not None and not self.by_http


class Span(NamedTuple):
    """rate: of clicks, a second."""

    chance: random.Random
    begins_ms: int
    seconds: int
    rate: int

    @property
    def ends_ms(self) -> int:
        return self.begins_ms + self.seconds * 1000

    def at_ms(self, at_s: float) -> int:
        return self.begins_ms + int(at_s * 1000)

    def days_ago(self, days: int) -> int:
        return self.begins_ms - days * DAY_MS


def planned(at_s: float, record: Record, by_http: bool = False) -> Planned:
    """A record under the key that producers give: the user, else the visitor."""
    topic = "billing-updates" if record["type"] == "billing" else "product-events"
    return Planned(at_s, topic, record["userId"] or record["anonymousId"], to_bytes(record), record, by_http)


def visits(span: Span) -> Iterator[Planned]:
    """All at once; each user's last is a week old, which is a deadline, at some instant of the stream."""
    times = sorted(span.chance.randrange(span.begins_ms, span.ends_ms) for _ in range(span.seconds * 20))
    for number, deadline_ms in enumerate(times):
        user = f"visits-{span.chance.randrange(span.seconds * 10)}"
        yield planned(0.0, track(user, "Visited", deadline_ms - 7 * DAY_MS, f"v-{number}"))


def clicks(span: Span) -> Iterator[Planned]:
    """Some of them cannot be used."""
    for number in range(span.rate * span.seconds):
        at_s, user = number / span.rate, f"clicks-{span.chance.randrange(USERS)}"
        yield planned(at_s, track(user, span.chance.choice(CLICKS), span.days_ago(60) + number, f"c-{number}"))
        if span.chance.random() < 0.001:
            yield Planned(at_s, "product-events", user, BAD)


def payments(span: Span) -> Iterator[Planned]:
    for number in range(span.seconds * 20):
        user, mrr = f"pays-{span.chance.randrange(USERS // 10)}", span.chance.choice([0, 15, 30, 60])
        at_ms = span.days_ago(50) + number
        said = billing(user, "Subscription Updated", at_ms, f"b-{number}", mrr=mrr, status="active")
        yield planned(number / 20, said)


def linked(span: Span) -> Iterator[Planned]:
    """A visitor, before and after it is known who that is; of the user nothing else, so that all comes in one order."""
    for number in range(span.seconds * 2):
        user, device, at_ms = f"linked-{number}", f"device-{number}", span.days_ago(30)
        link = track(user, "Signed Up", at_ms, f"l-{number}") | {"anonymousId": device}
        yield planned(span.chance.uniform(0, span.seconds), link)
        for place, at_s in enumerate(sorted(span.chance.uniform(0, span.seconds) for _ in range(8)), 1):
            click = track(None, span.chance.choice(CLICKS), at_ms + place, f"l-{number}-{place}")
            yield planned(at_s, click | {"anonymousId": device})


def imports(span: Span) -> Iterator[Planned]:
    """Of no rule's concern before one comes in the middle. It tells them at the time of its coming, from which on
    nothing of theirs is of before."""
    for number in range(span.seconds * 20):
        user, what = f"imports-{span.chance.randrange(USERS // 10)}", span.chance.choice([IMPORT, "Signed In"])
        yield planned(number / 20, track(user, what, span.days_ago(45) + number, f"i-{number}"))


def posted(span: Span) -> Iterator[Planned]:
    count = span.seconds * 20
    for number in range(count):
        user = f"posted-{number % (count // POSTED_EACH + 1)}"
        click = track(user, span.chance.choice(CLICKS), span.days_ago(20) + number, f"h-{number}")
        yield planned(number / 20, click, by_http=True)


def purchases(span: Span) -> Iterator[Planned]:
    """Of some more than of others; as old as the windows of their scores have them, whenever they are read."""
    for number in range(span.seconds * 20):
        user = f"buys-{int(min(span.chance.expovariate(0.01), USERS / 10))}"
        price = span.chance.choice([5, 20, 80])
        bought = track(user, "Bought", span.days_ago(span.chance.randrange(1, 80)), f"p-{number}", price=price)
        yield planned(number / 20, bought)


def pairs(span: Span) -> Mapping[str, str]:
    """Who becomes whom."""
    return {f"gone-{number}": f"stays-{number}" for number in range(span.seconds)}


def merged(span: Span) -> Iterator[Planned]:
    """Both of a pair are there from the beginning, go on, and are merged on the way; what still comes of who is gone is
    the other's. Some of it is late: a state that is made anew takes it by its time, before the merge, and here it may
    have come after it."""
    for gone, stays in pairs(span).items():
        for user in (gone, stays):
            for place in range(6):
                at_s = span.chance.uniform(0, span.seconds) if place else 0.0
                what = span.chance.choice(CLICKS)
                at_ms = span.at_ms(at_s) if place % 2 else span.days_ago(10) + place
                yield planned(at_s, track(user, what, at_ms, f"{user}-{place}"))
        at_s = span.chance.uniform(1, span.seconds)
        command = profile_commands.merge(gone, stays, span.at_ms(at_s), f"merge-{gone}")
        yield Planned(at_s, "profile-commands", gone, profile_commands.encode(command))


def erased(span: Span) -> Iterator[Planned]:
    """Some who click and buy, and are erased a while later."""
    for number in range(USERS // 10):
        user, at_s = f"erased-{number}", span.chance.uniform(0, span.seconds / 2)
        for place in range(3):
            what = span.chance.choice(["Export Created", "Bought"])
            yield planned(at_s, track(user, what, span.days_ago(40) + place, f"{user}-{place}"))
        command = profile_commands.encode(Erasure(user, span.days_ago(40) + 1_000, f"erase-{number}"))
        yield Planned(span.chance.uniform(at_s, span.seconds), "profile-commands", user, command)
