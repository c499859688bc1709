"""The reference of the rule language, `docs/rules.md`: nothing in it is stale, and every example runs.

Each example is made a segment of its own. They are told one story, in which each of them comes true or ends.
"""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from streams.core.language.faults import ExpressionFaults
from streams.core.language.parser import parse_condition
from streams.core.language.vocabulary import CLOCKS, FUNCTIONS, OPTIONS, SCORES
from streams.core.rules.rfm import name_of
from streams.rulefiles.forms import FORMS
from streams.testing import changes, decoded, instant, parse_rules
from streams.testing.lines import lines, read_event, told_of, write_told
from tests.oracle import judge

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/rules.md").read_text()
UNTIL = "2026-04-30"
STORY = """
    2026-03-01 08:00              ann  Trial Started         plan=team trial_end=2026-03-15T10:00Z
    2026-03-01 08:01              ann  Signed In
    2026-03-01 08:02              ann  identify              company.size=80 seats=10 seats_used=5
    2026-03-01 08:03              ann  identify              "favourite colour"=blue
    2026-03-02..2026-03-05 09:00  ann  Signed In
    2026-03-05 09:01              ann  Signed In
    2026-03-05 09:02              ann  Signed In
    2026-03-05 09:02              ann  Plan Chosen           plan=team
    2026-03-05 09:03              ann  Signed In
    2026-03-05 09:03              ann  Order Placed          amount=50 total=120 "Coupon Code"=SPRING
    2026-03-05 09:04              ann  Order Placed          amount=1000 total=1200
    2026-03-05 09:05              ann  Survey Answered       rating=2 wishes=["api", "sso"]
    2026-03-06 09:00              ann  Report Created        template=sales
    2026-03-06 09:01              ann  Report Created        template=stock
    2026-03-06 09:02              ann  Report Created        template=staff
    2026-03-06..2026-03-11 10:00  ann  Report Exported       format=pdf pages=12 tags=["board"]
    2026-03-07..2026-03-13 11:00  ann  Report Created        template=sales
    2026-03-08 09:00              ann  identify              tags=["vip"] newsletter=true country=FR
    2026-03-08 09:00              ann  identify              email="Ann@Example.com" company.name="Bank of Ann"
    2026-03-09 10:00              ann  Subscription Started  plan=team mrr=600
    2026-03-09 10:00              ann  Invoice Paid          amount=600
    2026-03-10 10:00              ann  Payment Failed        amount=600
    2026-03-12 12:00              ann  identify              seats=3 seats_used=3
    2026-04-28 12:00              ann  Signed In
"""
RULES = """
    - segment: churn-risk
      enter: idle_days >= 7
    - scores: rfm
      recency: idle_days
      frequency: active_days(days=90)
      monetary: mrr
      fixed: {r: [1, 7, 14, 30], f: [2, 4, 6, 8], m: [10, 50, 100, 500]}
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


OF_WORDS = [word.example for words in (FUNCTIONS, OPTIONS, CLOCKS, SCORES) for word in words.values()]
EXAMPLES = list(dict.fromkeys([*(line for block in blocks("python") for line in block.splitlines()), *OF_WORDS]))


@cache
def told() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What the engine makes of the story, and what the judge does: the changes of each example."""
    segments = [{"segment": f"example-{place}", "enter": example} for place, example in enumerate(EXAMPLES)]
    rules = parse_rules(*map(yaml.safe_dump, [*yaml.load(RULES, Loader=yaml.BaseLoader), *segments]))
    happened = [record for _, line in lines(STORY) for record in read_event(line)]
    records = [{"messageId": str(place), **record} for place, record in enumerate(happened)]
    found = changes(rules, records, UNTIL)
    owed = judge(rules, decoded(rules, records).events, instant(UNTIL))["ann"]
    engines: dict[str, list[str]] = {}
    judges: dict[str, list[str]] = {}
    for by_rule, all_changes in ((engines, found), (judges, owed)):
        for change in all_changes:
            by_rule.setdefault(change.rule, []).append(write_told(told_of(change, records)))
    return engines, judges


@pytest.mark.parametrize("place", range(len(EXAMPLES)), ids=EXAMPLES)
def test_an_example_comes_true_or_ends_as_time_goes_by(place: int) -> None:
    engines, judges = told()
    flips = engines.get(f"example-{place}", [])
    assert flips == judges.get(f"example-{place}", [])
    assert len(flips) > 1 or (flips and not flips[0].startswith("2026-03-01 08:00"))


def test_the_rule_files_are_right_and_show_all_three_sorts() -> None:
    parse_rules(*blocks("yaml"))
    rules = [yaml.load(block, Loader=yaml.BaseLoader) for block in blocks("yaml")]
    assert {form for rule in rules for form in FORMS if form in rule} == set(FORMS)


def test_the_segment_that_is_shown_is_the_one_that_ships() -> None:
    assert blocks("yaml")[0] == (ROOT / "rules/churn-risk.yaml").read_text()


def test_the_keys_of_a_segment_are_all_there() -> None:
    rows = re.findall(r"^\| (`.*`) \| .* \|$", PAGE.split("## Tiers")[0], re.MULTILINE)
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == set(FORMS["segment"].model_fields)


def test_the_grid_is_the_one_that_names_are_given_by() -> None:
    rows = re.findall(r"^\| \*\*R(\d)\*\* \| (.*) \|$", PAGE, re.MULTILINE)
    shown = {(int(r), f): name for r, names in rows for f, name in enumerate(names.split(" | "), 1)}
    assert shown == {(r, f): name_of(r, f) for r in range(1, 6) for f in range(1, 6)}


def test_what_is_said_to_be_refused_is_refused_with_what_to_write_instead() -> None:
    (pairs,) = blocks("text")
    for refused, instead in re.findall(r"^refused +(.*)\nwrite +(.*)$", pairs, re.MULTILINE):
        with pytest.raises(ExpressionFaults) as error:
            parse_condition(refused)
        assert [fault.hint for fault in error.value.faults] == [f"write `{instead}`"]
