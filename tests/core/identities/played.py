"""Arrivals resolved by identities and applied by the engine, for tests."""

from streams.core.batch import Batch
from streams.core.events import Event
from streams.core.identities.identities import Identities
from streams.core.rules.rulebook import Rulebook
from tests import strategies as made
from tests.core.harness import Changes, Engine
from tests.core.identities.made import DAY

KEEP_MS = 3 * DAY


def run(rulebook: Rulebook, arrivals: list[Event | int], cuts: set[int]) -> Changes:
    """In as many batches as there are cuts."""
    engine = Engine(rulebook)
    identities = Identities.empty(engine.shard, KEEP_MS)
    batch: list[Event] = []
    for place, arrival in enumerate([*arrivals, made.END_MS]):
        if place in cuts or isinstance(arrival, int):
            for part in identities.resolve(Batch.of(batch)):
                engine.apply(part.events)
            batch = []
        if isinstance(arrival, int):
            engine.pass_time(arrival)
        else:
            batch.append(arrival)
    return engine.reported
