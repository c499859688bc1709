"""The cases in `tests/cases`, and those that pages of `docs` tell: what rules say of a story, as text against text.

Comes in: files, or blocks of pages, that map a sentence to a case, as `cases/README.md` says. Goes out: each case told
twice, by the engine (through the decoder, the inbox and the shard) and by the naive judge.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from streams.core.changes import Change
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS
from streams.core.rules.rulebook import Rulebook
from streams.rulefiles import load
from streams.rulefiles.forms import FORMS
from streams.stories import by_user, lines, read_events, read_rules, write_change
from streams.testing import changes, decoded, instant
from tests.anytime import ANY_TIME
from tests.oracle import Expected, judge
from tests.pages import DOCS, blocks

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "tests/cases").rglob("*.yaml"))
FILES_OF_RULES = {file.stem: file for file in sorted((ROOT / "rules").rglob("*.yaml"))}
FOR_ALL = ("rules", "utc_offset")  # what a file may say for all of its cases
KEYS = {"events", "until", "changes", *FOR_ALL}
BEHIND = {"where": "event"}  # an option whose cases are its function's


class Case(NamedTuple):
    """`rule`: the one it is about; None if it is about all that it brings along."""

    rule: str | None
    says: dict[str, Any]


def read_cases(file: Path) -> dict[str, Case]:
    told: dict[str, Any] = yaml.load(file.read_text(), Loader=yaml.BaseLoader)
    for_all = {key: told.pop(key) for key in FOR_ALL if key in told}
    rule = file.stem if file.parent.name == "cases" else None
    return {title: Case(rule, {**for_all, **case}) for title, case in told.items()}


def read_page(page: Path) -> dict[str, Case]:
    """Its blocks of YAML that are no rules."""
    told = [yaml.load(block.text, Loader=yaml.BaseLoader) for block in blocks(page, "yaml")]
    return {title: Case(None, case) for block in told if not FORMS.keys() & block for title, case in block.items()}


CASES = [
    *(pytest.param(case, id=f"{file.stem}: {title}") for file in FILES for title, case in read_cases(file).items()),
    *(pytest.param(case, id=f"{page.name}: {title}") for page in DOCS for title, case in read_page(page).items()),
]


@pytest.mark.filterwarnings("ignore:overflow")  # numpy's, where the kernel is not compiled
@pytest.mark.parametrize("case", CASES)
def test_the_case_goes_as_told(case: Case) -> None:
    records = read_events(case.says["events"])
    found = changes(rules_of(case), records, case.says.get("until"), utc_offset_ms(case), ANY_TIME)
    assert by_user(write_change(change, records) for change in about(case, found)) == told(case)


@pytest.mark.parametrize("case", CASES)
def test_the_naive_judge_tells_the_case_alike(case: Case) -> None:
    records, rules = read_events(case.says["events"]), rules_of(case)
    events = decoded(rules, records, ANY_TIME).events
    until = instant(case.says["until"]) if "until" in case.says else max(event.ts for event in events)
    owed = judge(rules, events, until, utc_offset_ms(case))
    found = [change for users in owed.values() for change in users]
    assert by_user(write_change(change, records) for change in about(case, found)) == told(case)


@pytest.mark.parametrize("case", CASES)
def test_a_case_says_nothing_that_is_not_read(case: Case) -> None:
    assert {"events", "changes"} <= set(case.says) <= KEYS


@pytest.mark.parametrize("rule", FILES_OF_RULES)
def test_every_shipped_rule_has_cases(rule: str) -> None:
    assert rule in {file.stem for file in FILES if file.parent.name == "cases"}


@pytest.mark.parametrize("word", [*FUNCTIONS, *CLOCKS, *OPTIONS, *FORMS])
def test_every_word_of_the_language_has_cases(word: str) -> None:
    assert BEHIND.get(word, word) in {file.stem for file in FILES if file.parent.name == "language"}


def rules_of(case: Case) -> Rulebook:
    return read_rules(case.says["rules"]) if "rules" in case.says else shipped(case.rule)


@cache
def shipped(rule: str | None) -> Rulebook:
    """The rule, and those that it reads."""
    book, wanted = shipped_rules(), {rule}
    while more := {name for one in wanted for name in read_by(one)} - wanted:
        wanted |= more
    return Rulebook(tuple(each for each in book.rules if each.name in wanted))


def read_by(rule: str | None) -> list[str]:
    text = FILES_OF_RULES[rule].read_text() if rule else ""
    return [name for name in FILES_OF_RULES if f'in_segment("{name}")' in text or f" {name}." in text]


@cache
def shipped_rules() -> Rulebook:
    return load(ROOT / "rules")


def utc_offset_ms(case: Case) -> int:
    """`-08:00` as ms; midnight there is so much later than midnight UTC."""
    return -instant(f"1970-01-01T00:00{case.says.get('utc_offset', '+00:00')}")


def about(case: Case, found: Iterable[Change | Expected]) -> list[Change | Expected]:
    return [change for change in found if case.rule in (None, change.rule)]


def told(case: Case) -> dict[str, list[str]]:
    return by_user(lines(case.says["changes"]))
