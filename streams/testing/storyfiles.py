"""Files of stories: sentences, each with what happened and what the rules make of it.

Comes in: the files beside the rules of a folder, or the text of one. Goes out: `Story` values, or a `RuleError` with
every fault of every file, each where it stands.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from streams.calendars import check_name
from streams.core.language.faults import did_you_mean
from streams.core.rules.rulebook import Rulebook
from streams.core.rules.traversal import with_what_it_reads
from streams.errors import Fault, RuleError
from streams.rulefiles import load, parse
from streams.rulefiles.document import Location, read
from streams.rulefiles.folder import find_stories, rule_told_of, shown
from streams.testing.lines import MOST_EVENTS, Told, read_event, read_told, too_many
from streams.testing.records import Record
from streams.testing.storyreader import Form, Line, StoryReader, told_beside

FOR_ALL: Final = ("rules", "timezone", "utc_offset")  # what a file may say for all of its stories
A_STORY: Final = "a story is a sentence, with `events` and `changes` below it"
FORM: Final = Form(("events", "changes"), ("until", *FOR_ALL), A_STORY)
MAX_DEPTH: Final = 6  # a story's own rules are mappings in a list
A_ZONE: Final = "a time zone is written like America/New_York"


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

    def read_file(path: Path, text: str) -> list[Story]:
        rule = rule_told_of(path)
        return read_stories(shown(path), text, with_what_it_reads(rulebook, rule).all_live(), rule)

    return told_beside(find_stories(rules), "rule", rulebook.names, read_file)


def read_stories(file: str, text: str, rulebook: Rulebook | None = None, rule: str | None = None) -> list[Story]:
    """The stories of one file: about one rule of a rulebook, or about all rules that the file or each brings along."""
    reader = _Reader(StoryReader(read(file, text, "story", MAX_DEPTH), FORM), rulebook, rule)
    stories = list(reader.stories())
    if reader.faults:
        raise RuleError(reader.faults)
    return stories


class _Happened:
    """What the lines of one story say happened, as long as it is no more than a story can have; told once."""

    def __init__(self) -> None:
        self._room = MOST_EVENTS

    def read(self, line: str) -> tuple[Record, ...]:
        if self._room < 0:
            return ()
        found = tuple(read_event(line))
        self._room -= len(found)
        if self._room < 0:
            raise too_many(0, len(line))
        return found


@dataclass
class _Reader:
    reader: StoryReader
    rulebook: Rulebook | None
    rule: str | None
    _own: dict[Location, Rulebook | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.document, self.faults = self.reader.document, self.reader.faults

    def stories(self) -> Iterator[Story]:
        known = 0
        for title in self.reader.titles(beside=FOR_ALL):
            yield from self._story(title, known)
            known = len(self.faults)

    def _story(self, title: str, known: int) -> Iterator[Story]:
        """known: how many faults there were before it."""
        rulebook = self._rulebook(title)
        happened = self.reader.lines((title, "events"), _Happened().read)
        told = self.reader.lines((title, "changes"), read_told)
        until_ms = self.reader.time((title, "until"))
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
            lambda place, message: self.reader.at((title, "events"), lines_of[place], message, ""),
        )

    def _timezone(self, title: str) -> str | None:
        """By its own name, or by the old one for an offset; what a story says goes before what its file says."""
        places: list[Location] = [(title, "timezone"), (title, "utc_offset"), ("timezone",), ("utc_offset",)]
        where = next((place for place in places if place in self.document.values), None)
        if where is None:
            return None
        if where[-1] == "utc_offset":
            hint = "an offset is written like -08:00"
            is_one = self.reader.time(where, "1970-01-01T00:00{}", hint) is not None
            return self.reader.text(where, hint) if is_one else None
        return self.reader.value(where, check_name, A_ZONE)

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

    def _unknown(self, title: str, rulebook: Rulebook, told: Sequence[tuple[Line, Told]]) -> Iterator[Fault]:
        by_rule = dict(zip(rulebook.names, rulebook.groupings, strict=True))
        segments = rulebook.segments if self.rule is None else by_rule[self.rule].segments
        for line, each in told:
            if each.segment not in segments:
                message = f"no rule of this story makes a segment `{each.segment}`"
                hint = did_you_mean(each.segment, segments) or f"there are {', '.join(segments)}"
                yield self.reader.at((title, "changes"), line, message, hint)
