"""What files of stories of rules and of messages have in common: sentences, each with keys, lines and times below it.

Comes in: the document of a file. Goes out: what stands in it, and every fault where it stands.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from streams.core.instants import parse_time
from streams.core.language.faults import did_you_mean
from streams.errors import Fault, RuleError
from streams.rulefiles.document import Data, Document, Location
from streams.rulefiles.folder import read_text, rule_told_of, shown
from streams.testing.lines import LineFault, lines

T = TypeVar("T")

LINES_BELOW: Final = "write `|` after the colon, and the lines below it"
A_TIME: Final = "a time is written like 2026-03-01 09:00"


class Line(NamedTuple):
    """Where characters of a text stand."""

    start: int
    width: int


class Form(NamedTuple):
    """must: the keys of a story; may: those it can have beside them. is_: what a story of this form is."""

    must: Sequence[str]
    may: Sequence[str]
    is_: str

    @property
    def keys(self) -> Sequence[str]:
        return *self.must, *self.may


def told_beside(
    paths: Sequence[Path], kind: str, names: Collection[str], read: Callable[[Path, str], list[T]]
) -> list[T]:
    """The stories of files, each of which is called as the rule, or the message, that it tells of.

    RuleError: every fault of every file.
    """
    found: list[T] = []
    faults: list[Fault] = []
    for path in paths:
        name = rule_told_of(path)
        if name not in names:
            hint = did_you_mean(name, names)
            faults.append(Fault(shown(path), 0, 0, f"there is no {kind} `{name}` beside these stories", hint=hint))
            continue
        try:
            found += read(path, read_text(path))
        except RuleError as error:
            faults += error.faults
    if faults:
        raise RuleError(faults)
    return found


@dataclass
class StoryReader:
    document: Document
    form: Form
    faults: list[Fault] = field(default_factory=list)

    def titles(self, beside: Collection[str] = ()) -> Iterator[str]:
        """Of the stories. beside: what a file may say for all of them."""
        for title, says in self.document.data.items():
            if isinstance(says, dict):
                self._check_keys(title, says)
                yield title
            elif title not in beside:
                self.faults.append(self.document.at_key((title,), "this is no story", self.form.is_))

    def _check_keys(self, title: str, says: Mapping[str, Data]) -> None:
        for key in says:
            if key not in self.form.keys:
                hint = did_you_mean(key, self.form.keys) or f"it has {', '.join(self.form.keys)}"
                self.faults.append(self.document.at_key((title, key), f"a story has no `{key}`", hint))
        for key in self.form.must:
            if key not in says:
                self.faults.append(self.document.at_key((title,), f"this story has no `{key}`", self.form.is_))

    def lines(self, where: Location, read_one: Callable[[str], T]) -> list[tuple[Line, T]]:
        text = self.text(where, LINES_BELOW)
        found: list[tuple[Line, T]] = []
        for start, line in lines(text or ""):
            try:
                found.append((Line(start, len(line)), read_one(line)))
            except LineFault as fault:
                place = Line(start + fault.start, fault.width)
                self.faults.append(self.at(where, place, fault.message, fault.hint))
        return found

    def time(self, where: Location, form: str = "{}", hint: str = A_TIME) -> int | None:
        """In ms; None where there is none, or it cannot be read."""
        return self.value(where, lambda text: _time(text, form), hint)

    def value(self, where: Location, read_one: Callable[[str], T], hint: str) -> T | None:
        """read_one: raises ValueError where a text cannot be read."""
        text = self.text(where, hint)
        if text is None:
            return None
        try:
            return read_one(text)
        except ValueError as error:
            self.faults.append(self.document.at_value(where, str(error), hint))
            return None

    def text(self, where: Location, hint: str) -> str | None:
        if where not in self.document.values:
            return None
        text = self.document.data_at(where)
        if isinstance(text, str):
            return text
        self.faults.append(self.document.at_value(where, "a text belongs here", hint))
        return None

    def at(self, where: Location, line: Line, message: str, hint: str) -> Fault:
        return self.document.within(where, line.start, line.width, message, hint)


def _time(text: str, form: str) -> int:
    ms = parse_time(form.format(text))
    if ms is None:
        raise ValueError(f"`{text}` cannot be read")
    return ms
