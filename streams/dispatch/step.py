"""What one step of a shard works on: users with what is kept of them, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.delivery.decision import Decision
from streams.delivery.recipient import Recipient
from streams.delivery.webhook import Queued
from streams.kafka.message import Message


@dataclass
class Step:
    """raw: recipients as they were stored before. queued: webhooks by number; settled: of those that waited before, as
    they wait from now on, None where they do no more. feeds: by a merge, what `Write` has of users' feeds; told: to
    whoever delivers to those whom they were merged into."""

    recipients: dict[str, Recipient]
    raw: Mapping[str, bytes]
    decisions: list[tuple[str, Decision]] = field(default_factory=list)
    erased: dict[str, None] = field(default_factory=dict)
    marks: dict[bytes, int] = field(default_factory=dict)
    queued: dict[int, Queued] = field(default_factory=dict)
    settled: dict[int, Queued | None] = field(default_factory=dict)
    feeds: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    told: list[Message] = field(default_factory=list)
