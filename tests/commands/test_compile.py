"""`segmenter compile`, and what a command says while it compiles."""

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.commands.engine import tell
from streams.settings import cache_folder


def test_where_the_code_is_kept_is_told() -> None:
    result = CliRunner().invoke(main, ["compile"])
    assert result.exit_code == 0
    assert result.stdout == f"The engine is compiled, and kept in {cache_folder()}.\n"


def test_on_a_terminal_one_line_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for done in range(3):
        tell(done, 2)
    line = "\rCompiling the engine, once on this machine: {} of 2 functions"
    assert capsys.readouterr().err == line.format(0) + line.format(1) + line.format(2) + "\n"


def test_elsewhere_it_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    for done in range(3):
        tell(done, 2)
    assert capsys.readouterr().err == "Compiling the engine, once on this machine: 2 functions\n"
