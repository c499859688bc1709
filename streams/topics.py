"""The topics, a row each: what their records are, what key they have, and how Kafka is to keep them.

Comes in: nothing. Goes out: `TOPICS`, by which they are created and verified (`streams.kafka.provisioning`), read and
written, and told of in help and in docs/asyncapi.yaml. A new row is a new topic, once `Settings` has its `setting`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from streams.core.instants import DAY_MS
from streams.core.subjects import KINDS, SubjectKind

# A record over 1 MiB must reach us to become a dead letter; what is beyond this the broker refuses.
INPUT_BYTES: Final = 2 << 20
FOR_EVER: Final = -1
PLACE_BYTES: Final = 4 << 10  # the headers that say where a record came from


@dataclass(frozen=True, slots=True)
class Topic:
    """name: without the prefix of the settings. of: what its records are, as in "the topic of ..".

    cleanup: as Kafka's `cleanup.policy`; `compact` keeps the newest record of each key, and for ever.
    is_sharded: it has as many partitions as all that are, and partition n belongs to shard n.
    is_internal: workers alone write and read it. max_bytes: of a record; retention_ms: how
    long one is kept: the broker's default where None, for ever where -1.
    """

    name: str
    of: str
    key: str = "user id"
    cleanup: Literal["delete", "compact"] = "delete"
    is_sharded: bool = True
    is_internal: bool = False
    max_bytes: int | None = None
    retention_ms: int | None = None

    @property
    def keeps_each(self) -> bool:
        """Whether no record of it may be missing, however old."""
        return self.cleanup == "delete" and self.retention_ms == FOR_EVER

    @property
    def setting(self) -> str:
        """By which it can be named otherwise."""
        return "topic_" + self.name.replace("-", "_")


def memberships_of(kind: SubjectKind) -> Topic:
    return Topic(kind.memberships, f"memberships of {kind.name}s", key=f"{kind.name} id", cleanup="compact")


PRODUCT_EVENTS: Final = Topic("product-events", "product events", max_bytes=INPUT_BYTES)
BILLING_UPDATES: Final = Topic("billing-updates", "billing updates", max_bytes=INPUT_BYTES)
REROUTED_EVENTS: Final = Topic(
    "rerouted-events",
    "records that came to a foreign partition",
    key="the record's own",
    is_internal=True,
    max_bytes=INPUT_BYTES + PLACE_BYTES,
    retention_ms=FOR_EVER,
)
# Kept for ever, each of them: a rebuild without one would bring a user back who was erased, or make two of one.
PROFILE_COMMANDS: Final = Topic("profile-commands", "commands to erase or to merge users", retention_ms=FOR_EVER)
SEGMENT_CHANGES: Final = Topic("segment-changes", "changes")
DEAD_LETTERS: Final = Topic("dead-letters", "records that cannot be used", key="the record's own", is_sharded=False)

DELIVERIES: Final = Topic(
    "deliveries", "what was decided about each message and user", is_sharded=False, retention_ms=30 * DAY_MS
)
SEGMENT_MESSAGES: Final = Topic("segment-messages", "messages whose channel is kafka", is_sharded=False)
DELIVERY_COMMANDS: Final = Topic(
    "delivery-commands", "what is to be sent to somebody by hand, and of users who are one", is_internal=True
)

READ_BY_WORKERS: Final = (PRODUCT_EVENTS, BILLING_UPDATES, REROUTED_EVENTS, PROFILE_COMMANDS)
WRITTEN_BY_WORKERS: Final = (SEGMENT_CHANGES, *map(memberships_of, KINDS), DEAD_LETTERS)
READ_BY_DELIVERY: Final = (SEGMENT_CHANGES, PROFILE_COMMANDS, DELIVERY_COMMANDS)
WRITTEN_BY_DELIVERY: Final = (DELIVERIES, SEGMENT_MESSAGES)
TOPICS: Final = (*READ_BY_WORKERS, *WRITTEN_BY_WORKERS, DELIVERY_COMMANDS, *WRITTEN_BY_DELIVERY)
