"""`segmenter replay`: files in, changes out, as docs/semantics.md#replay says."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.eventfiles import lines
from streams.testing import billing, identify, track
from tests.sources.stripe_events import event, invoice

QUIET = "segment: quiet\nenter: idle_days >= 7\nexit: idle_days < 1\n"
ON_X = 'segment: on-x\nenter: plan == "x"\n'
Write = Callable[[str, Sequence[Any]], str]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "quiet.yaml").write_text(QUIET)
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write records (or raw lines) as JSON Lines; gives the file's path."""

    def write_file(name: str, records: Sequence[Any]) -> str:
        text = "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in records)
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return str(path)

    return write_file


def replay(rules: Path, *arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["replay", "--rules", str(rules), *arguments], input=stdin)


def told(result: Result) -> list[str]:
    """The changes in short."""
    changes = map(json.loads, result.stdout.splitlines())
    return [f"{c['occurred_at'][:10]} {c['user_id']} {c['type'].partition('.')[2]} {c['segment']}" for c in changes]


def test_a_line_that_merges_two_users_does(rules: Path, write: Write) -> None:
    merge = {"type": "merge", "userId": "bob", "into": "ann", "messageId": "m", "timestamp": "2026-03-12"}
    seen = [
        track("ann", "x", "2026-03-01"),
        track("bob", "x", "2026-03-11T12:00"),
        merge,
        track("bob", "x", "2026-03-13"),
    ]
    result = replay(rules, write("a.jsonl", seen), "--until", "2026-03-31")
    assert result.exit_code == 0
    assert told(result) == [
        "2026-03-08 ann entered quiet",
        "2026-03-12 ann exited quiet",
        "2026-03-20 ann entered quiet",
    ]


def test_a_merge_that_cannot_be_is_told_with_its_line(rules: Path, write: Write) -> None:
    merge = {"type": "merge", "userId": "bob", "into": "ann", "messageId": "m", "timestamp": "2026-03-12"}
    path = write("a.jsonl", [track("ann", "x", "2026-03-01"), merge])
    result = replay(rules, path)
    assert result.exit_code == 3
    assert f"{path}:2" in result.stderr
    assert "names nobody who has a profile" in result.stderr


def test_a_link_beyond_what_a_person_may_have_is_told_with_its_line_and_the_line_counts(
    rules: Path, write: Write
) -> None:
    visits = [track("ann", "x", "2026-03-01", f"m-{n}") | {"anonymousId": f"device-{n}"} for n in range(101)]
    result = replay(rules, write("a.jsonl", visits))
    assert result.exit_code == 3
    assert ":101: `ann` has 100 ids, as many as one person may have: `device-100` is not linked" in result.stderr


def test_changes_are_printed_as_on_the_topic_without_live_and_detected_at(rules: Path, write: Write) -> None:
    result = replay(rules, write("a.jsonl", [track("ann", "Signed In", "2026-03-01"), track("bob", "x", "2026-03-09")]))
    assert result.exit_code == 0
    (change,) = map(json.loads, result.stdout.splitlines())
    assert change | {"id": "", "rule_version": ""} == {
        "schema": 1,
        "id": "",
        "type": "segment.entered",
        "kind": "user",
        "user_id": "ann",
        "rule": "quiet",
        "segment": "quiet",
        "occurred_at": "2026-03-08T00:00:00.000Z",
        "cause": "timer",
        "event_id": None,
        "ordinal": 1,
        "rule_version": "",
        "because": [
            {"condition": "idle_days >= 7", "value": 7.0, "was": False, "now": True},
            {"condition": "idle_days < 1", "value": 7.0, "was": False, "now": False},
        ],
        "segments": ["quiet"],
        "traits": {},
    }


def test_rejected_lines_are_told_by_file_and_line_and_the_others_count(rules: Path, write: Write) -> None:
    path = write("a.jsonl", ["nonsense", track("ann", "x", "2026-03-01"), {"type": "track", "userId": "ann"}])
    result = replay(rules, path, "--until", "2026-03-20")
    assert result.exit_code == 3
    assert told(result) == ["2026-03-08 ann entered quiet"]
    first, second, summary = result.stderr.splitlines()
    assert first.startswith(f"{path}:1: ")
    assert second.startswith(f"{path}:3: ")
    assert summary == "2 of 3 lines were rejected."


