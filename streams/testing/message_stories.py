"""Stories of messages: sentences, each with the changes that happen and what is decided about a message.

    a customer who stays away is asked back two hours later:
      changes: |
        2026-03-15 09:00  ann  enters churn-risk  first_name=Ann
      until: 2026-03-16
      messages: |
        2026-03-15 09:00  ann  held
        2026-03-15 11:00  ann  sent  title="We miss you, Ann"

Comes in: the files beside the messages of a rule folder. Goes out: `MessageStory` values, or a `RuleError` with every
fault. A message that is off is told of as if it were live, and of each message alone, under the caps that all share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from streams.calendars import check_name
from streams.core.changes import Change
from streams.core.language.faults import did_you_mean
from streams.core.rules.rulebook import Rulebook
from streams.delivery.decision import Verdict
from streams.delivery.message import Messages
from streams.errors import RuleError
from streams.messagefiles import load_messages
from streams.rulefiles import load
from streams.rulefiles.document import read
from streams.rulefiles.folder import find_message_stories, rule_told_of, shown
from streams.testing.lines import LineFault, columns, instant_of, pairs, read_told, written
from streams.testing.storyreader import Form, StoryReader, told_beside

OLD_NEWS: Final = "(old news)"
A_STORY: Final = "a story is a sentence, with `changes` and `messages` below it"
FORM: Final = Form(("changes", "messages"), ("until", "timezone"), A_STORY)
A_ZONE: Final = "a time zone is written like Europe/Vienna"
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
SAID: Final = ("title", "body", "label", "href", "variant")


class Decided(NamedTuple):
    """A decision as stories tell it. said: what the message says, as far as the story tells."""

    at_ms: int
    user: str
    verdict: str
    said: Mapping[str, str]

    def __str__(self) -> str:
        told = " ".join(f'{name}="{text}"' for name, text in self.said.items())
        return "  ".join(filter(None, [written(self.at_ms), self.user, self.verdict, told]))


@dataclass(frozen=True)
class MessageStory:
    """changes: each with whether it is live."""

    file: str
    line: int
    title: str
    message: str
    messages: Messages
    changes: Sequence[tuple[Change, bool]]
    expected: Sequence[Decided]
    until_ms: int | None
    timezone: str

    def __str__(self) -> str:
        return f"{self.message}: {self.title}"


def message_stories_beside(rules: Path) -> list[MessageStory]:
    """The stories that stand beside the messages of a folder of rules."""
    rulebook = load(rules)
    messages = load_messages(rules, rulebook)

    def read_file(path: Path, text: str) -> list[MessageStory]:
        return read_message_stories(shown(path), text, rulebook, messages, rule_told_of(path))

    return told_beside(find_message_stories(rules), "message", messages.by_name, read_file)


def read_message_stories(file: str, text: str, rulebook: Rulebook, messages: Messages, name: str) -> list[MessageStory]:
    alone = Messages((replace(messages.by_name[name], is_live=True),), messages.shared)
    reader = StoryReader(read(file, text, "story"), FORM)
    stories = list(_stories(reader, rulebook, alone, name))
    if reader.faults:
        raise RuleError(reader.faults)
    return stories


def _stories(reader: StoryReader, rulebook: Rulebook, messages: Messages, name: str) -> Iterator[MessageStory]:
    """Those without a fault."""
    known = 0
    for title in reader.titles():
        changes = reader.lines((title, "changes"), _Changes(rulebook).read)
        expected = reader.lines((title, "messages"), read_decided)
        until_ms = reader.time((title, "until"))
        timezone = reader.value((title, "timezone"), check_name, A_ZONE)
        if len(reader.faults) == known:
            yield MessageStory(
                reader.document.file,
                reader.document.at_key((title,), "").line,
                title,
                name,
                messages,
                [change for _, change in changes],
                [decided for _, decided in expected],
                until_ms,
                timezone or "UTC",
            )
        known = len(reader.faults)


@dataclass
class _Changes:
    """The changes of one story; each of a user and rule is one more."""

    rulebook: Rulebook
    number: int = 0

    def read(self, line: str) -> tuple[Change, bool]:
        """`2026-03-15 09:00  ann  enters churn-risk  plan=pro`"""
        old_news = line.endswith(OLD_NEWS)
        line = line.removesuffix(OLD_NEWS).rstrip()
        _, _, what, *rest = columns(line, "when, who, and what becomes of them")
        told = read_told(line[: what.end()])
        traits: dict[str, Any] = pairs(line[rest[0].start() :], rest[0].start()) if rest else {}
        rule = self._rule(told.segment, what.start(), len(what[0]))
        self.number += 1
        verb, _, left = told.what.partition(" (was ")
        change = Change(
            subject=told.user,
            rule=rule,
            type=_type(verb),
            segment=told.segment,
            previous=f"{rule}/{left.removesuffix(')')}" if left else None,
            occurred_at=told.at_ms,
            cause="timer",
            event_id=None,
            ordinal=self.number,
            rule_version="",
            because=(),
            segments=(),
            traits=traits,
        )
        return change, not old_news

    def _rule(self, segment: str, start: int, width: int) -> str:
        for rule in self.rulebook.groupings:
            if segment in rule.segments:
                return rule.name
        hint = did_you_mean(segment, self.rulebook.segments)
        raise LineFault(start, width, f"no rule makes a segment `{segment}`", hint)


def _type(verb: str) -> Any:
    return f"segment.{ {'enters': 'entered', 'leaves': 'exited'}.get(verb.split(maxsplit=1)[0], 'changed') }"


def read_decided(line: str) -> Decided:
    """`2026-03-15 11:00  ann  sent  title="We miss you, Ann"`"""
    when, user, verdict, *rest = columns(line, "when, who, and what is decided")
    if verdict[0] not in VERDICTS:
        hint = did_you_mean(verdict[0], VERDICTS) or f"there are {', '.join(VERDICTS)}"
        raise LineFault(verdict.start(), len(verdict[0]), f"nothing is ever `{verdict[0]}`", hint)
    said: dict[str, Any] = pairs(line[rest[0].start() :], rest[0].start()) if rest else {}
    unknown = next((name for name in said if name not in SAID), None)
    if unknown is not None:
        hint = did_you_mean(unknown, SAID) or f"it has {', '.join(SAID)}"
        raise LineFault(rest[0].start(), len(unknown), f"a message has no `{unknown}`", hint)
    return Decided(instant_of(when), user[0], verdict[0], {name: str(text) for name, text in said.items()})
