"""`segmenter rules plan`, `apply`, `history`, `show`, `diff` and `rollback`, on a real Redis."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.core.instants import DAY_MS, parse_time
from streams.embedded.redis import RedisServer
from streams.lifecycle.checking import check_files
from streams.state.redis_store import RedisStore
from tests.lifecycle.state import left_by_worker, signed_in

AT = parse_time("2026-11-03T09:14:00Z") or 0
QUIET = "segment: quiet\nenter: idle_days >= 7\n"
STRICTER = "segment: quiet\nenter: idle_days >= 3\n"
KEEN = "segment: keen\nenter: active_days(days=30) >= 8\n"
HOOKS = "endpoints:\n  crm:\n    url: https://crm.example.com/hooks\n    segments: [quiet]\n    secret: CRM_SECRET\n"
EVENTS = [signed_in(user, AT - days * DAY_MS) for user, days in {"ann": 10, "bob": 4, "cid": 4, "dan": 0}.items()]


class Group:
    """A group of workers that has run under `QUIET`, and a folder."""

    def __init__(self, url: str, name: str, folder: Path):
        self._url, self._name, self.folder = url, name, folder

    def files_are(self, **files: str) -> None:
        for old in self.folder.rglob("*.yaml"):
            old.unlink()
        for name, text in files.items():
            (self.folder / f"{name}.yaml").write_text(text)

    def left(self) -> None:
        async def leave() -> None:
            store = RedisStore(self._url, self._name)
            await left_by_worker(store, check_files({"quiet.yaml": QUIET}).rulebook, EVENTS)
            await store.close()

        asyncio.run(leave())

    def rules(self, *words: str, said: str | None = None) -> Result:
        where = ("--redis", self._url, "--group", self._name)
        return CliRunner().invoke(main, ["rules", *words, *where], input=said)

    def apply(self, *words: str) -> Result:
        return self.rules("apply", str(self.folder), "--yes", *words)

    def versions(self) -> list[Any]:
        found: list[Any] = json.loads(self.rules("history", "--json").output)
        return found


@pytest.fixture
def group(redis_server: RedisServer, group: str, tmp_path: Path) -> Group:
    folder = tmp_path / "rules"
    folder.mkdir()
    made = Group(redis_server.url, group, folder)
    made.files_are(quiet=QUIET)
    return made


def test_a_plan_tells_what_differs_who_moves_and_who_hears_of_it(group: Group) -> None:
    group.left()
    group.apply("--author", "ann", "--note", "begin")
    group.files_are(quiet=STRICTER, keen=KEEN, webhooks=HOOKS)
    lines = group.rules("plan", str(group.folder)).output.splitlines()
    assert lines[0].startswith("Version 1 is live, applied ")
    assert lines[0].endswith(" by ann: begin")
    until = "warming until Thu 3 Dec 00:00 UTC: active_days(days=30) was not kept before"
    assert lines[2:12] == [
        "What differs",
        f"  keen      segment   added    {until}",
        "  quiet     segment   changed",
        "  webhooks  webhooks  added",
        "",
        "Who enters and leaves at once, of all 4 profiles",
        "  segment  members  enter  leave  then",
        "  quiet    1        +2            3",
        "  quiet: enter bob, cid",
        "",
    ]
    rest = " ".join(" ".join(lines[12:]).split())
    assert "Nobody gets a message for entering or leaving by this" in rest
    assert "Webhooks hear of it, with `live` false: crm gets 2 changes." in rest
    assert "more than now: 0.0 MB over all." in rest
    assert f"To do it: segmenter rules apply {group.folder}" in rest


def test_a_plan_for_programs_has_the_same(group: Group) -> None:
    group.left()
    group.apply()
    group.files_are(quiet=STRICTER)
    plan = json.loads(group.rules("plan", str(group.folder), "--json").output)
    assert (plan["live"], plan["profiles"], plan["looked_at"]) == (1, 4, 4)
    assert plan["differences"] == [{"name": "quiet", "what": "segment", "how": "changed"}]
    (move,) = plan["moves"]
    assert (move["segment"], move["members"], move["enter"], move["entering"]) == ("quiet", 1, 2, ["bob", "cid"])


def test_applying_asks_and_nothing_happens_unless_the_answer_is_yes(group: Group) -> None:
    apply = ("apply", str(group.folder))
    for answer, told in (("n\n", "Nothing is changed."), ("", "nobody was there to answer. In a script say --yes.")):
        refused = group.rules(*apply, said=answer)
        assert refused.exit_code == 2
        assert told in refused.stderr
        assert group.versions() == []
    done = group.rules(*apply, said="y\n")
    assert done.exit_code == 0
    assert "Version 1 is live. Running workers take it over within seconds" in done.output
    assert len(group.versions()) == 1


def test_the_history_tells_when_by_whom_and_why(group: Group) -> None:
    assert "Nothing was ever applied" in group.rules("history").output
    group.apply("--author", "ann", "--note", "abc123")
    group.files_are(quiet=STRICTER)
    group.apply("--author", "b\x1bob")
    assert [(each["version"], each["author"], each["note"]) for each in group.versions()] == [
        (2, "b\x1bob", ""),
        (1, "ann", "abc123"),
    ]
    _, newest, oldest = group.rules("history").output.splitlines()
    assert newest.startswith("2 live  ")
    assert "b\\x1bob" in newest
    assert oldest.startswith("1       ")
    assert oldest.endswith("  abc123")


def test_what_is_live_already_is_not_applied_again(group: Group) -> None:
    group.apply()
    again = group.apply()
    assert again.exit_code == 0
    assert "there is nothing to apply" in again.output
    assert len(group.versions()) == 1


def test_faults_are_refused_with_their_places(group: Group) -> None:
    group.files_are(quiet="segment: quiet\nenter: idle_dys >= 7\n")
    refused = group.apply()
    assert refused.exit_code == 2
    assert f"{group.folder}/quiet.yaml:2:8" in refused.stderr
    assert group.versions() == []


def test_a_plan_is_applied_only_while_it_is_what_was_seen(group: Group) -> None:
    group.apply()
    group.files_are(quiet=STRICTER)
    plan = json.loads(group.rules("plan", str(group.folder), "--json").output)["plan_id"]
    group.files_are(quiet=STRICTER, keen=KEEN)
    refused = group.apply("--plan", plan)
    assert refused.exit_code == 2
    assert f"and not {plan}. The folder has changed since" in refused.stderr
    group.files_are(quiet=STRICTER)
    assert group.apply("--plan", plan).exit_code == 0
    assert len(group.versions()) == 2


def test_too_great_a_change_of_any_segment_is_refused(group: Group) -> None:
    group.left()
    group.apply()
    group.files_are(quiet=STRICTER, keen=KEEN)
    refused = group.apply("--max-change", "150%")
    assert refused.exit_code == 2
    assert "it would move more than 150 % of quiet (" in refused.stderr
    assert len(group.versions()) == 1
    assert group.apply("--max-change", "200").exit_code == 0
    assert "no share such as 5%" in group.apply("--max-change", "much").stderr


def test_the_files_of_any_version_can_be_had_back(group: Group, tmp_path: Path) -> None:
    assert "Nothing was ever applied" in group.rules("show").stderr
    group.apply("--author", "ann", "--note", "begin")
    group.files_are(quiet=STRICTER, keen=KEEN)
    group.apply()
    first = group.rules("show", "1").output
    assert first.splitlines()[1:] == ["begin", "", "--- quiet.yaml", "segment: quiet", "enter: idle_days >= 7"]
    assert "there is no version 9" in group.rules("show", "9").stderr.lower()
    assert group.rules("show", "--to", str(tmp_path / "back")).exit_code == 0
    assert {path.name for path in (tmp_path / "back").iterdir()} == {"quiet.yaml", "keen.yaml"}
    assert group.rules("diff", str(tmp_path / "back")).exit_code == 0
    assert "is not empty" in group.rules("show", "--to", str(tmp_path / "back")).stderr


def test_a_difference_is_shown_and_told_by_the_exit_status(group: Group) -> None:
    group.apply()
    same = group.rules("diff", str(group.folder))
    assert (same.exit_code, same.output) == (0, "No difference from version 1.\n")
    group.files_are(quiet=STRICTER)
    other = group.rules("diff", str(group.folder))
    assert other.exit_code == 1
    assert other.output.splitlines()[:4] == [
        "quiet  segment  changed",
        "",
        "--- version-1/quiet.yaml",
        "+++ folder/quiet.yaml",
    ]
    assert "-enter: idle_days >= 7\n+enter: idle_days >= 3\n" in other.output
    group.apply()
    assert group.rules("diff", "1", "2").exit_code == group.rules("diff", "1").exit_code == 1
    assert group.rules("diff", "2", "2").exit_code == 0
    assert "neither a folder nor the number of a version" in group.rules("diff", "elsewhere").stderr


def test_of_a_folder_with_faults_nobody_is_told_that_it_means_the_same(group: Group) -> None:
    group.apply()
    group.files_are(quiet="segment: quiet\nenter: idle_dayz >= 7\n")
    other = group.rules("diff", str(group.folder))
    assert other.exit_code == 1
    assert other.output.startswith(
        "There are faults in folder, so that it means nothing: segmenter check tells them.\n"
    )
    assert "+enter: idle_dayz >= 7\n" in other.output


def test_a_rollback_makes_an_old_version_live_again(group: Group) -> None:
    group.apply()
    group.files_are(quiet=STRICTER)
    group.apply()
    assert "has just the files of version 2" in group.rules("rollback", "2", "--yes").output
    refused = group.rules("rollback", "1", said="n\n")
    assert (refused.exit_code, len(group.versions())) == (2, 2)
    assert "  quiet  segment  changed\n" in refused.output
    done = group.rules("rollback", "1", "--yes", "--author", "ann")
    assert done.exit_code == 0
    assert (group.versions()[0]["version"], group.versions()[0]["note"]) == (3, "back to version 1")
    group.files_are(quiet=QUIET)
    assert group.rules("diff", str(group.folder)).exit_code == 0


def test_what_is_live_is_what_the_overview_is_about(group: Group) -> None:
    group.left()
    group.apply("--author", "ann")
    group.files_are(keen=KEEN)
    overview = group.rules("--rules", str(group.folder)).output
    assert overview.startswith("Version 1 is live, applied ")
    assert "\nquiet: segment, live\n    members  1\n" in overview
    assert "keen" not in overview
