"""Files of lines: plain and gzipped, in chunks of any size."""

import gzip
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UsageError
from streams.eventfiles import lines
from streams.eventfiles.lines import LineFile


def read_all(path: Path) -> list[tuple[int, bytes]]:
    with closing(LineFile(path)) as file:
        chunks = takewhile(lambda chunk: chunk.lines, iter(file.read, None))
        return [line for chunk in chunks for line in chunk]


@given(text=st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))), chunk=st.integers(1, 64))
def test_lines_keep_their_numbers_however_the_file_is_cut(
    tmp_path_factory: pytest.TempPathFactory, text: list[bytes], chunk: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "some.jsonl"
    path.write_bytes(b"\n".join(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "CHUNK_BYTES", chunk)
        found = read_all(path)
    assert found == [(number, line) for number, line in enumerate(text, 1) if line.strip()]


def test_a_gzipped_file_reads_like_a_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl.gz"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert read_all(path) == [(1, b"one"), (2, b"two")]


def test_a_zst_file_reads_like_a_plain_one_of_one_frame_or_several(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl.zst"
    many = b"".join(b"%d\n" % number for number in range(200_000))
    path.write_bytes(zstandard.compress(b"one\ntwo\n") + zstandard.compress(many))
    found = read_all(path)
    assert found[:2] == [(1, b"one"), (2, b"two")]
    assert [line for _, line in found[2:]] == many.splitlines()


@pytest.mark.parametrize(
    "content", [b"no zst\n", zstandard.compress(b"one\ntwo\n" * 9)[:-4], zstandard.compress(b"x")[:2]]
)
def test_a_broken_zst_file_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.jsonl.zst"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="some.jsonl.zst is no whole zst file"):
        read_all(path)


@pytest.mark.parametrize("content", [b"no gzip\n", gzip.compress(b"one\ntwo\n")[:-4]])
def test_a_broken_gzip_file_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="some.jsonl.gz is no whole gzip file"):
        read_all(path)


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        LineFile(tmp_path / "nowhere.jsonl")


def test_blank_lines_count_but_are_nobody_s_record(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"one\n\n \r\ntwo")
    assert read_all(path) == [(1, b"one"), (4, b"two")]


@given(text=st.lists(st.text("ab\n", max_size=9), min_size=1).map("\n".join), of=st.integers(2, 9))
def test_its_pieces_have_each_line_once(tmp_path_factory: pytest.TempPathFactory, text: str, of: int) -> None:
    path = tmp_path_factory.mktemp("lines") / "some.jsonl"
    path.write_text(text)
    found = b""
    for number in range(of):
        with closing(LineFile(path, number, of)) as file:
            while block := file.read_text():
                assert not found or found.endswith(b"\n")
                found += block
    assert found.decode() == text
