"""What was decided about a message and a user, as the topic of deliveries has it.

Comes in: a record. Goes out: a `DecisionShown`. Changes that go to endpoints are no messages, and are left out.
"""

import msgspec

from streams.kafka.batches.record import Record
from streams.outputs.delivery import decode_delivery
from streams.settings import Settings
from streams.web.views.times import Instant


class DecisionShown(msgspec.Struct, frozen=True, gc=False):
    """Why a user did, or did not, get a message. decision: also what the user did with it then, such as `seen`."""

    user_id: str
    message: str
    decision: str
    reason: str
    at: Instant


def read_decision(record: Record, _: Settings) -> tuple[str, DecisionShown] | None:
    try:
        said = decode_delivery(record.value or b"")
    except msgspec.DecodeError:
        return None
    if said.message is None:
        return None
    known = f"{said.id}/{said.decision}/{said.attempt}/{said.endpoint}"
    return known, DecisionShown(said.user_id, said.message, said.decision, said.reason, said.at)
