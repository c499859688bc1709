"""The intake of one shard: what fetches bring is decoded at once and waits in the inbox, merged by time.

Comes in: `Fetched` values. Goes out: commands that go first, batches to apply, a dead letter for each record that
cannot be used, and a message for each that is another shard's. A record that names an alias alone belongs to the
alias's shard.

Nobody waits here: a source that is far ahead of the others is not read for a while instead.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from faust.types import TP
from msgspec.structs import replace

from streams.core.batch import Batch
from streams.core.engine.erasure import Erasure
from streams.core.engine.inbox import NOTHING, Inbox
from streams.core.events import Decoded, Event, Ignored, Reject
from streams.core.identities.questions import Arrived
from streams.core.kernel.layout import NEVER
from streams.core.links import Unlinked
from streams.core.merges import Noted
from streams.errors import StateError
from streams.kafka.message import Message
from streams.kafka.partitioning import homes
from streams.log import log
from streams.runtime.intake import rerouting
from streams.runtime.intake.decoding import Decoding, unless_we_fail
from streams.runtime.intake.held_back import HeldBack
from streams.runtime.intake.letters import Letters
from streams.runtime.intake.misrouted import Misrouted, wrong_partition
from streams.runtime.intake.priority_commands import PriorityCommands
from streams.runtime.intake.rerouting import Received, Rerouted, Told, source_of
from streams.runtime.transport.fetching import Fetched, FetchedRecord
from streams.runtime.worker import Worker
from streams.sources import delivery_commands, profile_commands
from streams.topics import DELIVERY_COMMANDS, PROFILE_COMMANDS, REROUTED_EVENTS

# Events of one source that wait here before its partition is paused, and when it is read again.
MOST: Final = 20_000
ENOUGH: Final = 10_000
NOTHING_APPLIED: Final[Mapping[str, int]] = MappingProxyType({})


class Intake:
    """letters: of records that have been received; whoever takes them publishes them.

    applied: how far the state says that rerouted records were applied, by `<topic>/<partition>`. hear: what is made of
    what another shard told, before all else. reached_ms: how far its inputs had come together before. held: of this.
    """

    def __init__(
        self,
        worker: Worker,
        offsets: Mapping[TP, int],
        applied: Mapping[str, int] = NOTHING_APPLIED,
        hear: Callable[[Event], Event] | None = None,
        reached_ms: int = NEVER,
        held: HeldBack | None = None,
    ):
        self._worker, self._hear, self.held = worker, hear, held
        topic = worker.settings.topic
        self._decoding = Decoding(worker)
        self._rerouted = topic(REROUTED_EVENTS.name)
        self._misrouted = Misrouted(worker, self._decoding, self._rerouted)
        self._received = Received(applied)
        self._positions = {tp.topic: offset for tp, offset in offsets.items()}
        self._read_to = dict(self._positions)
        self._missed: str | None = None
        self._commands = topic(PROFILE_COMMANDS.name)
        # A merge is asked for before it is answered, also where both are read again.
        sources = (*self._decoding, self._commands, self._rerouted)
        self._inbox = Inbox([name for name in sources if name in self._positions], reached_ms)
        partitions = {tp.topic: tp for tp in offsets}
        self.put_back = self._inbox.put_back
        self.sources = [source_of(partitions[name]) for name in self._inbox.sources]
        self._priority = PriorityCommands(self._positions.get(self._commands, 0))
        self._commanded: dict[str, int] = {}  # users, and the offset of the newest command about each, in their order
        self._ends: dict[str, int] = {}
        self._paused: set[TP] = set()
        self._reading: int | None = None
        self.tps = tuple(offsets)
        self._number = self.tps[0].partition
        self.letters = Letters(worker)

    def know_moving(self, *users: Collection[str]) -> None:
        """Users who are others by now, or about whom that is asked; those of commands are known here."""
        self._decoding.moving = (*users, self._commanded)

    @property
    def reached_ms(self) -> int:
        """How far its inputs have come together."""
        return self._inbox.reached_ms

    async def start(self, offsets: Mapping[TP, int]) -> None:
        self._reading = await self._worker.consumer.start_reading(offsets)

    def stop(self) -> None:
        self._reading = None
        self._worker.consumer.stop_reading(self.tps)

    def receive(self, fetched: Fetched) -> None:
        """Decode what a fetch brought; a fetch for an earlier owner, or an earlier life of this one, is dropped."""
        source = fetched.tp.topic
        if fetched.reading != self._reading or self._is_behind_a_gap(fetched):
            return
        self._read_to[source] = fetched.next_offset
        read = {self._commands: self._read_commands, self._rerouted: self._read_rerouted}.get(source, self._read_input)
        self._inbox.add(source, read(fetched.tp, fetched.records), fetched.next_offset)
        self._inbox.caught_up[source] = fetched.caught_up
        if source == self._commands:
            self._priority.pass_to(fetched.next_offset, fetched.caught_up)
        self.letters.bury_unreadable(fetched)
        self._ends[source] = fetched.end
        if self._held(source) > MOST:
            self._paused.add(fetched.tp)
            self._worker.consumer.pause_partitions([fetched.tp])

    def _is_behind_a_gap(self, fetched: Fetched) -> bool:
        """Whether it, or an earlier one, began beyond what has come: something on the way has dropped a fetch."""
        tp, first = fetched.tp, self._read_to[fetched.tp.topic]
        if self._missed is None and fetched.first_offset > first:
            self._missed = f"{tp.topic}, partition {tp.partition}, offsets {first} up to {fetched.first_offset}"
        return self._missed is not None

    def hold_erasures_from(self, offset: int) -> None:
        """Of who is to be erased by commands from there on, until this is called with a later offset."""
        self._priority.hold_from(offset)

    def take_commands(self, limit: int) -> list[Erasure | Noted]:
        """The next that go before all events, at most so many. StateError: something was missed, and all is to be read
        again."""
        if self._missed is not None:
            raise StateError(f"what was read of {self._missed} never came here; please report this")
        return self._priority.take(limit)

    def take(self, limit: int) -> Batch:
        """The next events to apply, at most so many; none while a command is to go first.

        None beyond a misrouted record that waits: no offset passes it, so that the next owner would apply them again.
        """
        self._forget_commanded()
        is_held_up = self._commands in self._positions and not self._priority.are_done
        bounds = self._misrouted.first_offsets()
        bounds = self.held.bounds(bounds) if self.held else bounds
        batch = NOTHING if is_held_up else self._inbox.take(limit, bounds)
        self._resume()
        return self.held.complete(batch) if self.held else batch

    def _forget_commanded(self) -> None:
        """What was taken has been applied by now, and who moves by that is known to whoever applied it."""
        if self._commanded:
            self._look_at_inbox()
        while self._commanded and next(iter(self._commanded.values())) < self._positions[self._commands]:
            del self._commanded[next(iter(self._commanded))]

    def take_misrouted(self, limit: int) -> list[Message]:
        """The next records that are another shard's, at most so many of each source, as messages to it."""
        return self._misrouted.take(limit)

    def message_to(self, event: Event, turn: int) -> Message:
        """What the home of an event's subject is to hear. Where partitions are trusted that is here: whoever chooses
        them keeps all ids of a person together."""
        return rerouting.tell(event, turn, self._rerouted, self._home(event.subject))

    def merged(self, arrived: Arrived) -> Message:
        """What whoever delivers messages to who is gone is to hear."""
        merged = delivery_commands.Merged(arrived.gone, arrived.into, self._number, arrived.ts)
        topic, key = self._worker.settings.topic(DELIVERY_COMMANDS.name), arrived.gone.encode()
        return Message(topic, key, delivery_commands.encode(merged), shard=self._home(arrived.gone))

    def _home(self, subject: str) -> int:
        partitioner = self._worker.settings.partitioner
        return self._number if partitioner == "trust" else homes(subject, self._worker.partitions, partitioner)[0]

    def note(self, what: Erasure | Noted) -> Message:
        """What happened to a user of this shard, as a command that is there if its state must be made anew."""
        return Message(self._commands, what.subject.encode(), profile_commands.encode(what), shard=self._number)

    def positions(self) -> dict[str, int]:
        """Topic -> the offset of the first record that has not been taken; and how far rerouted ones were applied."""
        self._look_at_inbox()
        if self._rerouted in self._positions:
            self._positions.update(self._received.applied(self._positions[self._rerouted]))
        return dict(self._positions)

    def _look_at_inbox(self) -> None:
        waiting = self._misrouted.first_offsets()
        for source, offset in self._inbox.positions().items():
            self._positions[source] = min(offset, waiting.get(source, offset))
        if self._commands in self._positions:
            self._positions[self._commands] = min(self._positions[self._commands], self._priority.position)

    def reached(self, rest: Batch = NOTHING) -> dict[str, int]:
        """By `<topic>/<partition>`, the offset up to which all has been applied. rest: what was taken, and was not."""
        self._look_at_inbox()
        positions, found = self._positions, dict[str, int]()
        for number, (source, name) in enumerate(zip(self.sources, self._inbox.sources, strict=True)):
            left = rest.offsets[rest.sources == number]
            found[source] = int(left.min()) if len(left) else positions[name]
        return found

    def lag(self) -> dict[str, int]:
        """Topic -> how many offsets there are beyond that, as far as the broker has said."""
        positions = self.positions()
        return {tp.topic: max(0, self._ends.get(tp.topic, at) - at) for tp in self.tps for at in [positions[tp.topic]]}

    def _read_input(self, tp: TP, records: Sequence[FetchedRecord]) -> Batch:
        decoded = self._decoding.all(tp.topic, records)
        events = [one for one in decoded if isinstance(one, Event)]
        if len(events) < len(records):
            records = self._put_aside(tp, records, decoded)
        for sentence in self._worker.decoder.warnings.take():
            log.warning("topic %s - %s", tp.topic, sentence)
        read = len(events)
        events, records = self._misrouted.take_out(tp, events, records)
        self._count(tp, "event", len(events))
        self._count(tp, "rerouted", read - len(events))
        self._worker.recorder.read(events, records)
        return Batch.of(events, [record.offset for record in records])

    def _read_rerouted(self, tp: TP, records: Sequence[FetchedRecord]) -> Batch:
        """What other shards sent on, each record once."""
        events, offsets, turns = list[Event](), list[int](), list[int]()
        for record in records:
            sent_on = unless_we_fail(partial(rerouting.read, record, self._decoding))
            if isinstance(sent_on, Reject):
                self.letters.bury(tp, record, sent_on)
            elif isinstance(sent_on, Told):
                events.append(self._hear(sent_on.event) if self._hear else sent_on.event)
                if self.held:
                    self.held.add(record.offset, sent_on.event)
                offsets.append(record.offset)
                turns.append(sent_on.turn)
            elif not self._received.is_repeat(sent_on):
                self._received.receive(record.offset, sent_on)
                match unless_we_fail(partial(self._read_sent_on, tp, sent_on)):
                    case Event() as event:
                        events.append(event)
                        offsets.append(record.offset)
                        turns.append(event.ts)
                    case Reject() as why:
                        self.letters.bury(sent_on.tp, sent_on, why)
                    case Ignored(kind):
                        self._worker.counters.ignored[kind] += 1
        self._count(tp, "event", len(events))
        return Batch.of(events, offsets, turns)

    def _read_sent_on(self, tp: TP, record: Rerouted) -> Decoded:
        decoded = self._decoding.one(record.tp.topic, record)
        if isinstance(decoded, Event) and self._misrouted.is_misrouted(tp, decoded):
            return wrong_partition(tp.partition, decoded.subject, self._worker)
        if isinstance(decoded, Event) and isinstance(decoded.identity, Unlinked):
            return replace(decoded, identity=replace(decoded.identity, place=record.place))
        return decoded

    def _read_commands(self, tp: TP, records: Sequence[FetchedRecord]) -> Batch:
        """The commands that can be used. Merges wait for their turn, the others go first."""
        merges, offsets = [], []
        for record in records:
            command = unless_we_fail(partial(self._read_command, tp, record))
            match command:
                case Erasure() | Noted():
                    self._priority.add(record.offset, command)
                case Event():
                    merges.append(command)
                    offsets.append(record.offset)
                case Reject():
                    self.letters.bury(tp, record, command)
            if isinstance(command, Noted | Event):
                self._commanded.pop(command.subject, None)
                self._commanded[command.subject] = record.offset
        return Batch.of(merges, offsets)

    def _read_command(self, tp: TP, record: FetchedRecord) -> Erasure | Noted | Event | Reject | None:
        """One that came to a wrong shard is told so: nothing would be done there while its sender thinks so. What
        workers of another group have noted says nothing of these inputs."""
        command = profile_commands.decode(record.value, record.key, record.timestamp)
        if isinstance(command, Noted):
            return command if command.since.keys() <= set(self.sources) else None
        if command is None or isinstance(command, Reject):
            return command
        if tp.partition in homes(command.subject, self._worker.partitions, self._worker.settings.partitioner):
            return command
        otherwise = "erase" if isinstance(command, Erasure) else "merge"
        return wrong_partition(tp.partition, command.subject, self._worker, f", or use `segmenter {otherwise}`")

    def _put_aside(self, tp: TP, records: Sequence[FetchedRecord], decoded: Sequence[Decoded]) -> list[FetchedRecord]:
        """Count the records that are no events, and write the dead letters; the records that are events remain."""
        events = []
        for record, one in zip(records, decoded, strict=True):
            if isinstance(one, Event):
                events.append(record)
            elif isinstance(one, Reject):
                self.letters.bury(tp, record, one)
            else:
                self._worker.counters.ignored[one.kind] += 1
                self._count(tp, "ignored", 1)
        return events

    def _count(self, tp: TP, outcome: str, records: int) -> None:
        self._worker.counters.records[tp.topic, outcome] += records

    def _held(self, source: str) -> int:
        """How much of a source waits here. Commands must all be there before events may be applied, and merges wait for
        those."""
        waiting = len(self._priority) if source == self._commands else self._inbox.held(source)
        return waiting + len(self.letters) + self._misrouted.held(source)

    def _resume(self) -> None:
        ready = {tp for tp in self._paused if self._held(tp.topic) <= ENOUGH}
        if ready:
            self._paused -= ready
            self._worker.consumer.resume_partitions(ready)
