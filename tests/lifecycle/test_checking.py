"""Rules and messages together: what a version is made of."""

from pathlib import Path

import pytest

from streams.errors import RuleError
from streams.lifecycle.checking import check_files, check_folder

QUIET = "segment: quiet\nenter: idle_days >= 7\n"
MESSAGE = "message: back\non: enters quiet\nchannel: in_app\nkind: card\ntitle: Hello\nbody: We miss you.\n"
STORY = "It goes quiet:\n  events: |\n    ann 2026-03-01 signs in\n  changes: |\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def test_a_folder_is_kept_with_its_rules_messages_and_stories(tmp_path: Path) -> None:
    write(tmp_path, quiet=QUIET, messages__back=MESSAGE, **{"quiet.stories": STORY, ".hidden": "x"})
    checked = check_folder(tmp_path)
    assert checked.files == {
        "quiet.yaml": QUIET,
        "messages/back.yaml": MESSAGE,
        "quiet.stories.yaml": STORY,
    }
    assert checked.rulebook.names == ("quiet",)
    assert [message.name for message in checked.messages.messages] == ["back"]
    assert check_files(checked.files).digest == checked.digest


def test_a_single_file_is_kept_with_its_stories_alone(tmp_path: Path) -> None:
    write(tmp_path, quiet=QUIET, other=QUIET.replace("quiet", "other"), **{"quiet.stories": STORY})
    assert list(check_folder(tmp_path / "quiet.yaml").files) == ["quiet.yaml", "quiet.stories.yaml"]


def test_faults_of_rules_and_of_messages_are_told_at_once_each_where_it_lies(tmp_path: Path) -> None:
    write(
        tmp_path,
        quiet="segment: quiet\nenter: idle_day >= \n",
        messages__back=MESSAGE.replace("kind: card", "kid: card"),
    )
    with pytest.raises(RuleError) as refused:
        check_folder(tmp_path)
    assert {fault.file for fault in refused.value.faults} == {
        f"{tmp_path}/quiet.yaml",
        f"{tmp_path}/messages/back.yaml",
    }


def test_a_folder_without_rules_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no rule files here"):
        check_folder(tmp_path)


def test_texts_are_checked_against_each_other() -> None:
    circle = {
        "one.yaml": 'segment: one\nenter: in_segment("two")\n',
        "two.yaml": 'segment: two\nenter: in_segment("one")\n',
    }
    with pytest.raises(RuleError, match=r"one\.yaml:2.*a circle"):
        check_files(circle)
