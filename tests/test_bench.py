"""The benchmarks that need no Kafka still run, each with next to nothing to measure."""

import asyncio
import gc
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import pytest

from tests.bench import (
    batches,
    changes,
    decode,
    engine,
    functions,
    index,
    loading,
    merging,
    misrouted,
    rule_count,
    state,
    unlinked,
    wave,
)
from tests.bench.crowd import Crowd

# Each with what its `main` is given, and what of it is made smaller.
BENCHES: Final[list[tuple[ModuleType, list[int], dict[str, Any]]]] = [
    (batches, [1], {"RECORDS": 100, "A_BATCH": (1, 100)}),
    (changes, [50], {}),
    (decode, [50], {}),
    (engine, [50], {"USERS": 20}),
    (functions, [50], {}),
    (index, [50], {"EVENTS": 50, "SLICE": 10, "OTHER_BYTES": 1 << 10}),
    (loading, [100], {"CROWD": Crowd(users=20, track_events=100)}),
    (merging, [], {"PAIRS": 2}),
    (misrouted, [5], {"FETCH": 5}),
    (rule_count, [50], {"USERS": 20}),
    (unlinked, [50], {"AT_ONCE": 20}),
    (wave, [50], {}),
]


@pytest.fixture(autouse=True)
def garbage_as_before() -> Iterator[None]:
    """Some collect garbage as rarely as a worker does."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.mark.parametrize(("bench", "sizes", "smaller"), BENCHES, ids=[each.__name__ for each, *_ in BENCHES])
def test_it_runs_and_says_what_it_found(
    bench: ModuleType,
    sizes: list[int],
    smaller: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in smaller.items():
        monkeypatch.setattr(bench, name, value)
    bench.main(*sizes)
    assert capsys.readouterr().out


def test_that_of_checkpoints_runs_and_says_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(state, "USERS", state.USERS[:5])
    with state.SyncsEverySecond() as server:
        asyncio.run(state.bench(server.url))
    assert "a checkpoint" in capsys.readouterr().out
