"""The cases in `tests/cases`: what the shipped rules say of a story, as text against text.

Comes in: `<rule>.yaml`, a mapping from a sentence to its `events`, `changes` and perhaps `until`, written as
`cases/README.md` says. Goes out: one test a case, through the decoder, the inbox and the shard.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from streams.core.changes import Change
from streams.core.instants import format_time
from streams.core.ledger import LEDGER_EVENTS
from streams.core.rules import Rulebook
from streams.rulefiles import load
from streams.testing import Record, billing, changes, decoded, identify, instant, track
from tests.oracle import Expected, judge

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "tests/cases").glob("*.yaml"))
BILLING = {*LEDGER_EVENTS, "Invoice Paid", "Payment Failed", "Refund Issued"}


CASES = [
    pytest.param(file.stem, case, id=f"{file.stem}: {title}")
    for file in FILES
    for title, case in yaml.load(file.read_text(), Loader=yaml.BaseLoader).items()
]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_the_case_goes_as_told(rule: str, case: Mapping[str, str]) -> None:
    records = read_events(case["events"])
    found = changes(shipped_rules(), records, case.get("until"))
    assert [write_change(change, records) for change in found if change.rule == rule] == lines(case["changes"])


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_the_naive_judge_tells_the_case_alike(rule: str, case: Mapping[str, str]) -> None:
    records = read_events(case["events"])
    events = decoded(shipped_rules(), records).events
    until = instant(case["until"]) if "until" in case else max(event.ts for event in events)
    owed = [change for users in judge(shipped_rules(), events, until).values() for change in users]
    assert [write_change(change, records) for change in owed if change.rule == rule] == lines(case["changes"])


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_case_says_nothing_that_is_not_read(rule: str, case: Mapping[str, str]) -> None:
    assert {"events", "changes"} <= set(case) <= {"events", "until", "changes"}


@pytest.mark.parametrize("rule", [file.stem for file in sorted((ROOT / "rules").rglob("*.yaml"))])
def test_every_shipped_rule_has_cases(rule: str) -> None:
    assert rule in {file.stem for file in FILES}


@cache
def shipped_rules() -> Rulebook:
    return load(ROOT / "rules")


def lines(text: str) -> list[str]:
    """The lines that say something, with two blanks between columns."""
    return [re.sub(r"\s{2,}", "  ", line.strip()) for line in text.splitlines() if line.strip()]


def read_events(text: str) -> list[Record]:
    """One record a line and day, each with its place as its id."""
    records = [record for line in lines(text) for record in read_event(line)]
    return [record | {"messageId": str(place)} for place, record in enumerate(records)]


def read_event(line: str) -> Iterator[Record]:
    """`2026-03-01..2026-03-08 09:00  ann  Signed In  key=value`, as one record a day."""
    when, user, event, *rest = line.split("  ")
    values = dict(read_pair(pair) for pair in shlex.split(" ".join(rest)))
    for at in read_times(when):
        if event == "identify":
            yield identify(user, at, None, **values)
        else:
            yield (billing if event in BILLING else track)(user, event, at, None, **values)


def read_pair(pair: str) -> tuple[str, object]:
    name, _, text = pair.partition("=")
    try:
        return name, json.loads(text)
    except json.JSONDecodeError:
        return name, text


def read_times(when: str) -> Iterator[str]:
    days, _, clock = when.partition(" ")
    first, _, last = days.partition("..")
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last or first):
        yield f"{day} {clock}"
        day += timedelta(days=1)


def write_change(change: Change | Expected, records: list[Record]) -> str:
    """`2026-03-15 09:00  ann  enters churn-risk  (timer)`; in brackets the event that led to it, or the timer."""
    at = re.sub(r"(:00)?\.000Z$|Z$", "", format_time(change.occurred_at)).replace("T", " ")
    record = records[int(change.event_id)] if change.event_id is not None else {"type": change.cause}
    verb = "enters" if change.entered else "leaves"
    return f"{at}  {change.user}  {verb} {change.rule}  ({record.get('event', record['type'])})"
