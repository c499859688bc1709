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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, get_args

from streams.calendars import check_name
from streams.core.changes import Change
from streams.core.instants import parse_time
from streams.core.language.faults import did_you_mean
from streams.core.rules.rulebook import Rulebook
from streams.delivery.decision import Verdict
from streams.delivery.message import Messages
from streams.errors import Fault, RuleError
from streams.messagefiles import load_messages
from streams.rulefiles import load
from streams.rulefiles.document import Data, Document, Location, read
from streams.rulefiles.folder import find_message_stories, read_text, rule_told_of, shown
from streams.testing.lines import LineFault, columns, instant_of, lines, pairs, read_told, written

T = TypeVar("T")

MUST: Final = ("changes", "messages")
KEYS: Final = (*MUST, "until", "timezone")
OLD_NEWS: Final = "(old news)"
A_STORY: Final = "a story is a sentence, with `changes` and `messages` below it"
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
    found: list[MessageStory] = []
    faults: list[Fault] = []
    for path in find_message_stories(rules):
        name = rule_told_of(path)
        if name not in messages.by_name:
            hint = did_you_mean(name, messages.by_name)
            faults.append(Fault(shown(path), 0, 0, f"there is no message `{name}` beside these stories", hint=hint))
            continue
        try:
            found += read_message_stories(shown(path), read_text(path), rulebook, messages, name)
        except RuleError as error:
            faults += error.faults
    if faults:
        raise RuleError(faults)
    return found


def read_message_stories(file: str, text: str, rulebook: Rulebook, messages: Messages, name: str) -> list[MessageStory]:
    alone = Messages((replace(messages.by_name[name], is_live=True),), messages.shared)
    reader = _Reader(read(file, text, "story"), rulebook, alone, name)
    stories = list(reader.stories())
    if reader.faults:
        raise RuleError(reader.faults)
    return stories


@dataclass
class _Reader:
    document: Document
    rulebook: Rulebook
    messages: Messages
    name: str
    faults: list[Fault] = field(default_factory=list)

    def stories(self) -> Iterator[MessageStory]:
        for title, says in self.document.data.items():
            if isinstance(says, dict):
                yield from self._story(title, says)
            else:
                self.faults.append(self.document.at_key((title,), "this is no story", A_STORY))

    def _story(self, title: str, says: Mapping[str, Data]) -> Iterator[MessageStory]:
        known = len(self.faults)
        for key in [*(key for key in says if key not in KEYS), *(key for key in MUST if key not in says)]:
            place = (title, key) if key in says else (title,)
            hint = did_you_mean(key, KEYS) if key in says else A_STORY
            said = f"a story of a message has no `{key}`" if key in says else f"this story has no `{key}`"
            self.faults.append(self.document.at_key(place, said, hint))
        changes = self._lines((title, "changes"), _Changes(self.rulebook).read)
        expected = self._lines((title, "messages"), read_decided)
        until_ms = self._value((title, "until"), _until)
        timezone = self._value((title, "timezone"), check_name)
        if len(self.faults) == known:
            line = self.document.at_key((title,), "").line
            yield MessageStory(
                self.document.file,
                line,
                title,
                self.name,
                self.messages,
                changes,
                expected,
                until_ms,
                timezone or "UTC",
            )

    def _lines(self, where: Location, read_one: Callable[[str], T]) -> list[T]:
        text = self.document.data_at(where) if where in self.document.values else ""
        if not isinstance(text, str):
            self.faults.append(self.document.at_value(where, "a text belongs here", "write `|` after the colon"))
            return []
        found: list[T] = []
        for start, line in lines(text):
            try:
                found.append(read_one(line))
            except LineFault as fault:
                place = start + fault.start
                self.faults.append(self.document.within(where, place, fault.width, fault.message, fault.hint))
        return found

    def _value(self, where: Location, read_one: Callable[[str], T]) -> T | None:
        if where not in self.document.values:
            return None
        try:
            return read_one(str(self.document.data_at(where)))
        except ValueError as error:
            self.faults.append(self.document.at_value(where, str(error)))
            return None


def _until(text: str) -> int:
    ms = parse_time(text)
    if ms is None:
        raise ValueError("a time is written like 2026-03-16 09:00")
    return ms


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
