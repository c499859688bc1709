"""Several shards that tell each other about aliases and merges, with crashes around their checkpoints.

Comes in: events, and who works and crashes when. Goes out: what was told, and who everybody is.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from streams.core.batch import Batch
from streams.core.changes import Change
from streams.core.engine.shard import Shard
from streams.core.events import Event
from streams.core.identities import kept
from streams.core.identities.aliases import Aliases
from streams.core.identities.identities import Identities, pieces
from streams.core.identities.owners import Owners
from streams.core.identities.refusals import Refusals
from tests.core.identities.made import KEEP, RULES


class Stored:
    """What the last checkpoint of a shard kept."""

    def __init__(self) -> None:
        self.head = b""
        self.positions = (0, 0)
        self.parts: dict[str, dict[Any, Any]] = defaultdict(dict)

    def write(self, name: str, put: Sequence[tuple[Any, Any]], drop: Sequence[Any] = ()) -> None:
        for each in drop:
            self.parts[name].pop(each, None)
        self.parts[name].update(put)


class Worker:
    """A shard as its last checkpoint has it, and what it did since."""

    def __init__(self, stored: Stored):
        parts = stored.parts
        if stored.head:
            self.shard = Shard.restore(
                RULES, stored.head, parts["rows"].items(), parts["documents"], marks=parts["marks"]
            )
        else:
            self.shard = Shard(RULES)
        self.identities = Identities(
            self.shard,
            Aliases(KEEP, parts["records"], parts["standings"]),
            Owners(parts["owned"]),
            Refusals(),
            parts["questions"],
        )
        self.read, self.heard = stored.positions
        self.outbox: list[Event] = []
        self.changes: list[Change] = []

    def apply(self, source: str, events: Sequence[Event], offset: int) -> None:
        batch = Batch.of(events, range(offset, offset + len(events)))
        for piece, _ in pieces(batch):
            sorted_ = self.identities.sort(piece, [source])
            self.changes += self.identities.take_changes() + self.shard.step(sorted_.apply)
            self.outbox += sorted_.told

    def save(self, stored: Stored) -> None:
        dirty, written = self.shard.take_dirty(), self.identities.take()
        stored.write("rows", dirty.rows, [*dirty.erased, *dirty.moved])
        stored.write("documents", dirty.documents, [*dirty.erased, *dirty.moved])
        stored.write("owned", [], [*dirty.erased, *dirty.moved])
        stored.write("marks", dirty.marks)
        stored.write("records", written.aliases.records, written.aliases.dropped)
        stored.write("standings", written.aliases.standings, written.aliases.forgotten)
        stored.write("owned", *written.owned)
        stored.write("questions", *written.questions)
        stored.head, stored.positions = self.shard.head(), (self.read, self.heard)


class Network:
    """Shards that tell each other what they must: each message at least once, in order, as they were encoded."""

    def __init__(self, shards: int):
        self.inputs: list[list[Event]] = [[] for _ in range(shards)]
        self.internal: list[list[bytes]] = [[] for _ in range(shards)]
        self.stored = [Stored() for _ in range(shards)]
        self.running = [Worker(stored) for stored in self.stored]
        self.told: list[Change] = []

    def home(self, subject: str) -> int:
        return sum(subject.encode()) % len(self.inputs)

    def send(self, event: Event) -> None:
        self.inputs[self.home(event.subject)].append(event)

    def work(self, shard: int, most: int, crashes_before: bool, crashes_after: bool) -> None:
        """A checkpoint's worth of it. A crash after it is one after its outbox was published, before that is known."""
        worker = self.running[shard]
        events = self.inputs[shard][worker.read : worker.read + most]
        messages = [kept.decode(raw) for raw in self.internal[shard][worker.heard : worker.heard + most]]
        worker.apply(f"product-events/{shard}", events, worker.read)
        worker.apply(f"rerouted-events/{shard}", messages, worker.heard)
        worker.read, worker.heard = worker.read + len(events), worker.heard + len(messages)
        if crashes_before:
            self.running[shard] = Worker(self.stored[shard])
            return
        worker.save(self.stored[shard])
        self.told += worker.changes
        for _ in range(1 + crashes_after):
            for event in worker.outbox:
                self.internal[self.home(event.subject)].append(kept.encode(event))
        worker.outbox, worker.changes = [], []
        if crashes_after:
            self.running[shard] = Worker(self.stored[shard])

    def settle(self) -> None:
        for _ in range(200):
            for shard in range(len(self.inputs)):
                self.work(shard, 5, crashes_before=False, crashes_after=False)
            done = [(len(read), len(heard)) for read, heard in zip(self.inputs, self.internal, strict=True)]
            if done == [(worker.read, worker.heard) for worker in self.running]:
                return
        raise AssertionError("they never stop telling each other something")

    def who(self, user: str) -> str:
        merged = {gone: into for worker in self.running for gone, into in worker.identities.aliases.merged.items()}
        for _ in range(len(merged) + 1):
            if user not in merged:
                return user
            user = merged[user]
        raise AssertionError("a circle")
