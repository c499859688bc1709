"""Whatever the bytes are, reading them ends, raises nothing, and gives what is not damaged.

A log is damaged in one place, with the checksum made to fit or not, and read as a consumer would: fetch by fetch, each
from where the one before said, until the end.
"""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.kafka.batches import version_2
from streams.kafka.batches.reader import read
from streams.kafka.batches.record import PlainRecord, Unreadable
from streams.kafka.batches.version_2 import CONTROL, HEADER, TRANSACTIONAL
from tests.kafka.batches.logs import logs, plain
from tests.kafka.batches.written import PACKERS, batch, messages, record_bytes, sealed, varint, with_crc

MOST = 1 << 20  # of what a batch may unpack to, so that no example takes long
BODIES = st.binary(max_size=60)


class Batch(NamedTuple):
    records: Sequence[PlainRecord]
    raw: bytes

    @property
    def next_offset(self) -> int:
        return self.records[-1].offset + 1


def consume(batches: Sequence[Batch], end: int | None) -> tuple[list[PlainRecord], list[Unreadable]]:
    """As a broker answers: with all from the batch on that has the offset which is asked for."""
    records, unreadable = [], []
    position, last = batches[0].records[0].offset, batches[-1].next_offset
    for _ in range(1_000):
        raw = b"".join(each.raw for each in batches if each.next_offset > position)
        portion = read(raw, position, end, aborted=[(7, 0)], most=MOST)
        records += plain(portion.records)
        unreadable += portion.unreadable
        assert portion.next_offset > position, "nothing is asked for again and again"
        position = portion.next_offset
        if position >= last:
            return records, unreadable
    raise AssertionError("it does not come to its end")


@st.composite
def written(draw: st.DrawFn) -> list[Batch]:
    """Three batches, one after the other."""
    found: list[Batch] = []
    for turn in range(3):
        base = 10 * turn
        inside = [
            PlainRecord(base + at, 1_000 + at, b"k-%d" % at, draw(BODIES), ((draw(st.text(max_size=3)), b"h"),))
            for at in range(draw(st.integers(1, 4)))
        ]
        version, codec = draw(st.sampled_from([1, 2, 2])), draw(st.sampled_from(sorted(PACKERS)))
        if version == 1:
            inside = [each._replace(headers=()) for each in inside]
        found.append(Batch(inside, batch(inside, codec) if version == 2 else messages(inside, 1, codec)))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[Batch], int]:
    """The same with one of them damaged, and which."""
    batches = draw(written())
    place = draw(st.integers(0, 2))
    raw = bytearray(batches[place].raw)
    match draw(st.sampled_from(["bit", "bytes", "cut", "longer"])):
        case "bit":
            at = draw(st.integers(8 * 8, 8 * len(raw) - 1))  # its offset stands, or nobody could say where it belongs
            raw[at // 8] ^= 1 << at % 8
        case "bytes":
            at = draw(st.integers(12, len(raw) - 1))
            raw[at : at + 10] = draw(st.binary(min_size=1, max_size=10))[: len(raw) - at]
        case "cut":
            del raw[draw(st.integers(17, len(raw) - 1)) :]
            raw[8:12] = (len(raw) - 12).to_bytes(4)
        case "longer":
            raw += draw(st.binary(min_size=1, max_size=20))
            raw[8:12] = (len(raw) - 12).to_bytes(4)
    if draw(st.booleans()) and len(raw) >= HEADER.size and raw[16] == 2:
        raw = bytearray(with_crc(raw))
    batches[place] = batches[place]._replace(raw=bytes(raw))
    return batches, place


@given(damaged(), st.booleans())
def test_what_is_not_damaged_is_read_once_and_what_is_told(case: tuple[list[Batch], int], is_end_known: bool) -> None:
    batches, place = case
    records, unreadable = consume(batches, batches[-1].next_offset if is_end_known else None)
    offsets = [each.offset for each in records]
    assert offsets == sorted(set(offsets)), "nothing twice, nothing out of order"
    well = [record for at, each in enumerate(batches) if at < place for record in each.records]
    assert records[: len(well)] == well, "all before the damage is read"
    assert unreadable or len(records) == sum(len(each.records) for each in batches), "what is not read is told"
    if is_end_known:
        well = [record for each in batches[place + 1 :] for record in each.records]
        assert [each for each in records if each in well] == well, "all after the damage is read"


@given(st.lists(st.binary(max_size=80), max_size=4), st.integers(0, 100), st.none() | st.integers(0, 100))
def test_nonsense_is_read_to_its_end(parts: list[bytes], position: int, end: int | None) -> None:
    raw = b"".join(parts)
    portion = read(raw, position, end, most=MOST)
    assert portion.next_offset > position or not raw


VARINTS = st.integers(-(1 << 63), (1 << 63) - 1).map(varint) | st.just(b"\xff" * 11)
PIECES = VARINTS | st.binary(max_size=6) | st.integers(-2, 20).map(varint)


@given(
    st.lists(PIECES, max_size=20).map(b"".join),
    st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-1, 5),
    st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(-1, 5),
    st.sampled_from([0, TRANSACTIONAL, TRANSACTIONAL | CONTROL]),
    st.sampled_from(sorted(PACKERS)),
    st.sampled_from([6, 1 << 40, None]),
)
@example(varint(1 << 62) * 8, 1, 0, 0, 0, 6)
@example(varint(30) + b"\0\0\0" + varint((1 << 63) - 1) + b"x" * 20, 1, 0, 0, 0, 6)
@example(b"\x02" * 5 + varint(1 << 40), 1, 0, 0, 4, 6)
@example(record_bytes(PlainRecord(5, 0, None, None), 5, 0) * 2, 2, (1 << 31) - 1, 0, 0, 1 << 40)
def test_a_batch_of_nonsense_with_a_good_checksum_is_told(
    body: bytes, count: int, delta: int, attributes: int, codec: int, end: int | None
) -> None:
    raw = sealed(5, attributes | codec, delta, 0, 0, 7, count, PACKERS[codec](body))
    portion = read(raw, 5, end, most=MOST)
    assert portion.next_offset > 5
    assert len(portion.records) <= max(count, 0)
    assert all(5 <= each.offset < 5 + delta + 1 for each in portion.records)


@given(logs(), st.data())
def test_a_message_inside_another_may_be_nonsense(case: tuple[list[PlainRecord], bytes], data: st.DataObject) -> None:
    _, inside = case
    raw = bytearray(inside)
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    around = messages([PlainRecord(9, 0, None, PACKERS[1](bytes(raw)))], 1)
    compressed = bytearray(around)
    compressed[17] = 1
    compressed[12:16] = zlib.crc32(compressed[16:]).to_bytes(4)
    portion = read(bytes(compressed), 0, most=MOST)
    assert portion.next_offset == 10


def test_headers_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_2, "BIG_BYTES", 1_000)
    monkeypatch.setattr(version_2, "MOST_HEADERS_IN_ALL", 500)
    many = PlainRecord(0, 0, None, None, (("", b"1234"),) * 100)
    portion = read(batch([many._replace(offset=at) for at in range(9)], codec=4), 0)
    assert len(portion.records) == 5
    assert "its bytes make no sense after 5" in portion.unreadable[0].reason
