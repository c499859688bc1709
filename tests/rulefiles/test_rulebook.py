"""Rule files to a rulebook: what its segments hold, and the rules that ship."""

from pathlib import Path

import pytest

from streams.core.language.parser import parse_condition
from streams.core.rules.rulebook import Segment
from streams.rulefiles import load

CHURN_RISK = """\
segment: churn-risk
description: Paying customers who were active and went quiet
enter: paying and active_days(days=30) >= 8 and idle_days >= 7
exit: idle_days < 1            # optional
min_stay: 1d                   # optional
include: [plan, company.name, plan]
labels: {owner: customer-success, goal: "churn of paying users below 3 % a month"}
"""


def segment(text: str, folder: Path) -> Segment:
    (folder / "churn-risk.yaml").write_text(text, "utf-8")
    (found,) = load(folder).rules
    assert isinstance(found, Segment)
    return found


def test_a_file_says_all_that_a_segment_is(tmp_path: Path) -> None:
    found = segment(CHURN_RISK, tmp_path)
    assert found == Segment(
        name="churn-risk",
        enter=parse_condition("paying and active_days(days=30) >= 8 and idle_days >= 7"),
        exit=parse_condition("idle_days < 1"),
        min_stay_ms=86_400_000,
        include=("plan", "company.name"),
        description="Paying customers who were active and went quiet",
        labels={"owner": "customer-success", "goal": "churn of paying users below 3 % a month"},
        version=found.version,
    )


def test_all_but_name_and_enter_may_be_left_out(tmp_path: Path) -> None:
    found = segment("segment: churn-risk\nenter: paying\n", tmp_path)
    assert (found.exit, found.min_stay_ms, found.include, found.labels) == (None, 0, (), {})


def test_rules_are_sorted_by_code_points(tmp_path: Path) -> None:
    for name in ("b", "a-b", "B", "a.b", "a"):
        (tmp_path / f"{name}.yaml").write_text(f"segment: {name}\nenter: paying\n")
    assert load(tmp_path).names == ("B", "a", "a-b", "a.b", "b")


SAME = {
    "description": ("Paying customers who", "Customers who"),
    "labels": ("owner: customer-success", "owner: growth"),
    "white space": ("paying and active_days(days=30)", "paying\n  and active_days( days = 30 )"),
    "brackets": ("paying and active_days(days=30) >= 8 and", "paying and (active_days(days=30) >= 8) and"),
    "numbers": (">= 8", ">= 8.0"),
    "order of include": ("[plan, company.name, plan]", "[company.name, plan]"),
    "unit of min_stay": ("1d", "24h"),
    "comments": ("# optional", "# or not"),
}
OTHER = {
    "enter": (">= 8", "> 8"),
    "order of parts": ("paying and active_days(days=30) >= 8", "active_days(days=30) >= 8 and paying"),
    "exit": ("exit: idle_days < 1 ", "exit: idle_days < 2 "),
    "min_stay": ("1d", "2d"),
    "include": (", company.name", ""),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_the_version_is_the_same_where_the_meaning_is(old: str, new: str, tmp_path: Path) -> None:
    changed = CHURN_RISK.replace(old, new)
    assert changed != CHURN_RISK
    assert segment(changed, tmp_path).version == segment(CHURN_RISK, tmp_path).version


@pytest.mark.parametrize(("old", "new"), OTHER.values(), ids=OTHER)
def test_the_version_is_another_where_the_meaning_is(old: str, new: str, tmp_path: Path) -> None:
    changed = CHURN_RISK.replace(old, new)
    assert changed != CHURN_RISK
    assert segment(changed, tmp_path).version != segment(CHURN_RISK, tmp_path).version


def test_a_rule_in_shadow_means_the_same(tmp_path: Path) -> None:
    dark = segment(CHURN_RISK + "state: shadow\n", tmp_path)
    live = segment(CHURN_RISK + "state: live\n", tmp_path)
    assert (dark.is_shadow, live.is_shadow) == (True, False)
    assert dark.version == live.version == segment(CHURN_RISK, tmp_path).version
    assert dark.key != live.key


def test_a_version_stays_what_it_was_in_earlier_releases(tmp_path: Path) -> None:
    version = "sha256:f7500556ae72fda387945a457bdeef9ecd5afcf8d1f1f94b3ae4b2649b235933"
    assert segment(CHURN_RISK, tmp_path).version == version


def test_segments_may_ask_for_each_other_in_one_direction(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('segment: a\nenter: in_segment("b") and not in_segment("c")\n')
    (tmp_path / "b.yaml").write_text('segment: b\nenter: paying\nexit: in_segment("c")\n')
    (tmp_path / "c.yaml").write_text("segment: c\nenter: not paying\n")
    assert load(tmp_path).names == ("a", "b", "c")
