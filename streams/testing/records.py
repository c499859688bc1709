"""Records as producers send them: dicts ready for JSON, in the Segment spec or the plain billing form.

A user of None is nobody yet: add an `anonymousId` to the record.
"""

import json
from collections.abc import Mapping
from typing import Any

from streams.core.instants import format_time
from streams.testing.clock import Moment, instant

Record = dict[str, Any]


def track(user: str | None, event: str, at: Moment, message_id: str | None = None, **properties: object) -> Record:
    """Something the user did."""
    return _record("track", user, at, message_id, event=event, properties=properties)


def identify(user: str | None, at: Moment, message_id: str | None = None, **traits: object) -> Record:
    """Something that is true of the user. None takes a trait away."""
    return _record("identify", user, at, message_id, traits=traits)


def billing(user: str | None, event: str, at: Moment, message_id: str | None = None, **properties: object) -> Record:
    """An update of a subscription, or a payment, in the plain form."""
    return _record("billing", user, at, message_id, event=event, properties=properties)


def to_bytes(record: Mapping[str, object]) -> bytes:
    """The value of the Kafka record, or a line of a file."""
    return json.dumps(record, separators=(",", ":")).encode()


def _record(kind: str, user: str | None, at: Moment, message_id: str | None, **rest: object) -> Record:
    record: Record = {"type": kind, "userId": user, "timestamp": format_time(instant(at)), **rest}
    if message_id is not None:
        record["messageId"] = message_id
    return record
