"""What a message is once its file is checked; and the book of all of them, with what they share.

Comes in: checked files (`streams.rulefiles`). Goes out: `Messages`, by which the decider decides.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, NamedTuple

from streams.core.changes import Change
from streams.core.compiler.event_filters import Ask
from streams.core.instants import DAY_MS
from streams.delivery.decision import Channel
from streams.delivery.feed import Kind
from streams.delivery.quiet import Quiet
from streams.delivery.templates import Template
from streams.delivery.webhook import Endpoint

Verb = Literal["enters", "leaves", "becomes"]
EXPIRES_MS: Final = 30 * DAY_MS  # where the file does not say
REMEMBERED_MS: Final = 30 * DAY_MS  # what was sent is known for so long, however short the caps are


class Trigger(NamedTuple):
    """`enters churn-risk`, `leaves churn-risk`, `becomes lifecycle/power`."""

    verb: Verb
    segment: str

    def __str__(self) -> str:
        return f"{self.verb} {self.segment}"

    @classmethod
    def of(cls, text: str) -> "Trigger":
        verb, _, segment = text.partition(" ")
        return cls(verb, segment)  # type: ignore[arg-type]  # of a file that was checked, or as __str__ wrote it

    def is_met_by(self, change: Change) -> bool:
        return _enters(change, self.segment) if self.verb != "leaves" else _leaves(change, self.segment)

    def is_ended_by(self, change: Change) -> bool:
        """Whether what it waits for is over with this change, live or not."""
        return _leaves(change, self.segment) if self.verb != "leaves" else _enters(change, self.segment)

    def is_over_in(self, segments: Container[str]) -> bool:
        """Whether what it waits for is over for whoever is in these."""
        return (self.segment in segments) == (self.verb == "leaves")


def _enters(change: Change, segment: str) -> bool:
    return change.entered and change.segment == segment


def _leaves(change: Change, segment: str) -> bool:
    return change.previous == segment or (not change.entered and change.segment == segment)


class Cap(NamedTuple):
    """At most so many to one user within so long a time (ms); shown as the file has it, `1 in 14d`."""

    most: int
    within_ms: int
    shown: str


class Content(NamedTuple):
    """What a message says: of one variant, or of all where there are none."""

    title: Template | None = None
    body: Template | None = None
    label: Template | None = None
    href: Template | None = None


@dataclass(frozen=True)
class Message:
    """name: of the file. content: by the name of the variant, "" where there are none. delay_ms, expires_ms: after the
    change. holdout: the share of users who never get it, 0 to 1. endpoint: of `webhook`.
    """

    name: str
    on: tuple[Trigger, ...]
    content: Mapping[str, Content]
    only: Ask | None = None
    only_text: str = ""
    is_live: bool = True
    channel: Channel = "in_app"
    kind: Kind = "card"
    pages: tuple[str, ...] = ()
    delay_ms: int = 0
    withdraw: bool = False
    expires_ms: int = EXPIRES_MS
    cap: Cap | None = None
    group: str | None = None
    quiet: Quiet | None = None
    priority: int = 0
    holdout: float = 0.0
    data: Mapping[str, str] = field(default_factory=dict)
    endpoint: str | None = None
    description: str = ""

    @property
    def may_disturb(self) -> bool:
        """A card waits in its list until its user looks: quiet hours do not concern it."""
        return self.channel != "in_app" or self.kind != "card"

    def trigger_met(self, change: Change) -> Trigger | None:
        return next((trigger for trigger in self.on if trigger.is_met_by(change)), None)


@dataclass(frozen=True)
class Shared:
    """What all messages share: `messages/_caps.yaml`. salt: of the hashes that hold users out."""

    all: Cap | None = None
    groups: Mapping[str, Cap] = field(default_factory=dict)
    salt: str = "segmenter"


@dataclass(frozen=True)
class Messages:
    """All messages, sorted by name; those of the greatest priority go first."""

    messages: Sequence[Message] = ()
    shared: Shared = field(default_factory=Shared)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)

    def all_live(self) -> "Messages":
        """As if nobody had switched one off: to try them out."""
        return replace(self, messages=tuple(replace(message, is_live=True) for message in self.messages))

    @cached_property
    def by_name(self) -> Mapping[str, Message]:
        return {message.name: message for message in self.messages}

    @cached_property
    def by_segment(self) -> Mapping[str, Sequence[Message]]:
        """Those of whose triggers one is about the segment, the greatest priority first."""
        found: dict[str, dict[str, Message]] = {}
        for message in sorted(self.messages, key=rank):
            for trigger in message.on:
                found.setdefault(trigger.segment, {})[message.name] = message
        return {segment: tuple(messages.values()) for segment, messages in found.items()}

    @cached_property
    def remembered_ms(self) -> int:
        """How long it must be known what was sent: the longest cap counts so far back."""
        caps = [self.shared.all, *self.shared.groups.values(), *(message.cap for message in self.messages)]
        return max([REMEMBERED_MS, *(cap.within_ms for cap in caps if cap is not None)])

    def about(self, change: Change) -> Sequence[Message]:
        """Those that may begin with the change, the greatest priority first."""
        found = [
            *self.by_segment.get(change.segment, ()),
            *(self.by_segment.get(change.previous, ()) if change.previous else ()),
        ]
        return sorted({message.name: message for message in found}.values(), key=rank)

    def concern(self, change: Change) -> bool:
        """Whether any message begins or ends with it, or any endpoint gets it."""
        return (
            change.segment in self.by_segment
            or (change.previous or "") in self.by_segment
            or any(endpoint.wants(change, is_live=True) for endpoint in self.endpoints.values())
        )


def rank(message: Message) -> tuple[int, str]:
    """Which goes first where several could."""
    return -message.priority, message.name
