"""Files of stories: sentences, each with what happened and what the rules make of it.

Comes in: the files beside the rules of a folder, or the text of one. Goes out: `Story` values, or a `RuleError` with
every fault of every file, each where it stands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import yaml

from streams.calendars import check_name
from streams.core.instants import parse_time
from streams.core.language.faults import did_you_mean
from streams.core.rules.rulebook import Rulebook
from streams.core.rules.traversal import with_what_it_reads
from streams.errors import Fault, RuleError
from streams.rulefiles import load, parse
from streams.rulefiles.document import Data, Document, Location, read
from streams.rulefiles.folder import find_stories, read_text, rule_told_of, shown
from streams.testing.lines import LineFault, Told, lines, read_event, read_told
from streams.testing.records import Record

T = TypeVar("T")

FOR_ALL: Final = ("rules", "timezone", "utc_offset")  # what a file may say for all of its stories
MUST: Final = ("events", "changes")
KEYS: Final = (*MUST, "until", *FOR_ALL)
MAX_DEPTH: Final = 6  # a story's own rules are mappings in a list
A_STORY: Final = "a story is a sentence, with `events` and `changes` below it"


class _Line(NamedTuple):
    """Where characters of a text stand."""

    start: int
    width: int


@dataclass(frozen=True)
class Story:
    """What happened, and what comes of it.

    rule: the one that it is about; None if about all of `rulebook`. until_ms: how far time comes; None: to the newest
    event. timezone: whose days count; None: those that do for everybody.
    """

    file: str
    line: int
    title: str
    rule: str | None
    rulebook: Rulebook
    records: Sequence[Record]
    expected: Sequence[Told]
    until_ms: int | None
    timezone: str | None
    fault_at: Callable[[int, str], Fault]  # what is wrong with one of the records

    def __str__(self) -> str:
        return f"{self.rule}: {self.title}" if self.rule else self.title


def stories_beside(rules: Path) -> list[Story]:
    """The stories that stand beside the rules of a folder, or beside the file of one rule."""
    rulebook = load(rules)
    found: list[Story] = []
    faults: list[Fault] = []
    for path in find_stories(rules):
        rule = rule_told_of(path)
        if rule not in rulebook.names:
            hint = did_you_mean(rule, rulebook.names)
            faults.append(Fault(shown(path), 0, 0, f"there is no rule `{rule}` beside these stories", hint=hint))
            continue
        try:
            found += read_stories(shown(path), read_text(path), with_what_it_reads(rulebook, rule), rule)
        except RuleError as error:
            faults += error.faults
    if faults:
        raise RuleError(faults)
    return found


def read_stories(file: str, text: str, rulebook: Rulebook | None = None, rule: str | None = None) -> list[Story]:
    """The stories of one file: about one rule of a rulebook, or about all rules that the file or each brings along."""
    reader = _Reader(read(file, text, "story", MAX_DEPTH), rulebook, rule)
    stories = list(reader.stories())
    if reader.faults:
        raise RuleError(reader.faults)
    return stories


@dataclass
class _Reader:
    document: Document
    rulebook: Rulebook | None
    rule: str | None
    faults: list[Fault] = field(default_factory=list)
    _own: dict[Location, Rulebook | None] = field(default_factory=dict)

    def stories(self) -> Iterator[Story]:
        for title, says in self.document.data.items():
            if isinstance(says, dict):
                yield from self._story(title, says)
            elif title not in FOR_ALL:
                self.faults.append(self.document.at_key((title,), "this is no story", A_STORY))

    def _story(self, title: str, says: Mapping[str, Data]) -> Iterator[Story]:
        known = len(self.faults)
        self.faults += _faults_of_keys(self.document, title, says)
        rulebook = self._rulebook(title)
        happened = self._lines((title, "events"), lambda line: tuple(read_event(line)))
        told = self._lines((title, "changes"), read_told)
        until_ms = self._time((title, "until"), "{}", "a time is written like 2026-03-01 09:00")
        timezone = self._timezone(title)
        if rulebook is not None:
            self.faults += self._unknown(title, rulebook, told)
        if rulebook is None or len(self.faults) > known:
            return
        lines_of = [line for line, records in happened for _ in records]
        records = [record for _, found in happened for record in found]
        yield Story(
            self.document.file,
            self.document.at_key((title,), "").line,
            title,
            self.rule,
            rulebook,
            [{"messageId": str(place), **record} for place, record in enumerate(records)],
            [each for _, each in told],
            until_ms,
            timezone,
            lambda place, message: self._at((title, "events"), lines_of[place], message, ""),
        )

    def _timezone(self, title: str) -> str | None:
        """By its own name, or by the old one for an offset; what a story says goes before what its file says."""
        places: list[Location] = [(title, "timezone"), (title, "utc_offset"), ("timezone",), ("utc_offset",)]
        where = next((place for place in places if place in self.document.values), None)
        if where is None:
            return None
        if where[-1] == "utc_offset":
            hint = "an offset is written like -08:00"
            return None if self._time(where, "1970-01-01T00:00{}", hint) is None else self._text(where, hint)
        text = self._text(where, "a time zone is written like America/New_York")
        try:
            return None if text is None else check_name(text)
        except ValueError as error:
            self.faults.append(self.document.at_value(where, str(error)))
            return None

    def _place(self, title: str, key: str) -> Location:
        """Where a story says something, or the file for all of its stories."""
        return (title, key) if (title, key) in self.document.values else (key,)

    def _rulebook(self, title: str) -> Rulebook | None:
        where = self._place(title, "rules")
        if where not in self.document.values:
            if self.rulebook is None:
                message = "nothing says which rules this is a story of"
                hint = "give it `rules`, or call the file as the rule that it stands beside: churn-risk.stories.yaml"
                self.faults.append(self.document.at_key((title,), message, hint))
            return self.rulebook
        if where not in self._own:
            self._own[where] = self._brought_along(where)
        return self._own[where]

    def _brought_along(self, where: Location) -> Rulebook | None:
        rules = self.document.data_at(where)
        if not isinstance(rules, list):
            self.faults.append(self.document.at_value(where, "here belongs a list of rules", "begin each with a `-`"))
            return None
        try:
            return parse(*(yaml.safe_dump(rule, sort_keys=False, allow_unicode=True) for rule in rules))
        except RuleError as error:
            self.faults += error.faults
            return None

    def _lines(self, where: Location, read_one: Callable[[str], T]) -> list[tuple[_Line, T]]:
        text = self._text(where, "write `|` after the colon, and the lines below it")
        found: list[tuple[_Line, T]] = []
        for start, line in lines(text or ""):
            try:
                found.append((_Line(start, len(line)), read_one(line)))
            except LineFault as fault:
                place = _Line(start + fault.start, fault.width)
                self.faults.append(self._at(where, place, fault.message, fault.hint))
        return found

    def _time(self, where: Location, form: str, hint: str) -> int | None:
        text = self._text(where, hint)
        if text is None:
            return None
        ms = parse_time(form.format(text))
        if ms is None:
            self.faults.append(self.document.at_value(where, f"`{text}` cannot be read", hint))
        return ms

    def _text(self, where: Location, hint: str) -> str | None:
        if where not in self.document.values:
            return None
        text = self.document.data_at(where)
        if isinstance(text, str):
            return text
        self.faults.append(self.document.at_value(where, "a text belongs here", hint))
        return None

    def _unknown(self, title: str, rulebook: Rulebook, told: Sequence[tuple[_Line, Told]]) -> Iterator[Fault]:
        by_rule = dict(zip(rulebook.names, rulebook.groupings, strict=True))
        segments = rulebook.segments if self.rule is None else by_rule[self.rule].segments
        for line, each in told:
            if each.segment not in segments:
                message = f"no rule of this story makes a segment `{each.segment}`"
                hint = did_you_mean(each.segment, segments) or f"there are {', '.join(segments)}"
                yield self._at((title, "changes"), line, message, hint)

    def _at(self, where: Location, line: _Line, message: str, hint: str) -> Fault:
        return self.document.within(where, line.start, line.width, message, hint)


def _faults_of_keys(document: Document, title: str, says: Mapping[str, Data]) -> Iterator[Fault]:
    for key in says:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS) or f"it has {', '.join(KEYS)}"
            yield document.at_key((title, key), f"a story has no `{key}`", hint)
    for key in MUST:
        if key not in says:
            yield document.at_key((title,), f"this story has no `{key}`", A_STORY)
