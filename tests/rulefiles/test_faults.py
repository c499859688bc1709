"""Every fault of rule files as a person sees it: `faults.txt` is the list to read."""

import re
from pathlib import Path

import pytest

from streams.errors import RuleError
from streams.rulefiles import load

LIST = Path(__file__).with_name("faults.txt")
CASES = re.findall(r"^=== (.+)\n((?s:.*?))--- faults\n((?s:.*?))(?=\n===|\Z)", LIST.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("files", "faults"), [case[1:] for case in CASES], ids=[name for name, *_ in CASES])
def test_all_faults_of_all_files_are_shown_as_the_list_has_them(files: str, faults: str, tmp_path: Path) -> None:
    for name, text in re.findall(r"^--- (.+)\n((?s:.*?))(?=^--- |\Z)", files, re.MULTILINE):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert shown(tmp_path) == faults.rstrip("\n")


def shown(folder: Path) -> str:
    with pytest.raises(RuleError) as error:
        load(folder)
    return str(error.value).replace(f"{folder.as_posix()}/", "")
