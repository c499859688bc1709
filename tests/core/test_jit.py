"""How the kernel is compiled: code kept on disk is never stale, and rules are data for it."""

from pathlib import Path
from typing import Any

import pytest

from streams.core import jit, kernel
from streams.core.batch import Batch
from streams.core.events import Event
from streams.core.expressions import parse_condition
from streams.core.rules import Rulebook, Segment
from streams.core.shard import Shard


def test_the_kept_code_changes_with_every_file_that_is_compiled() -> None:
    files = Path(jit.__file__).parent.glob("*.py")
    compiled = {file.stem for file in files if "from streams.core.jit import" in file.read_text()}
    assert compiled - {"jit"} <= set(jit.COMPILED_FILES)


@pytest.mark.skipif(not hasattr(kernel._work, "signatures"), reason="nothing is compiled")
def test_other_rules_compile_nothing() -> None:
    work: Any = kernel._work
    run("idle_days >= 7")
    compiled = list(work.signatures)
    run('avg("Signed In", "seats", days=7) > 3 and trend(any, hours=24) < 0.5 and distinct(any, "page", days=3) > 1')
    assert work.signatures == compiled


def run(enter: str) -> None:
    shard = Shard(Rulebook((Segment("made-up", parse_condition(enter)),)))
    shard.step(Batch.of([Event("ann", 0, "Signed In", True, "m-1", {"seats": 5, "page": "/"}, {})]))
    shard.tick(10 * 86_400_000)