def test_links_that_are_refused_are_told_apart_from_records_that_reach_nobody(rules: Path, write: Write) -> None:
    shared = {"type": "track", "event": "x", "anonymousId": "a-1", "timestamp": "2026-03-02"}
    alias = {"type": "alias", "userId": "ann", "previousId": "bob", "timestamp": "2026-03-02"}
    both = [track(user, "x", "2026-03-01") | {"anonymousId": "a-1"} for user in ("ann", "bob")]
    result = replay(rules, write("a.jsonl", [*both, shared, alias]))
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "1 record under aliases dropped: shared device.",
        "1 link refused, whose records count all the same: would merge two users.",
    ]


def test_rejected_lines_go_to_the_file_of_dead_letters(rules: Path, write: Write, tmp_path: Path) -> None:
    path, letters = write("a.jsonl", ["nonsense"]), tmp_path / "dead.jsonl"
    result = replay(rules, path, "--dead-letters", str(letters))
    assert result.exit_code == 3
    (letter,) = map(json.loads, letters.read_text().splitlines())
    assert (letter["file"], letter["line"], letter["reason_code"]) == (path, 1, "not_json")
    assert letter["record"] == "nonsense"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl cannot be read: No such file"),
        ([], "Missing argument 'FILE...'"),
        (["--until", "soon", "a.jsonl"], "'soon' is no time such as"),
        (["--utc-offset", "eight", "a.jsonl"], "--utc-offset: 'eight' is no offset"),
    ],
)
def test_a_wrong_argument_ends_with_status_2(rules: Path, arguments: list[str], says: str) -> None:
    result = replay(rules, *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_wrong_rule_ends_with_status_2_and_its_place(rules: Path, write: Write) -> None:
    (rules / "quiet.yaml").write_text("segment: quiet\nenter: idle_dys >= 7\n")
    result = replay(rules, write("a.jsonl", []))
    assert result.exit_code == 2
    assert "quiet.yaml:2:8" in result.stderr


def test_on_a_tie_the_file_named_first_goes_first(rules: Path, write: Write) -> None:
    (rules / "on-x.yaml").write_text(ON_X)
    x = write("x.jsonl", [identify("ann", "2026-03-01", plan="x")])
    y = write("y.jsonl", [identify("ann", "2026-03-01", plan="y")])
    assert told(replay(rules, x, y)) == ["2026-03-01 ann entered on-x", "2026-03-01 ann exited on-x"]
    assert told(replay(rules, y, x)) == ["2026-03-01 ann entered on-x"]


def test_at_the_end_time_passes_for_all_up_to_the_newest_event(rules: Path, write: Write) -> None:
    path = write("a.jsonl", [track("ann", "x", "2026-03-01"), track("bob", "x", "2026-03-08")])
    assert told(replay(rules, path)) == ["2026-03-08 ann entered quiet"]


def test_a_repeated_event_moves_no_time(rules: Path, write: Write) -> None:
    repeat = track("ann", "x", "2026-03-20", message_id="m")
    path = write("a.jsonl", [track("ann", "x", "2026-03-01", message_id="m"), repeat])
    assert told(replay(rules, path)) == []


def test_until_lets_time_pass_beyond_the_newest_event(rules: Path, write: Write) -> None:
    path = write("a.jsonl", [track("ann", "x", "2026-03-01")])
    assert told(replay(rules, path, "--until", "2026-03-08T00:00:00Z")) == ["2026-03-08 ann entered quiet"]
    assert told(replay(rules, path, "--until", "2026-03-07T23:59:59.999Z")) == []


def test_tiers_and_scores_are_told_by_level_and_quintiles_settled_as_the_stream_passes_a_refresh(
    rules: Path, write: Write
) -> None:
    (rules / "life.yaml").write_text("tier: life\nlevels:\n  new: tenure_days < 1\n  old: otherwise\n")
    (rules / "rfm.yaml").write_text(
        "scores: rfm\nrecency: idle_days\nfrequency: count(any)\nmonetary: mrr\nmethod: quintiles\nrefresh: 1d\n"
    )
    path = write("a.jsonl", [track("ann", "x", "2026-03-01T01:00:00Z"), track("bob", "x", "2026-03-01T23:00:00Z")])
    result = replay(rules, path, "--until", "2026-03-02T00:00:00Z")
    assert told(result) == [
        "2026-03-01 ann changed life/new",
        "2026-03-01 bob changed life/new",
        "2026-03-02 ann changed rfm/about_to_sleep",
        "2026-03-02 bob changed rfm/new_customers",
    ]
    assert [json.loads(line)["previous"] for line in result.stdout.splitlines()] == [None] * 4


def test_until_before_the_newest_event_shows_what_was_known_then(rules: Path, write: Write) -> None:
    path = write("a.jsonl", [track("ann", "x", "2026-03-01"), track("ann", "x", "2026-03-10")])
    assert told(replay(rules, path, "--until", "2026-03-09")) == ["2026-03-08 ann entered quiet"]
    assert told(replay(rules, path)) == ["2026-03-08 ann entered quiet", "2026-03-10 ann exited quiet"]


def test_changes_come_in_order_of_time_over_all_users_or_as_they_are_made(rules: Path, write: Write) -> None:
    (rules / "on-x.yaml").write_text(ON_X)
    records = [
        track("zoe", "x", "2026-03-01"),
        track("ann", "x", "2026-03-01"),
        identify("bob", "2026-03-20", plan="x"),
        track("ann", "x", "2026-03-25"),
    ]
    in_order = [
        "2026-03-08 ann entered quiet",
        "2026-03-08 zoe entered quiet",
        "2026-03-20 bob entered on-x",
        "2026-03-25 ann exited quiet",
    ]
    ann, zoe, bob, exited = in_order
    path = write("a.jsonl", records)
    assert told(replay(rules, path)) == in_order
    # Time alone took zoe in, and bob told nothing of her: that is found at the end.
    assert told(replay(rules, path, "--as-made")) == [bob, ann, exited, zoe]


def test_one_file_may_hold_both_kinds_and_be_gzipped_or_piped_in(rules: Path, write: Write) -> None:
    (rules / "payers.yaml").write_text("segment: payers\nenter: paying\n")
    records = [track("ann", "x", "2026-03-01"), billing("ann", "Subscription Started", "2026-03-02", mrr=20)]
    plain, zipped = write("a.jsonl", records), write("b.jsonl.gz", records)
    expected = ["2026-03-02 ann entered payers"]
    assert told(replay(rules, plain)) == expected
    assert told(replay(rules, zipped)) == expected
    assert told(replay(rules, "-", stdin=Path(plain).read_bytes())) == expected


def test_files_are_merged_by_time_however_they_are_cut(
    rules: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rules / "payers.yaml").write_text("segment: payers\nenter: paying and idle_days < 3\n")
    days = range(1, 29)
    product = write("a.jsonl", [track("ann", "x", f"2026-03-{day:02}") for day in days if day % 5 == 0])
    bills = write(
        "b.jsonl",
        [billing("ann", "Subscription Updated", f"2026-03-{day:02}", mrr=day % 2, status="active") for day in days],
    )
    whole = replay(rules, product, bills)
    monkeypatch.setattr(lines, "CHUNK_BYTES", 50)
    assert replay(rules, product, bills).stdout == whole.stdout
    assert len(told(whole)) > 20


def test_a_reader_that_has_seen_enough_ends_it_quietly(rules: Path, write: Write) -> None:
    (rules / "on-x.yaml").write_text(ON_X)
    flips = [identify(f"u-{n}", "2026-03-01", plan="x") for n in range(2_000)]
    command = [sys.executable, "-m", "streams", "replay", write("a.jsonl", flips), "--rules", str(rules)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"schema":1')
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_what_cannot_be_printed_as_a_disk_is_full_is_said_in_words(rules: Path, write: Write) -> None:
    (rules / "on-x.yaml").write_text(ON_X)
    file = write("a.jsonl", [identify("ann", "2026-03-01", plan="x")])
    command = [sys.executable, "-m", "streams", "replay", file, "--rules", str(rules)]
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (result.returncode, result.stderr) == (
        1,
        b"Error: What is printed cannot be written: No space left on device\n",
    )


def test_changes_may_be_told_in_words(rules: Path, write: Write) -> None:
    file = write("a.jsonl", [track("ann", "Signed In", "2026-03-01"), track("bob", "x", "2026-03-09")])
    result = replay(rules, file, "--words")
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    assert line.split() == "2026-03-08 00:00:00 ann enters quiet idle_days >= 7 (is 7)".split()


def test_what_came_to_nothing_or_is_odd_is_said_at_the_end(rules: Path, write: Write) -> None:
    of_test_mode = json.loads(event("invoice.paid", invoice(metadata={"user_id": "ann"}))) | {"livemode": False}
    of_no_meaning = json.loads(event("product.created", {"id": "prod_1"}))
    told_alike = [
        track("ann", "x", "2026-03-01"),
        billing("ann", "Subscription Strated", "2026-03-01"),
        of_test_mode,
        of_test_mode,
        of_no_meaning,
        track(None, "x", "2026-03-01") | {"anonymousId": "a-1"},
    ]
    result = replay(rules, write("a.jsonl", told_alike))
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        'Note: "Subscription Strated" was read: was "Subscription Started" meant?',
        "3 lines passed over: 2 of Stripe's test mode (setting stripe_livemode), 1 product.created.",
        "1 alias has records that wait until a user is linked.",
    ]
