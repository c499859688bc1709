"""Stories: what happened to somebody, line by line, and what the rules make of it; for tests of your own rules.

Comes in: files `NAME.stories.yaml` beside rules, each mapping a sentence to a story (`docs/rules.md` has the form).
Goes out: what each rule does in them, and where that is not what is told. `segmenter test` runs them, and so does
pytest:

    import pytest
    from streams.stories import stories

    @pytest.mark.parametrize("story", stories("rules"), ids=str)
    def test_the_rules_do_as_told(story):
        story.check()
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import yaml

from streams.core.instants import format_time
from streams.core.profiles.ledger import LEDGER_EVENTS
from streams.core.rules.rulebook import Rulebook
from streams.errors import UsageError
from streams.rulefiles import load
from streams.rulefiles.folder import STORIES
from streams.sources import DEFAULTS, InputOptions
from streams.testing import Record, billing, changes, identify, instant, track

VERBS = {"segment.entered": "enters", "segment.exited": "leaves", "segment.changed": "is now"}
BILLING = {*LEDGER_EVENTS, "Invoice Paid", "Payment Failed", "Refund Issued"}
PAIR = re.compile(r'("[^"]*"|[^\s="]+)=("[^"]*"|\[.*?\](?=\s|$)|\S+)\s*')
CONTEXT = ("active", "locale")
RULE_FORMS = ("segment", "tier", "scores")
KEYS = {"events", "until", "changes", "utc_offset", "rules"}


class ToldChange(Protocol):
    """As much of a change as a story tells."""

    @property
    def subject(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def previous(self) -> str | None: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def cause(self) -> str: ...
    @property
    def event_id(self) -> str | None: ...


@dataclass(frozen=True)
class Story:
    """title: the sentence. rule: the one whose changes are told; None where those of all are. says: as the file."""

    title: str
    rule: str | None
    rulebook: Rulebook
    says: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.rule}: {self.title}" if self.rule else self.title

    @property
    def told(self) -> dict[str, list[str]]:
        """The changes of each user, as the story tells them."""
        return by_user(lines(self.says["changes"]))

    def found(self, options: InputOptions = DEFAULTS) -> dict[str, list[str]]:
        """The changes of each user, as the rules make them."""
        records = read_events(self.says["events"])
        offset = -instant(f"1970-01-01T00:00{self.says.get('utc_offset', '+00:00')}")
        made = changes(self.rulebook, records, self.says.get("until"), offset, options)
        return by_user(write_change(change, records) for change in made if self.rule in (None, change.rule))

    def difference(self) -> list[str]:
        """Line by line: what is told and did not happen (`-`), what happened and is not told (`+`)."""
        told, found = self.told, self.found()
        both = [(told.get(user, []), found.get(user, [])) for user in sorted({*told, *found})]
        return [line for one, other in both if one != other for line in _differing(one, other)]

    def check(self) -> None:
        """Raises an AssertionError that shows the difference."""
        difference = self.difference()
        assert not difference, "\n".join([str(self), *difference])


def _differing(told: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    yield from (f"- {line}" for line in told if line not in found)
    yield from (f"+ {line}" for line in found if line not in told)
    if sorted(told) == sorted(found):
        yield from (f"? {line}  (in another order)" for line in found)


def stories(rules: str | Path) -> list[Story]:
    """Those beside the rules of a folder. Raises a RuleError for faulty rules, a UsageError for a faulty story."""
    folder = Path(rules)
    rulebook = load(folder)
    return [story for file in sorted(folder.rglob(f"*{STORIES}")) for story in _of_file(file, rulebook)]


def _of_file(file: Path, rulebook: Rulebook) -> Iterator[Story]:
    try:
        told = yaml.load(file.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - which makes texts of everything
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: this is no YAML: {error}") from error
    name = file.name.removesuffix(STORIES)
    for title, says in (told or {}).items():
        if not isinstance(says, dict) or not {"events", "changes"} <= says.keys() <= KEYS:
            raise UsageError(f"{file}: {title!r} needs `events` and `changes`, and may have `until` and `utc_offset`")
        yield Story(title, name if name in rulebook.names else None, rulebook, says)


def by_user(told: Iterable[str]) -> dict[str, list[str]]:
    """Changes of one user are in order; those of different users may come in any."""
    found: dict[str, list[str]] = {}
    for change in told:
        found.setdefault(change.split("  ")[1], []).append(change)
    return found


def read_rules(rules: Iterable[Mapping[str, Any]]) -> Rulebook:
    """Rules as the mappings that their files hold, every scalar a text."""
    with TemporaryDirectory() as folder:
        for rule in rules:
            name = next(rule[form] for form in RULE_FORMS if form in rule)
            Path(folder, f"{name}.yaml").write_text(yaml.safe_dump(rule, sort_keys=False, allow_unicode=True))
        return load(Path(folder))


def lines(text: str) -> list[str]:
    """The lines that say something, with two blanks between columns."""
    return [re.sub(r"\s{2,}", "  ", line.strip()) for line in text.splitlines() if line.strip()]


def read_events(text: str) -> list[Record]:
    """One record a line and day, each with its place as its messageId where it names none."""
    records = [record for line in lines(text) for record in read_event(line)]
    return [{"messageId": str(place), **record} for place, record in enumerate(records)]


def read_event(line: str) -> Iterator[Record]:
    """`2026-03-01..2026-03-08 09:00  ann  Signed In  key=value`, as one record a day."""
    when, user, event, *rest = line.split("  ")
    values = read_pairs(" ".join(rest))
    message_id = values.pop("messageId", None)
    context = {name: values.pop(f"context.{name}") for name in CONTEXT if f"context.{name}" in values}
    for at in read_times(when):
        if event == "identify":
            yield identify(user, at, message_id, **values) | {"context": context}
        elif event in BILLING:
            yield billing(user, event, at, message_id, **values)
        else:
            yield track(user, event, at, message_id, **values) | {"context": context}


def read_pairs(text: str) -> dict[str, Any]:
    """`plan=pro seats=5 name="A B" tags=["vip", "beta"]`: JSON where it is JSON, else a text as it stands."""
    left = PAIR.sub("", text)
    if left:
        raise UsageError(f"{left!r} is no key=value")
    return {name.strip('"'): read_value(value) for name, value in PAIR.findall(text)}


def read_value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def read_times(when: str) -> Iterator[str]:
    days, _, clock = when.partition(" ")
    first, _, last = days.partition("..")
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last or first):
        yield f"{day} {clock}"
        day += timedelta(days=1)


def write_change(change: ToldChange, records: Sequence[Record]) -> str:
    """`2026-03-15 09:00  ann  enters churn-risk  (timer)`; in brackets the event that led to it, or the timer."""
    at = re.sub(r"(:00)?\.000Z$|Z$", "", format_time(change.occurred_at)).replace("T", " ")
    segment = change.segment
    if change.previous is not None:
        segment += f" (was {change.previous.removeprefix(f'{change.rule}/')})"
    return f"{at}  {change.subject}  {VERBS[change.type]} {segment}  ({cause(change, records)})"


def cause(change: ToldChange, records: Sequence[Record]) -> str:
    """The name of the event, or its type where it has none; the cause where it was no event."""
    if change.event_id is None:
        return change.cause
    record = next(record for record in records if record["messageId"] == change.event_id)
    return str(record.get("event", record["type"]))
