"""Which files are read, and what is said of those that cannot be."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.errors import RuleError
from streams.rulefiles import load

RULE = "segment: {name}\nenter: paying\n"


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(name=path.stem), "utf-8")
    return path


def faults_of(path: Path) -> list[str]:
    with pytest.raises(RuleError) as error:
        load(path)
    return [str(fault).replace(path.as_posix(), "RULES") for fault in error.value.faults]


def test_all_yaml_files_of_all_folders_are_rules_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("b.yaml", "deep/er/a.yml", "C.YAML", "README.md", ".hidden.yaml", ".git/x.yaml", "d.yaml.bak"):
        put(tmp_path / name)
    assert load(tmp_path).names == ("C", "a", "b")


def test_one_file_alone_is_a_rulebook_too(tmp_path: Path) -> None:
    assert load(put(tmp_path / "a.yaml")).names == ("a",)


def test_links_to_files_are_followed_as_a_mounted_config_map_needs(tmp_path: Path) -> None:
    put(tmp_path / "..2026_11" / "a.yaml")
    (tmp_path / "..data").symlink_to("..2026_11")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    assert load(tmp_path).names == ("a",)


def a_missing_folder(rules: Path) -> None:
    rules.rmdir()


def no_rules(rules: Path) -> None:
    (rules / "README.md").write_text("rules go here")


def a_link_to_nothing(rules: Path) -> None:
    (rules / "a.yaml").symlink_to("gone.yaml")


def a_link_to_itself(rules: Path) -> None:
    (rules / "a.yaml").symlink_to("a.yaml")


def a_link_to_a_folder(rules: Path) -> None:
    put(rules.parent / "elsewhere" / "b.yaml")
    (rules / "more").symlink_to(rules.parent / "elsewhere")


def a_pipe(rules: Path) -> None:
    os.mkfifo(rules / "a.yaml")


def too_large_a_file(rules: Path) -> None:
    (rules / "a.yaml").write_bytes(b"#" * (64 * 1024 + 1))


def latin_1(rules: Path) -> None:
    (rules / "a.yaml").write_bytes("segment: a\ndescription: gr\xf6\xdfer\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (a_missing_folder, "RULES: there is no such folder or file\n  `segmenter init DIR` makes a folder of rules"),
        (no_rules, "RULES: there are no rule files here\n  a rule is a file like churn-risk.yaml"),
        (a_link_to_nothing, "RULES/a.yaml: this cannot be read: No such file or directory"),
        (a_link_to_itself, "RULES/a.yaml: this cannot be read: Too many levels of symbolic links"),
        (a_link_to_a_folder, "RULES/more: links to folders are not followed\n  put the rules here"),
        (a_pipe, "RULES/a.yaml: this is no file"),
        (too_large_a_file, "RULES/a.yaml: this file is larger than 64 KiB"),
        (latin_1, "RULES/a.yaml:2:16: from here on this is not UTF-8\n  save the file as UTF-8"),
    ],
)
def test_what_cannot_be_read_is_a_fault(make: Callable[[Path], None], fault: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    make(rules)
    assert faults_of(rules) == [fault]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_fault(tmp_path: Path) -> None:
    put(tmp_path / "a.yaml").chmod(0)
    assert faults_of(tmp_path) == ["RULES/a.yaml: this cannot be read: Permission denied"]


def test_one_bad_file_hides_no_fault_of_another(tmp_path: Path) -> None:
    latin_1(tmp_path)
    (tmp_path / "b.yaml").write_text("segment: b\nenter: 7\n")
    (tmp_path / "c.yaml").write_text("segment: c: d\n")
    assert [fault.partition(" ")[0] for fault in faults_of(tmp_path)] == [
        "RULES/a.yaml:2:16:",
        "RULES/b.yaml:2:8:",
        "RULES/c.yaml:1:11:",
    ]
