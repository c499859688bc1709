"""What the file of a tier means."""

from pathlib import Path

import pytest

from streams.core.language.parser import parse_condition
from streams.core.rules.nodes import Always
from streams.core.rules.rulebook import Level, Tier
from streams.errors import RuleError
from streams.rulefiles import load

LIFECYCLE = """\
tier: lifecycle
description: How far along they are
levels:
  new: tenure_days < 14
  power: active_days(days=30) >= 20
  dormant: idle_days >= 30
  active: otherwise
include: [plan]
labels: {owner: growth}
"""


def tier(text: str, folder: Path) -> Tier:
    (folder / "lifecycle.yaml").write_text(text, "utf-8")
    (found,) = load(folder).rules
    assert isinstance(found, Tier)
    return found


def test_a_file_says_all_that_a_tier_is(tmp_path: Path) -> None:
    found = tier(LIFECYCLE, tmp_path)
    assert found == Tier(
        name="lifecycle",
        levels=(
            Level("new", parse_condition("tenure_days < 14")),
            Level("power", parse_condition("active_days(days=30) >= 20")),
            Level("dormant", parse_condition("idle_days >= 30")),
            Level("active", Always(True)),
        ),
        include=("plan",),
        description="How far along they are",
        labels={"owner": "growth"},
        version=found.version,
    )


@pytest.mark.parametrize("last", ["otherwise", "'otherwise'", ">-\n    otherwise", "|\n    otherwise"])
def test_otherwise_may_be_written_as_any_text_of_yaml(last: str, tmp_path: Path) -> None:
    assert tier(LIFECYCLE.replace("otherwise", last), tmp_path) == tier(LIFECYCLE, tmp_path)


def test_levels_may_be_called_what_yaml_elsewhere_takes_for_something_else(tmp_path: Path) -> None:
    found = tier("tier: lifecycle\nlevels: {on: mrr > 9, no: mrr > 0, null: idle_days > 9, 1.0: otherwise}\n", tmp_path)
    assert [level.name for level in found.levels] == ["on", "no", "null", "1.0"]


def test_a_tier_may_ask_for_segments_and_scores(tmp_path: Path) -> None:
    (tmp_path / "vip.yaml").write_text("segment: vip\nenter: mrr > 1000\n")
    scores = "scores: rfm\nrecency: idle_days\nfrequency: count(any)\nmonetary: mrr\nmethod: quintiles\n"
    (tmp_path / "rfm.yaml").write_text(scores)
    (tmp_path / "care.yaml").write_text(
        'tier: care\nlevels: {personal: in_segment("vip") or rfm.name == "champions", usual: otherwise}\n'
    )
    assert load(tmp_path).names == ("care", "rfm", "vip")


@pytest.mark.parametrize(("number", "fault"), [(100, ""), (101, "too many: at most 100 belong here")])
def test_a_tier_has_a_hundred_levels_at_most(number: int, fault: str, tmp_path: Path) -> None:
    levels = [f"  from-{i}: mrr >= {i}\n" for i in range(number - 1, 0, -1)]
    text = f"tier: lifecycle\nlevels:\n{''.join(levels)}  other: otherwise\n"
    if not fault:
        assert len(tier(text, tmp_path).levels) == number
        return
    with pytest.raises(RuleError) as error:
        tier(text, tmp_path)
    assert [each.message for each in error.value.faults] == [fault]


SAME = {
    "description": ("How far along", "Where"),
    "labels": ("owner: growth", "owner: success"),
    "white space": ("tenure_days < 14", "tenure_days<14"),
    "numbers": (">= 20", ">= 20.0"),
}
OTHER = {
    "a condition": ("< 14", "<= 14"),
    "the name of a level": ("  new:", "  fresh:"),
    "the name of the last level": ("  active:", "  other:"),
    "the order of levels": (
        "  new: tenure_days < 14\n  power: active_days(days=30) >= 20\n",
        "  power: active_days(days=30) >= 20\n  new: tenure_days < 14\n",
    ),
    "include": ("[plan]", "[mrr]"),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_the_version_is_the_same_where_the_meaning_is(old: str, new: str, tmp_path: Path) -> None:
    assert old in LIFECYCLE
    assert tier(LIFECYCLE.replace(old, new), tmp_path).version == tier(LIFECYCLE, tmp_path).version


@pytest.mark.parametrize(("old", "new"), OTHER.values(), ids=OTHER)
def test_the_version_is_another_where_the_meaning_is(old: str, new: str, tmp_path: Path) -> None:
    assert old in LIFECYCLE
    assert tier(LIFECYCLE.replace(old, new), tmp_path).version != tier(LIFECYCLE, tmp_path).version


def test_a_version_stays_what_it_is(tmp_path: Path) -> None:
    assert (
        tier(LIFECYCLE, tmp_path).version == "sha256:59370396dd92338f84b3d7cb49bad0555d48598562f373d16cfe9c47229cc63e"
    )
