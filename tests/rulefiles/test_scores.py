"""What the file of scores means."""

from pathlib import Path

import pytest

from streams.core.language.parser import parse_value
from streams.core.rules.rulebook import Edges, Scores
from streams.rulefiles import load

RFM = """\
scores: rfm
description: How they buy
recency: idle_days
frequency: active_days(days=90)
monetary: mrr
method: quintiles
refresh: 2h
include: [plan]
labels: {owner: growth}
"""
FIXED = RFM.replace(
    "method: quintiles\nrefresh: 2h", "fixed: {r: [1, 7, 14, 30.5], f: [2, 5, 10, 20], m: [-10, .5, 1e2, 500]}"
)


def scores(text: str, folder: Path) -> Scores:
    (folder / "rfm.yaml").write_text(text, "utf-8")
    (found,) = load(folder).rules
    assert isinstance(found, Scores)
    return found


def test_a_file_says_all_that_scores_are(tmp_path: Path) -> None:
    found = scores(RFM, tmp_path)
    assert found == Scores(
        name="rfm",
        recency=parse_value("idle_days"),
        frequency=parse_value("active_days(days=90)"),
        monetary=parse_value("mrr"),
        fixed=None,
        refresh_ms=7_200_000,
        include=("plan",),
        description="How they buy",
        labels={"owner": "growth"},
        version=found.version,
    )


def test_quintiles_are_made_anew_every_hour_unless_said_otherwise(tmp_path: Path) -> None:
    assert scores(RFM.replace("refresh: 2h\n", ""), tmp_path).refresh_ms == 3_600_000


def test_edges_may_be_fixed(tmp_path: Path) -> None:
    edges = Edges(r=(1.0, 7.0, 14.0, 30.5), f=(2.0, 5.0, 10.0, 20.0), m=(-10.0, 0.5, 100.0, 500.0))
    assert scores(FIXED, tmp_path).fixed == edges


def test_others_read_scores_by_the_name_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "rfm.yaml").write_text(RFM)
    (tmp_path / "best.yaml").write_text("segment: best\nenter: rfm.r >= 4 and rfm.f >= 4\n")
    assert set(load(tmp_path).scores) == {"rfm"}


SAME = {
    "description": (RFM, "How they buy", "RFM"),
    "labels": (RFM, "owner: growth", "owner: success"),
    "white space": (RFM, "active_days(days=90)", "active_days( days = 90 )"),
    "unit of refresh": (RFM, "2h", "120m"),
    "refresh by default": (RFM.replace("2h", "1h"), "refresh: 1h\n", ""),
    "how an edge is written": (FIXED, "1e2", "100.0"),
}
OTHER = {
    "recency": (RFM, "idle_days", "tenure_days"),
    "which is which": (
        RFM,
        "frequency: active_days(days=90)\nmonetary: mrr",
        "frequency: mrr\nmonetary: active_days(days=90)",
    ),
    "refresh": (RFM, "2h", "3h"),
    "include": (RFM, "[plan]", "[]"),
    "method": (FIXED, FIXED, RFM),
    "an edge": (FIXED, "30.5", "31"),
}


@pytest.mark.parametrize(("text", "old", "new"), SAME.values(), ids=SAME)
def test_the_version_is_the_same_where_the_meaning_is(text: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in text
    assert scores(text.replace(old, new), tmp_path).version == scores(text, tmp_path).version


@pytest.mark.parametrize(("text", "old", "new"), OTHER.values(), ids=OTHER)
def test_the_version_is_another_where_the_meaning_is(text: str, old: str, new: str, tmp_path: Path) -> None:
    assert old in text
    assert scores(text.replace(old, new), tmp_path).version != scores(text, tmp_path).version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (RFM, "sha256:026d661b9ddc71659cf9b38caf900b94a3aace8adc266124a94e79f1b7a875b6"),
        (FIXED, "sha256:30a0eafd113d27acb6f46279e85e0442a946b02ea32c846f4cefcf7e6ae6f456"),
    ],
)
def test_a_version_stays_what_it_is(text: str, version: str, tmp_path: Path) -> None:
    assert scores(text, tmp_path).version == version
