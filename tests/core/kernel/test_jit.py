"""How the kernel is compiled: code kept on disk is never stale, and rules are data for it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.core.kernel import hash_table, jit, loop, packing
from streams.testing import identify, track

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
    kernel = Path(jit.__file__).parent
    compiled = {
        file for file in kernel.parents[1].rglob("*.py") if "from streams.core.kernel.jit import" in file.read_text()
    }
    assert {file.parent for file in compiled} == {kernel}


class Compiled(dict[str, int]):
    """How often each entry of the engine has been compiled, or read from disk, in this process so far."""

    @classmethod
    def so_far(cls) -> "Compiled":
        entries = [each for module in (loop, packing, hash_table) for each in vars(module).values()]
        return cls({each.__name__: len(each.signatures) for each in entries if hasattr(each, "signatures")})


@pytest.mark.skipif(not hasattr(loop._work, "signatures"), reason="nothing is compiled")
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
