"""What deliveries are made of: records of three topics, decoded.

Comes in: a record. Goes out: a change with whether it is live, a command to erase, a message to send, word of a merge;
or None for what cannot be used, which is told in the log: these topics are written by us.
"""

from typing import NamedTuple

import msgspec

from streams.core.engine.erasure import Erasure
from streams.kafka.group import Record
from streams.log import Throttle, log
from streams.outputs.change import Noticed, decode_noticed
from streams.sources import delivery_commands, profile_commands
from streams.sources.delivery_commands import Merged, Moved
from streams.topics import DELIVERY_COMMANDS, PROFILE_COMMANDS, SEGMENT_CHANGES


class Send(NamedTuple):
    """A message to somebody who is in already, by this change."""

    message: str
    noticed: Noticed

    @property
    def user(self) -> str:
        return self.noticed.change.subject


class Again(NamedTuple):
    """Once more what came of this change: the message, or where that is empty the change itself, to an endpoint.

    to: who the change's user is by now, where that is another.
    """

    message: str
    endpoint: str
    noticed: Noticed
    to: str = ""

    @property
    def user(self) -> str:
        return self.to or self.noticed.change.subject


Input = Noticed | Erasure | Send | Again | Merged | Moved

_may_tell = Throttle()


def decode(topic: str, record: Record) -> Input | None:
    """topic: one of `READ_BY_DELIVERY`, without prefix."""
    try:
        return _decoded(topic, record)
    except msgspec.DecodeError as error:
        if _may_tell():
            log.warning("topic %s, offset %d - passed over: this is no record of ours: %s", topic, record.offset, error)
        return None


def _decoded(topic: str, record: Record) -> Input | None:
    if record.value is None:
        return None
    if topic == SEGMENT_CHANGES.name:
        return decode_noticed(record.value)
    if topic == DELIVERY_COMMANDS.name:
        return _commanded(record.value)
    assert topic == PROFILE_COMMANDS.name
    found = profile_commands.decode(record.value, record.key, record.timestamp_ms)
    return found if isinstance(found, Erasure) else None


def _commanded(raw: bytes) -> Send | Again | Merged | Moved:
    match delivery_commands.decode(raw):
        case delivery_commands.Send(change, message):
            return Send(message, decode_noticed(bytes(change)))
        case delivery_commands.Again(change, message, endpoint, user):
            return Again(message, endpoint, decode_noticed(bytes(change)), user)
        case command:
            return command
