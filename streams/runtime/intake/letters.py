"""The dead letters of one shard: what cannot be used, with its reason, until it is published.

Comes in: records as they were fetched, commands that cannot be carried out, links that are not made; of each, why.
Goes out: messages.
"""

from collections.abc import Sequence
from typing import Final

from faust.types import TP

from streams.core.events import Reject
from streams.core.identities.questions import Unable
from streams.core.identities.refusals import RefusedLink
from streams.core.links import Place
from streams.kafka.batches.record import Unreadable
from streams.kafka.message import Message
from streams.log import Throttle, log
from streams.outputs.dead_letter import DeadLetter
from streams.runtime.intake.rerouting import BETWEEN
from streams.runtime.transport.fetching import Fetched, NumberedRecord
from streams.runtime.worker import Worker
from streams.sources import profile_commands
from streams.topics import PROFILE_COMMANDS

TELL_EVERY_S: Final = 60.0  # that something cannot be read; the dead letters tell it of each


class Letters:
    def __init__(self, worker: Worker):
        self._worker = worker
        self._commands = worker.settings.topic(PROFILE_COMMANDS.name)
        self._waiting: list[Message] = []
        self._may_tell = Throttle(TELL_EVERY_S)

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self) -> Sequence[Message]:
        taken, self._waiting = self._waiting, []
        return taken

    def bury(self, tp: TP, record: NumberedRecord | Unreadable, why: Reject) -> None:
        self._worker.counters.records[tp.topic, "rejected"] += 1
        self._add(DeadLetter(why, tp.topic, tp.partition, record.offset, record.value), record.key)

    def bury_unreadable(self, fetched: Fetched) -> None:
        for each in fetched.unreadable:
            self.bury(fetched.tp, each, Reject("unreadable", each.reason))
        if fetched.unreadable and self._may_tell():
            tp, first = fetched.tp, fetched.unreadable[0]
            place = f"topic {tp.topic}, partition {tp.partition}, offset {first.offset}"
            log.warning("%s - cannot be read and is a dead letter: %s", place, first.reason)

    def bury_commands(self, found: Sequence[Unable]) -> None:
        """Commands that could be read, and cannot be carried out."""
        for unable in found:
            self._worker.counters.records[self._commands, "rejected"] += 1
            value = profile_commands.encode(unable.command)
            self._add_later(unable.why, unable.question.place, unable.gone, value)

    def bury_links(self, found: Sequence[RefusedLink]) -> None:
        """Links that are not made, of records that count."""
        for link in found:
            self._add_later(link.why, link.place, link.refusal.user, link.value)

    def _add_later(self, why: Reject, place: Place, subject: str, value: bytes) -> None:
        """What turns out to be of no use when it is applied."""
        topic, _, partition = place.source.rpartition(BETWEEN)
        self._add(DeadLetter(why, topic, int(partition), place.offset, value), subject.encode())

    def _add(self, letter: DeadLetter, key: bytes | None) -> None:
        self._worker.counters.rejects[letter.why.code] += 1
        self._waiting.append(self._worker.outputs.dead_letter(letter, key))
