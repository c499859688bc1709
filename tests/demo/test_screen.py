"""What a terminal shows."""

import io

import pytest
from rich.console import Console

from streams.core.changes import Change
from streams.demo.screen import Screen
from streams.demo.screen_state import ScreenState
from tests.demo.states import BEGAN_MS, LIFE, company, moved, told


def screen(seen: ScreenState, changes: list[Change], width: int = 120, height: int = 40) -> str:
    out = io.StringIO()
    with Screen(Console(file=out, force_terminal=True, width=width, height=height), "/tmp/segmenter-dev-x/env") as view:
        view.app = "http://127.0.0.1:8080/"
        view.show(seen, seen.saw(changes))
        return out.getvalue()


def test_the_screen_shows_sizes_changes_and_how_to_follow() -> None:
    shown = screen(company(), [told("ann")])
    assert all(part in shown for part in ("churn-risk", "dormant", "ann", "idle_days >= 7 (is 7)"))
    assert "    . /tmp/segmenter-dev-x/env" in shown
    assert "    segmenter watch --segment churn-risk" in shown
    assert "    segmenter explain ann --segment churn-risk" in shown
    assert "Be one of them at http://127.0.0.1:8080/ " in shown


@pytest.mark.parametrize("height", [24, 30, 60])
@pytest.mark.parametrize("rows", [5, 30])
def test_the_screen_fits_into_its_terminal(height: int, rows: int) -> None:
    names = [f"segment-{number:02}" for number in range(rows)]
    seen = company(*names, tiers=LIFE, others=30)
    shown = screen(seen, [told(f"u-{name}", segment=name) for name in names], width=80, height=height)
    assert len(shown.splitlines()) < height
    assert "segmenter explain" in shown
    assert "Ctrl-C" in shown


@pytest.mark.parametrize("height", [24, 60])
def test_it_fits_too_while_the_history_is_worked_off(height: int) -> None:
    seen = company(now_ms=BEGAN_MS)
    seen.compiled = 3, 128
    shown = screen(seen, [], width=80, height=height)
    assert len(shown.splitlines()) < height
    assert all(part in shown for part in ("the worker starts", "3 of 128 functions", "Ctrl-C"))


def test_the_screen_keeps_the_level_before_out_of_the_column_of_segments() -> None:
    changes = [moved("ann", "life/new"), moved("ann", "life/power", previous="life/new")]
    assert "(was new) idle_days >= 7 (is 7)" in screen(company(tiers=LIFE), changes)
