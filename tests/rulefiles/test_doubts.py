"""Every doubt about rules as a person sees it: `doubts.txt` is the list to read."""

import re
from pathlib import Path

import pytest

from streams.rulefiles import check

LIST = Path(__file__).with_name("doubts.txt")
CASES = re.findall(r"^=== (.+)\n((?s:.*?))--- doubts\n((?s:.*?))(?=\n===|\Z)", LIST.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("files", "doubts"), [case[1:] for case in CASES], ids=[name for name, *_ in CASES])
def test_all_doubts_of_all_files_are_shown_as_the_list_has_them(files: str, doubts: str, tmp_path: Path) -> None:
    for name, text in re.findall(r"^--- (.+)\n((?s:.*?))(?=^--- |\Z)", files, re.MULTILINE):
        (tmp_path / name).write_text(text, "utf-8")
    assert shown(tmp_path) == doubts.rstrip("\n")


def shown(folder: Path) -> str:
    rulebook, found = check(folder)
    assert rulebook.rules  # they run as they say
    return "\n".join(map(str, found)).replace(f"{folder.as_posix()}/", "")


def test_a_word_that_a_trait_was_sent_with_lacks_its_quotes(tmp_path: Path) -> None:
    rule = tmp_path / "words.yaml"
    rule.write_text("segment: words\nenter: industry == banking or industry == parent_industry\n")
    assert check(rule)[1] == []
    [doubt] = check(rule, {"industry": frozenset(["banking"])})[1]
    assert (doubt.message, doubt.hint) == ("`banking` without quotes is a trait", 'write "banking"')


def test_nothing_is_said_of_the_rules_that_ship() -> None:
    assert check(Path("rules"))[1] == []


def test_a_doubt_stands_where_its_condition_is_broken_over_lines(tmp_path: Path) -> None:
    rule = tmp_path / "long.yaml"
    rule.write_text('segment: long\nenter: >-\n  paying and mrr\n  == "10"\n')
    [doubt] = check(rule)[1]
    assert (doubt.line, doubt.column) == (3, 14)
