"""`segmenter test`: the stories beside rules, and what is shown where one goes otherwise."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main

STORY = """\
a week goes by:
  events: |
    2026-03-01 08:00  ann  Subscription Started  mrr=49
    2026-03-01 09:00  ann  Signed In
  until: 2026-03-31
  changes: |
    2026-03-08 09:00  ann  enters gone-quiet  (timer)
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "gone-quiet.yaml").write_text("segment: gone-quiet\nenter: paying and idle_days >= 7\n")
    (tmp_path / "gone-quiet.stories.yaml").write_text(STORY)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, arguments)])


def test_stories_that_go_as_told_are_counted(rules: Path) -> None:
    result = run(rules)
    assert (result.exit_code, result.output) == (0, "1 story goes as it is told.\n")


def test_the_rules_that_ship_do_what_their_stories_tell() -> None:
    result = run("rules")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "stories go as they are told.\n" in result.output


def test_a_story_that_goes_otherwise_ends_it_with_status_1_and_is_shown(rules: Path) -> None:
    path = rules / "gone-quiet.stories.yaml"
    path.write_text(STORY.replace("2026-03-08", "2026-03-07") + STORY.replace("a week", "time"))
    result = run(rules)
    assert result.exit_code == 1
    assert result.output == (
        f"{path}:1: a week goes by\n"
        "    -  2026-03-07 09:00  ann  enters gone-quiet  (timer)\n"
        "        by then out, and never was in: not idle_days >= 7 (is 6)\n"
        "    +  2026-03-08 09:00  ann  enters gone-quiet  (timer)\n"
        "\n"
        "-  the story tells it, and it does not happen\n"
        "+  it happens, and the story does not tell it\n"
        "\n"
        "1 of 2 stories goes otherwise.\n"
    )


def test_rules_without_a_story_are_named(rules: Path) -> None:
    (rules / "loud.yaml").write_text("segment: loud\nenter: idle_days < 1\n")
    result = run(rules)
    assert (result.exit_code, result.stderr) == (0, "No story tells of loud.\n")


def test_where_there_are_no_stories_it_is_said_what_one_is(rules: Path) -> None:
    (rules / "gone-quiet.stories.yaml").unlink()
    result = run(rules)
    assert result.exit_code == 2
    assert "stand beside it in churn-risk.stories.yaml" in result.stderr


def test_faults_of_rules_and_stories_end_it_with_status_2_and_their_place(rules: Path) -> None:
    (rules / "gone-quiet.stories.yaml").write_text(STORY.replace("ann  Signed", "ann Signed"))
    result = run(rules)
    assert result.exit_code == 2
    assert "gone-quiet.stories.yaml:4:5: here belong when, who" in result.stderr
    (rules / "gone-quiet.yaml").write_text("segment: gone-quiet\nenter: idle_dys >= 7\n")
    assert "gone-quiet.yaml:2:8" in run(rules).stderr
