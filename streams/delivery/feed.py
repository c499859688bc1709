"""A user's feed: the messages that stand in it, and what the user did with them.

Comes in: a feed as it is kept (`streams.state.feeds`), and the time. Goes out: its messages as a browser is to have
them, how many wait to be looked at, and what came or went since a number that the browser knows.

Everything that happens in a feed has a number, greater than all before it. Whoever knows a feed up to a number (the
`cursor`) is told what came after; server-sent events bear it as their id, and come back with it in `Last-Event-ID`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import msgspec

Kind = Literal["card", "banner", "modal"]
Mark = Literal["seen", "read", "clicked", "dismissed"]
IMPLIED: Final[Mapping[Mark, tuple[Mark, ...]]] = {
    "seen": ("seen",),
    "read": ("read", "seen"),
    "clicked": ("clicked", "read", "seen"),
    "dismissed": ("dismissed", "seen"),
}
"""What else is true of a message once its user did this. A click is told as a click alone."""


class Action(msgspec.Struct, frozen=True, gc=False):
    """A button: what stands on it, and where it leads: https, or a path of the page's own origin."""

    label: str
    href: str


class FeedMessage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A message as it stands in one user's feed. All of its texts are text, in no markup.

    id: SHA-256 of change, message and user, hex. message: its name. pages: patterns of paths on which it may show; none
    is everywhere. priority: the greater goes first. data: of the file, for whoever shows the message. segment: that the
    change was about. created_at, expires_at: ms.
    """

    id: str
    message: str
    kind: Kind
    title: str
    created_at: int
    body: str = ""
    variant: str | None = None
    action: Action | None = None
    pages: tuple[str, ...] = ()
    priority: int = 0
    data: Mapping[str, str] = {}
    segment: str = ""
    expires_at: int | None = None

    def encode(self) -> bytes:
        return _encode(self)

    @classmethod
    def decode(cls, raw: bytes) -> "FeedMessage":
        """Fields that later versions add are passed over."""
        return _decode(raw)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(FeedMessage).decode


@dataclass(slots=True)
class Entry:
    """A message as it was put there; the number of what happened to it last; mark -> when (ms) it was made first."""

    message: bytes
    at: int
    marks: dict[Mark, int] = field(default_factory=dict)


class Standing(NamedTuple):
    """A message that is in the feed now; the number of what happened to it last; mark -> when (ms)."""

    message: FeedMessage
    at: int
    marks: Mapping[Mark, int]


class Counts(NamedTuple):
    """Of cards alone, which make up the list: banners and modals show themselves. Dismissed ones wait no longer."""

    unseen: int
    unread: int


class Update(NamedTuple):
    """What a browser needs that knows the feed up to some number.

    is_whole: `messages` are all there are, and whatever else it shows is gone. messages: those that came, or of which
    a mark changed, in that order. removed: ids. cursor: the number up to which it knows the feed from now on.
    """

    is_whole: bool
    messages: tuple[Standing, ...]
    removed: tuple[str, ...]
    cursor: int


class Marked(NamedTuple):
    """What a user did with a message: its id, the mark, and when (ms). name: of the message, under which it counts."""

    message: str
    mark: Mark
    at_ms: int
    name: str

    def implied(self) -> "Iterator[Marked]":
        """This and what else is true then.

        >>> [each.mark for each in Marked("m1", "read", 5, "come-back").implied()]
        ['read', 'seen']
        """
        return (self._replace(mark=mark) for mark in IMPLIED[self.mark])


@dataclass(slots=True)
class Feed:
    """One user's feed at one instant.

    last: the number of what happened last; 0 if nothing ever did. entries: by the id of the message, in no order.
    gone: id -> the number of its being taken out. floor: whoever knows the feed up to a lesser number than this cannot
    be told all that was taken out since. into: in whose feed all of it is by now.
    """

    last: int = 0
    floor: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    into: str | None = None

    def standing(self, now_ms: int) -> list[Standing]:
        """All that has not expired, the newest first."""
        decoded = (Standing(FeedMessage.decode(each.message), each.at, each.marks) for each in self.entries.values())
        return sorted(
            (each for each in decoded if each.message.expires_at is None or now_ms < each.message.expires_at),
            key=lambda each: (-each.message.created_at, each.message.id),
        )

    def counts(self, now_ms: int) -> Counts:
        cards = [each.marks for each in self.standing(now_ms) if each.message.kind == "card"]
        waiting = [marks for marks in cards if "dismissed" not in marks]
        return Counts(sum("seen" not in marks for marks in waiting), sum("read" not in marks for marks in waiting))

    def since(self, cursor: int | None, now_ms: int) -> Update:
        """What came after; all of it for whoever knows nothing, or something too old to be told what has gone."""
        is_whole = cursor is None or not self.floor <= cursor <= self.last
        after = 0 if cursor is None or is_whole else cursor
        changed = sorted((each for each in self.standing(now_ms) if each.at > after), key=lambda each: each.at)
        removed = () if is_whole else tuple(message for message, at in self.gone.items() if at > after)
        return Update(is_whole, tuple(changed), removed, self.last)
