"""What the history says of a version that awaits its past."""

import msgspec

from streams.core.instants import DAY_MS
from streams.lifecycle.awaiting import Awaited, Made, Progress
from streams.lifecycle.versions import Version
from streams.terminal.versions import history_in_json, history_in_words, shown

FIRST = Version(1, 0, "ann", "", "a" * 64)
SECOND = Version(2, DAY_MS, "bob", "more", "b" * 64, awaits=True)
PAST = Awaited(SECOND, Progress(1, {0: Made(50, 200, since_ms=DAY_MS, a_second=10.0)}))
SAYS = "Version 2 awaits its past: 25% read, 0 of 1 shard ready, some seconds more; topics reach back to Fri 2 Jan 1970"


def test_how_far_it_is_stands_below_the_versions() -> None:
    assert SAYS in history_in_words([SECOND, FIRST], PAST)
    assert "awaits its past:" not in history_in_words([FIRST])


def test_as_json_it_stands_at_its_version() -> None:
    newest, first = msgspec.json.decode(history_in_json([SECOND, FIRST], PAST))
    assert newest["past"]["read"] == 0.25
    assert (newest["past"]["left_s"], newest["past"]["reaches_back_to"]) == (15.0, "1970-01-02T00:00:00.000Z")
    assert "past" not in first


def test_whoever_has_its_files_shown_is_told_and_nobody_else() -> None:
    assert SAYS in shown(SECOND, {}, PAST)
    assert "awaits" not in shown(FIRST, {}, PAST)
