"""Made-up histories of a few users, and what the engine alone makes of them."""

import json
import random
import time
from collections.abc import Sequence

from streams.outputs.change import encode_change
from streams.testing import Record, billing, changes, track
from tests.e2e.changes import Known, by_user
from tests.e2e.pipeline import TIMELESS, Pipeline

DAY_MS = 86_400_000
# All deadlines of the rules have passed by now, so that what comes out does not depend on when a test runs.
NEWEST_MS = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS - 60 * DAY_MS

# Lost, or counted twice, any event would be missed here, in whatever order they come.
EXACTLY = {"exactly": 'enter: count(any) == 12 and count("Signed In") == 4'}


def history(users: int, events: int, seed: int = 1) -> list[Record]:
    """Half a year of a few users, in order of time."""
    chance = random.Random(seed)
    times = sorted(NEWEST_MS - chance.randrange(150 * DAY_MS) for _ in range(events))
    return [_something(chance, f"user-{chance.randrange(users)}", at, number) for number, at in enumerate(times)]


def actions(users: int, events: int) -> list[Record]:
    """The product events of the same."""
    return [record for record in history(users, events) if record["type"] == "track"]


class InParts:
    """What 200 users do, published a part at a time, so that something can happen between two. wanted: what the engine
    alone makes of all of it."""

    def __init__(self, pipeline: Pipeline, parts: int):
        pipeline.use(TIMELESS)
        records = actions(users=200, events=6_000)
        self.wanted = expected(pipeline, records)
        size = -(-len(records) // parts)
        self._pipeline, self._parts = pipeline, iter([records[at : at + size] for at in range(0, len(records), size)])

    def publish_next(self) -> None:
        self._pipeline.publish(next(self._parts))


def _something(chance: random.Random, user: str, at: int, number: int) -> Record:
    if chance.random() < 0.1:
        mrr = chance.choice([0, 20, 50])
        return billing(user, "Subscription Updated", at, f"b-{number}", mrr=mrr, status="active")
    return track(user, chance.choice(["Report Viewed", "Signed In", "Export Created"]), at, f"m-{number}")


def expected(pipeline: Pipeline, records: Sequence[Record]) -> Known:
    """What the engine alone makes of them."""
    now_ms = time.time_ns() // 1_000_000
    return by_user([json.loads(encode_change(change)) for change in changes(pipeline.rulebook, records, now_ms)])


def exactly_twelve(users: int) -> list[Record]:
    """Of each user four events of each of three names, all users' in turns."""
    names = ("Signed In", "Report Viewed", "Export Created")
    return [
        {
            "type": "track",
            "messageId": f"m-{turn}",
            "userId": f"user-{user}",
            "event": names[turn % 3],
            "timestamp": 1_700_000_000_000 + turn,
        }
        for turn in range(12)
        for user in range(users)
    ]
