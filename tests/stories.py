"""Stories as text: what happened, line by line, and what the rules make of it.

Comes in: rules as their files say them, `events` and `changes` as `tests/cases/README.md` describes them. Goes out:
records as producers send them, a rulebook, and changes in the words of the cases.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from streams.core.changes import Change
from streams.core.instants import format_time
from streams.core.profiles.ledger import LEDGER_EVENTS
from streams.core.rules.rulebook import Rulebook
from streams.rulefiles import load
from streams.testing import Record, billing, identify, track
from tests.oracle import Expected

VERBS = {"segment.entered": "enters", "segment.exited": "leaves", "segment.changed": "is now"}
BILLING = {*LEDGER_EVENTS, "Invoice Paid", "Payment Failed", "Refund Issued"}
PAIR = re.compile(r'("[^"]*"|[^\s="]+)=("[^"]*"|\[.*?\](?=\s|$)|\S+)\s*')
CONTEXT = ("active", "locale")
RULE_FORMS = ("segment", "tier", "scores")


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
    assert not left, f"{left!r} is no key=value"
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


def write_change(change: Change | Expected, records: Sequence[Record]) -> str:
    """`2026-03-15 09:00  ann  enters churn-risk  (timer)`; in brackets the event that led to it, or the timer."""
    at = re.sub(r"(:00)?\.000Z$|Z$", "", format_time(change.occurred_at)).replace("T", " ")
    segment = change.segment
    if change.previous is not None:
        segment += f" (was {change.previous.removeprefix(f'{change.rule}/')})"
    return f"{at}  {change.subject}  {VERBS[change.type]} {segment}  ({cause(change, records)})"


def cause(change: Change | Expected, records: Sequence[Record]) -> str:
    """The name of the event, or its type where it has none; the cause where it was no event."""
    if change.event_id is None:
        return change.cause
    record = next(record for record in records if record["messageId"] == change.event_id)
    return str(record.get("event", record["type"]))
