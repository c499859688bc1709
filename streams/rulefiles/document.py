"""YAML in which every scalar is text and every value knows its place.

Comes in: the text of one file. Goes out: a `Document`: plain texts, lists and mappings, and faults that point into
the file, down to the character of a quoted or folded value. What a rule file has no use for (anchors, tags, deep
nesting, a key twice) is refused, so that a small file can neither mean nor cost more than it shows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeVar

import yaml

from streams.errors import Fault, RuleError

MAX_DEPTH = 4

E = TypeVar("E", bound=yaml.Event)
Data = str | list["Data"] | dict[str, "Data"]
Location = tuple[str | int, ...]
"""How to get to a value: `("labels", "owner")`, `("include", 0)`, `()` for the whole."""

NEXT_LINE = "begin the value on the next line, after `>-`"
ALIGN = "if this is a key, align it with the others"
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # as escapes in double quotes may hide them
FOLDED = re.compile(r"\s*")
FOLDED_IN_QUOTES = re.compile(r"(?:\\?\s)*")  # a backslash at a line's end joins it to the next without a blank
JOINED_LINES = re.compile(r"(?:\\\n[ \t]*)*")
SPELLED = {
    '"': re.compile(r"\\(?:x.{2}|u.{4}|U.{8}|.)|.?", re.DOTALL),
    "'": re.compile(r"''|.?", re.DOTALL),
}  # by style: one character of a text as it is written
AS_IT_IS = re.compile(r".?", re.DOTALL)
EXPLAINED: Sequence[tuple[str, str, str, bool]] = (
    # how the parser's problem begins, what to say, what to do, whether the place is where it began
    ("mapping values are not allowed", "a second `: ` in one value", f"{NEXT_LINE}; {ALIGN}", False),
    ("could not find expected ':'", "this is no `key: value`", "indent it if it belongs to the value above", True),
    ("expected <block end>, but found '<scalar>'", "the value has ended at its closing quote", NEXT_LINE, False),
    (
        "expected '<document start>', but found '<block mapping",
        "this is indented unlike the lines before it",
        ALIGN,
        False,
    ),
    ("expected <block end>", "this is indented unlike the lines before it", ALIGN, False),
    ("found unexpected end of stream", "this quote is never closed", "close it with the same quote", True),
    ("expected ',' or", "this bracket is never closed", "close it", True),
    ("found character '\\t'", "a tab", "write blanks in its place", False),
    ("found character", "a value cannot begin with this character", NEXT_LINE, False),
    ("expected a single document", "a second document", "one rule a file", False),
)


@dataclass
class Document:
    """`data` is what the file says; the methods make faults that point at parts of it."""

    file: str
    text: str
    data: dict[str, Data] = field(default_factory=dict)
    keys: dict[Location, yaml.ScalarEvent] = field(default_factory=dict)
    values: dict[Location, yaml.NodeEvent] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        return PurePosixPath(self.file).stem

    def data_at(self, location: Location) -> Data:
        """A part of what the file says."""
        found: Data = self.data
        for step in location:
            found = found[step]  # type: ignore[index]  # a location is of what is there
        return found

    def at_start(self, message: str, hint: str = "") -> Fault:
        start, _ = _span(self.values[()])
        return self.at(start, start + 1, message, hint)

    def at_key(self, location: Location, message: str, hint: str = "") -> Fault:
        return self.at(*_span(self.keys[location]), message, hint)

    def at_value(self, location: Location, message: str, hint: str = "") -> Fault:
        return self.at(*_span(self.values[location]), message, hint)

    def within(self, location: Location, offset: int, width: int, message: str, hint: str = "") -> Fault:
        """At some characters of a text, as the file spells them."""
        event = self.values[location]
        assert isinstance(event, yaml.ScalarEvent)
        origins = _origins(event, self.text)
        start = origins[min(offset, len(origins) - 1)]
        end = origins[min(offset + width - 1, len(origins) - 1)] + 1
        return self.at(start, end, message, hint)

    def is_cut(self, location: Location) -> bool:
        """Whether a ` #` inside quotes ended the text, which YAML takes for a comment."""
        event = self.values[location]
        _, end = _span(event)
        if not isinstance(event, yaml.ScalarEvent) or event.style or not re.match(r"[ \t]+#", self.text[end:]):
            return False
        return any(event.value.count(quote) % 2 for quote in "\"'")

    def at(self, start: int, end: int, message: str, hint: str = "") -> Fault:
        line_start = self.text.rfind("\n", 0, start) + 1
        line = self.text[line_start:].partition("\n")[0].rstrip()
        width = max(1, min(end - start, line_start + len(line) - start))
        shown = "".join(char if char.isprintable() else " " for char in line)
        line_number = self.text.count("\n", 0, start) + 1
        return Fault(self.file, line_number, start - line_start + 1, message, shown, width, hint)


def read(file: str, text: str, noun: str = "rule", max_depth: int = MAX_DEPTH) -> Document:
    """Raises `RuleError`. noun: what the file holds, for those who read the faults."""
    document = Document(file, text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    try:
        faults = _Reader(document, yaml.BaseLoader(document.text), noun, max_depth).read()
    except yaml.reader.ReaderError as error:
        at = error.position
        raise RuleError([document.at(at, at + 1, "an invisible character", "take it away")]) from error
    except yaml.MarkedYAMLError as error:
        raise RuleError([_explained(document, error)]) from error
    if faults:
        raise RuleError(faults)
    return document


@dataclass
class _Reader:
    """Follows the parser's events: there are no more of them than the file has words."""

    document: Document
    loader: yaml.BaseLoader
    noun: str
    max_depth: int
    faults: list[Fault] = field(default_factory=list)

    def read(self) -> list[Fault]:
        self._next(yaml.StreamStartEvent)
        if self.loader.check_event(yaml.StreamEndEvent):
            return [self.document.at(0, 1, "the file is empty", "a rule begins with `segment: its-name`")]
        self._next(yaml.DocumentStartEvent)
        data = self._value((), self._next(yaml.NodeEvent))
        self._next(yaml.DocumentEndEvent)
        if not self.loader.check_event(yaml.StreamEndEvent):
            self._refuse(
                self._next(yaml.DocumentStartEvent), f"a second {self.noun} in one file", "give it a file of its own"
            )
        if isinstance(data, dict):
            self.document.data = data
        else:
            self._refuse(self.document.values[()], f"a {self.noun} file is made of `key: value` lines")
        return self.faults

    def _value(self, location: Location, event: yaml.NodeEvent) -> Data:
        self.document.values[location] = event
        self._refuse_machinery(location, event)
        if isinstance(event, yaml.ScalarEvent):
            if UNPRINTABLE.search(event.value):
                self._refuse(event, "an invisible character", "take it away")
            return event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(location)
        return self._mapping(location)

    def _list(self, location: Location) -> Data:
        items: list[Data] = []
        while not self.loader.check_event(yaml.SequenceEndEvent):
            items.append(self._value((*location, len(items)), self._next(yaml.NodeEvent)))
        self._next(yaml.SequenceEndEvent)
        return items

    def _mapping(self, location: Location) -> Data:
        items: dict[str, Data] = {}
        while not self.loader.check_event(yaml.MappingEndEvent):
            key = self._next(yaml.NodeEvent)
            if not isinstance(key, yaml.ScalarEvent):
                raise RuleError([self._fault(key, "a key is a text")])
            self._refuse_machinery(location, key)
            if key.value in items:
                self._refuse(key, f"`{key.value}` is given twice", "keep one of them")
            self.document.keys[(*location, key.value)] = key
            items[key.value] = self._value((*location, key.value), self._next(yaml.NodeEvent))
        self._next(yaml.MappingEndEvent)
        return items

    def _next(self, expected: type[E]) -> E:
        event: object = self.loader.get_event()  # type: ignore[no-untyped-call]  # the stubs leave this one out
        assert isinstance(event, expected)
        return event

    def _refuse_machinery(self, location: Location, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise RuleError([self._fault(event, "anchors (`&`) and aliases (`*`) mean nothing here", "write it out")])
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise RuleError([self._fault(event, "tags (`!`) mean nothing here: every value is text", "take it away")])
        if len(location) > self.max_depth:
            raise RuleError([self._fault(event, "this is nested too deeply")])

    def _refuse(self, event: yaml.Event, message: str, hint: str = "") -> None:
        self.faults.append(self._fault(event, message, hint))

    def _fault(self, event: yaml.Event, message: str, hint: str = "") -> Fault:
        return self.document.at(*_span(event), message, hint)


def _explained(document: Document, error: yaml.MarkedYAMLError) -> Fault:
    problem = error.problem or ""
    found = next((words for words in EXPLAINED if problem.startswith(words[0])), None)
    _, message, hint, at_start = found or ("", f"this is no YAML: {problem}", "", False)
    mark = (error.context_mark if at_start else None) or error.problem_mark
    index = mark.index if mark else 0
    return document.at(index, index + 1, message, hint)


def _span(event: yaml.Event) -> tuple[int, int]:
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark.index, event.end_mark.index


def _origins(event: yaml.ScalarEvent, text: str) -> list[int]:
    """Where each character of the value stands in the file's text.

    The two differ only in white space (folding, indentation) and in escapes, so they are walked side by side.
    """
    start, _ = _span(event)
    at = start
    if event.style in ("|", ">"):
        at = text.index("\n", at) + 1
    elif event.style:
        at += 1
    spelled = SPELLED.get(event.style or "", AS_IT_IS)
    folded = FOLDED_IN_QUOTES if event.style == '"' else FOLDED
    origins: list[int] = []
    for char in event.value:
        if not char.isspace():
            at = _end(folded, text, at)
        elif event.style == '"':
            at = _end(JOINED_LINES, text, at)
        origins.append(at)
        at = _end(spelled, text, at)
    return origins or [start]


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
