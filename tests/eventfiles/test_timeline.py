"""Changes in order of time, whether memory holds them or not."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import SegmenterError
from streams.eventfiles.timeline import Timeline

USERS = st.sampled_from(["ann", "bob", "zoë", "用户一"])
ADDED = st.lists(st.tuples(st.integers(-3, 3), USERS, st.binary(max_size=4)))


def ordered(added: list[tuple[int, str, bytes]], in_memory_bytes: int) -> list[bytes]:
    with Timeline(in_memory_bytes) as timeline:
        for line in added:
            timeline.add(*line)
        return list(timeline.lines())


@given(ADDED, st.sampled_from([1, 600, 1_000_000]))
def test_lines_come_by_time_then_by_user_then_as_they_were_added(
    added: list[tuple[int, str, bytes]], in_memory_bytes: int
) -> None:
    by_time = sorted(added, key=lambda line: line[:2])
    assert ordered(added, in_memory_bytes) == [text for _, _, text in by_time]


def test_where_a_disk_has_no_room_the_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(SegmenterError, match=r"gone: No such file.* TMPDIR names another folder"):
        ordered([(1, "ann", b"x")], in_memory_bytes=1)
