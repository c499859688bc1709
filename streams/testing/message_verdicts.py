"""A story of a message is rehearsed: does what is decided agree with what it says?

Comes in: a `MessageStory`. Goes out: a `MessageVerdict`, whose text shows both, with the reasons, for who wrote it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from streams.delivery.rehearsal import Rehearsal, Rehearsed
from streams.printable import printable
from streams.terminal.columns import in_columns
from streams.testing.message_stories import Decided, MessageStory


class MessageVerdict(NamedTuple):
    """What a story tells and what happens, each with the reason in words."""

    story: MessageStory
    happened: Sequence[tuple[Decided, str]]

    @property
    def agrees(self) -> bool:
        return len(self.happened) == len(self.story.expected) and all(
            _agree(told, happened) for told, (happened, _) in zip(self.story.expected, self.happened, strict=True)
        )

    def __str__(self) -> str:
        told = [("-", str(each), "") for each in self.story.expected]
        happened = [("+", str(each), f"({reason})") for each, reason in self.happened]
        head = f"{self.story.file}:{self.story.line}: {self.story.title}"
        rows = [tuple(map(printable, row)) for row in [*told, *happened]]
        return "\n".join([head, *(f"    {text}" for text in in_columns(rows))])


def tell_message(story: MessageStory) -> MessageVerdict:
    """Rehearse it."""
    found = Rehearsal(story.messages, story.timezone).run(story.changes, story.until_ms)
    return MessageVerdict(story, [(_decided(each), each.decision.reason) for each in found])


def _decided(rehearsed: Rehearsed) -> Decided:
    decision, content = rehearsed.decision, rehearsed.decision.content
    said: dict[str, str | None] = {}
    if content is not None:
        action = content.action
        said = {
            "title": content.title,
            "body": content.body,
            "label": action.label if action else None,
            "href": action.href if action else None,
            "variant": content.variant,
        }
    told = {name: text for name, text in said.items() if text}
    return Decided(decision.at, rehearsed.user, decision.decision, told)


def _agree(told: Decided, happened: Decided) -> bool:
    return told[:3] == happened[:3] and told.said.items() <= happened.said.items()
