"""The page of a backtest: it asks nobody for anything, and shows foreign text as text."""

import re
from pathlib import Path

import pytest

from streams.backtest.page import page
from streams.backtest.processes import play
from streams.backtest.question import Question, outcome_rules
from streams.backtest.report import Report, report
from streams.core.instants import DAY_MS
from streams.settings import Settings
from streams.testing import billing, to_bytes, track
from tests.rulebooks import rulebook

ODD = "<script>alert(1)</script>"


@pytest.fixture
def found(tmp_path: Path) -> Report:
    records = [
        track(ODD, "Signed In", "2026-03-01", plan='"<b>'),
        billing("ann", "Subscription Started", "2026-03-02", mrr=9),
        track("ann", ODD, "2026-03-20"),
    ]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(to_bytes(record) + b"\n" for record in records) + b"<oops>\n")
    new, old = rulebook(quiet="idle_days >= 2", paying="paying"), rulebook(quiet="idle_days >= 90", gone="paying")
    question = Question(Settings(), (str(path),), new, old, None, outcome_rules(ODD), ODD, 5 * DAY_MS)
    return report(question, play(question, 1, lambda *_: None))


def test_foreign_text_is_text(found: Report) -> None:
    text = page(found)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;oops&gt;" not in text  # what a rejected line says is nobody's to see; where it stands is


def test_it_asks_nobody_for_anything(found: Report) -> None:
    text = page(found)
    assert re.findall(r"(?:src|href)=\"(?!#)", text) == []
    assert "url(" not in text
    assert "@import" not in text


def test_each_chart_has_a_table_with_its_numbers(found: Report) -> None:
    text = page(found)
    assert text.count('role="img"') == text.count("<details>") > 0
    [quiet] = [segment for segment in found.segments if segment.segment == "quiet"]
    assert quiet.new is not None
    for day in quiet.new.by_day:
        assert f'<th scope="row">{day.day}</th><td>{day.size}</td>' in text


def test_who_would_enter_is_there_with_the_conditions(found: Report) -> None:
    text = page(found)
    assert "would enter, such as" in text
    assert '<span class="condition yes">idle_days &gt;= 2 (19)</span>' in text
