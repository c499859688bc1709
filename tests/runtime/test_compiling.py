"""A worker that compiles its engine says so in its log."""

from pathlib import Path

import pytest

from streams.native.build import Progress
from streams.runtime.compiling import compile_engine


def test_the_log_tells_that_it_compiles_and_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def compile_kernel(_cache: Path, progress: Progress) -> None:
        for done in range(3):
            progress(done, 2)

    monkeypatch.setattr("streams.runtime.compiling.compile_kernel", compile_kernel)
    caplog.set_level("INFO")
    compile_engine()
    first, *_, last = [record.getMessage() for record in caplog.records]
    assert first == "engine - compiles for this machine, once: 0 of 2 functions"
    assert last.startswith("engine - compiled for this machine in ")


def test_where_there_is_nothing_to_compile_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("streams.runtime.compiling.compile_kernel", lambda *_: None)
    caplog.set_level("INFO")
    compile_engine()
    assert caplog.records == []
