"""Made-up histories of a few users, and what the engine alone makes of them."""

import json
import random
import time
from collections.abc import Sequence

from streams.outputs.change import encode_change
from streams.testing import Record, billing, changes, track
from tests.e2e.changes import Known, by_user
from tests.e2e.pipeline import Pipeline

DAY_MS = 86_400_000
# All deadlines of the rules have passed by now, so that what comes out does not depend on when a test runs.
NEWEST_MS = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS - 60 * DAY_MS


def history(users: int, events: int, seed: int = 1) -> list[Record]:
    """Half a year of a few users, in order of time."""
    chance = random.Random(seed)
    times = sorted(NEWEST_MS - chance.randrange(150 * DAY_MS) for _ in range(events))
    return [_something(chance, f"user-{chance.randrange(users)}", at, number) for number, at in enumerate(times)]


def actions(users: int, events: int) -> list[Record]:
    """The product events of the same."""
    return [record for record in history(users, events) if record["type"] == "track"]


def _something(chance: random.Random, user: str, at: int, number: int) -> Record:
    if chance.random() < 0.1:
        mrr = chance.choice([0, 20, 50])
        return billing(user, "Subscription Updated", at, f"b-{number}", mrr=mrr, status="active")
    return track(user, chance.choice(["Report Viewed", "Signed In", "Export Created"]), at, f"m-{number}")


def expected(pipeline: Pipeline, records: Sequence[Record]) -> Known:
    """What the engine alone makes of them."""
    now_ms = time.time_ns() // 1_000_000
    return by_user([json.loads(encode_change(change)) for change in changes(pipeline.rulebook, records, now_ms)])
