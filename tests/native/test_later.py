"""The kernel as it is at first, and compiled once that pays."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streams.core.kernel import murmur2
from streams.core.kernel.jit import ENTRIES
from streams.core.profiles.index import encoded
from streams.native.later import compile_once_it_pays


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def _as_it_is() -> Iterator[None]:
    """Nothing is compiled at first; in the end, what was before."""
    before = [entry.run for entry in ENTRIES]
    for entry in ENTRIES:
        entry.run = entry.function
    yield
    for entry, run in zip(ENTRIES, before, strict=True):
        entry.run = run


def hashes() -> list[int]:
    found: list[int] = murmur2.murmur2(*encoded(["ann", "bob"])).tolist()
    return found


class Compiling:
    """Compiles nothing, but for one entry, which then counts its calls."""

    def __init__(self) -> None:
        self.times = self.calls = 0

    def __call__(self) -> None:
        self.times += 1
        murmur2._hash_all.run = self._counted(murmur2._hash_all.function)

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            self.calls += 1
            return function(*args)

        return run


def test_nothing_is_compiled_before_it_pays_and_all_at_the_first_call_after_that() -> None:
    expected, clock, compiling = hashes(), Clock(), Compiling()
    compile_once_it_pays(compiling, 5.0, clock)
    clock.now_s += 4.9
    assert hashes() == expected
    assert (compiling.times, compiling.calls) == (0, 0)
    clock.now_s += 0.1
    assert [hashes(), hashes()] == [expected, expected]
    assert (compiling.times, compiling.calls) == (1, 2)


def test_where_compiling_is_switched_off_all_stays_as_it_is() -> None:
    expected, clock = hashes(), Clock()
    compile_once_it_pays(lambda: None, 5.0, clock)
    clock.now_s += 5.0
    assert hashes() == expected
    assert all(entry.run == entry.function for entry in ENTRIES)


def test_what_is_compiled_already_stays_so() -> None:
    compiling = Compiling()
    compiling()
    compile_once_it_pays(compiling, 0.0, Clock())
    hashes()
    assert (compiling.times, compiling.calls) == (1, 1)
