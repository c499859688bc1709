"""How the kernel is compiled: code kept on disk is never stale."""

from pathlib import Path

from streams.core import jit


def test_the_kept_code_changes_with_every_file_that_is_compiled() -> None:
    files = Path(jit.__file__).parent.glob("*.py")
    compiled = {file.stem for file in files if "from streams.core.jit import" in file.read_text()}
    assert compiled - {"jit"} <= set(jit.COMPILED_FILES)
