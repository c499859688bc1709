"""The kernel as it is, and compiled: the same answers, and rules are data for both."""

import inspect
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from streams.cli import main
from streams.core.events import Event
from streams.core.kernel import jit
from streams.core.kernel.jit import ENTRIES, INNER
from streams.core.rules.rulebook import Rulebook
from streams.testing import identify, track
from tests import strategies as made
from tests.core.harness import run

QUIET = "segment: quiet\nenter: idle_days >= 7\n"
# Every sort of rule, and what the first one did not read.
ADDED = {
    "busy": """
        segment: busy
        enter: >
          avg("Signed In", "seats", days=7) > 3 and trend(any, hours=24) < 0.5 and distinct(any, "page", days=3) > 1
          or max(event(any, where=properties.seats > 3), "seats", days=7, before_days=7) > 9
        exit: plan == "free" or has(latest("Signed In", "page"), "/") or in_segment("quiet")
        min_stay: 1h
        include: [plan]
    """,
    "lifecycle": """
        tier: lifecycle
        levels:
          new: tenure_days - idle_days < 1
          ending: days_until(trial_ends_at) < 3
          active: otherwise
    """,
    "rfm": """
        scores: rfm
        recency: idle_days
        frequency: active_days(days=90)
        monetary: mrr
        method: quintiles
    """,
}


def test_everything_that_is_compiled_is_in_the_folder_that_names_the_kept_code() -> None:
    functions = [*INNER, *(entry.function for entry in ENTRIES)]
    assert {Path(inspect.getfile(function)).parent for function in functions} == {Path(jit.__file__).parent}


class Compiled(dict[str, int]):
    """How often each entry of the engine has been compiled, or read from disk, in this process so far."""

    @classmethod
    def so_far(cls) -> "Compiled":
        return cls({entry.function.__name__: len(getattr(entry.run, "signatures", ())) for entry in ENTRIES})


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
@pytest.mark.parametrize("command", ["replay", "explain"])
def test_a_rule_file_that_is_added_compiles_nothing(command: str, tmp_path: Path) -> None:
    records = [track("ann", "Signed In", "2026-03-01", seats=5, page="/"), identify("ann", "2026-03-02", plan="pro")]
    events, rules = tmp_path / "events.jsonl", tmp_path / "rules"
    events.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    rules.mkdir()
    (rules / "quiet.yaml").write_text(QUIET)
    told = [*(["ann"] if command == "explain" else []), str(events), "--rules", str(rules)]

    def run() -> Compiled:
        result = CliRunner().invoke(main, [command, *told])
        assert result.exit_code == 0, result.output
        return Compiled.so_far()

    before = run()
    for name, text in ADDED.items():
        (rules / f"{name}.yaml").write_text(text)
        assert run() == before, name
    assert before["_work"] == 1


def test_checking_a_rule_file_that_is_added_compiles_nothing(tmp_path: Path) -> None:
    before = Compiled.so_far()
    for name, text in {"quiet": QUIET, **ADDED}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
        assert CliRunner().invoke(main, ["check", str(tmp_path)]).exit_code == 0
    assert Compiled.so_far() == before


@contextmanager
def interpreted() -> Iterator[None]:
    """The kernel's functions as they are."""
    before = [entry.run for entry in ENTRIES]
    for entry in ENTRIES:
        entry.run = entry.function
    try:
        yield
    finally:
        for entry, compiled in zip(ENTRIES, before, strict=True):
            entry.run = compiled


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
@given(made.rulebooks(), made.arrivals(), st.sampled_from(made.TIMEZONES))
def test_as_it_is_the_kernel_makes_the_same_changes_as_compiled(
    rulebook: Rulebook, arrivals: list[Event | int], timezone: str
) -> None:
    with interpreted():
        expected = run(rulebook, arrivals, timezone)
    assert run(rulebook, arrivals, timezone) == expected


def test_functions_are_noted_and_run_as_they_are() -> None:
    def one(number: int) -> int:
        return number + 1

    try:
        assert [jit.compiled(one) is one, INNER[one], jit.inlined(one) is one, INNER[one]] == [True, False, True, True]
        noted = jit.entry(one)
        assert (noted(2), ENTRIES[-1] is noted, noted.function is one) == (3, True, True)
        noted.run = lambda number: number - 1
        assert noted(2) == 1
    finally:
        del INNER[one]
        ENTRIES.pop()
