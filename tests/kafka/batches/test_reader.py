"""What a fetch brought: every record that can be read, and a reason for what cannot."""

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.batches.reader import ENOUGH_BYTES, Portion, read
from streams.kafka.batches.record import PlainRecord
from streams.kafka.batches.version_2 import LOG_APPEND_TIME, TRANSACTIONAL
from tests.kafka.batches.logs import CODECS, logs, plain
from tests.kafka.batches.written import PACKERS, batch, mark, messages, sealed, with_crc


def some(first: int, *more: int, value: bytes = b"v") -> list[PlainRecord]:
    return [PlainRecord(at, 1_000 + at, b"k-%d" % at, value) for at in (first, *more)]


def offsets(portion: Portion) -> list[int]:
    return [each.offset for each in portion.records]


@given(logs())
def test_all_records_are_read_however_they_are_written(written: tuple[list[PlainRecord], bytes]) -> None:
    records, log = written
    portion = read(log, records[0].offset)
    assert plain(portion.records) == records
    assert (portion.unreadable, portion.next_offset) == ([], records[-1].offset + 1)


@given(logs(versions=[2]) | logs(most=1), st.data())
def test_records_of_before_the_position_are_left_out(
    written: tuple[list[PlainRecord], bytes], data: st.DataObject
) -> None:
    records, log = written
    position = data.draw(st.sampled_from(records)).offset
    assert offsets(read(log, position)) == [each.offset for each in records if each.offset >= position]


@given(logs(), st.data())
def test_what_is_cut_off_comes_with_the_next_fetch(
    written: tuple[list[PlainRecord], bytes], data: st.DataObject
) -> None:
    records, log = written
    portion = read(log[: data.draw(st.integers(0, len(log)))], records[0].offset)
    found = offsets(portion)
    assert found == [each.offset for each in records][: len(found)]
    assert not portion.unreadable or not found


@given(logs(versions=[2]))
def test_it_reads_what_aiokafka_reads(written: tuple[list[PlainRecord], bytes]) -> None:
    records, log = written
    theirs = PartitionRecords(
        TopicPartition("t", 0), MemoryRecords(log), [], records[0].offset, None, None, True, READ_COMMITTED
    )
    wanted = [PlainRecord(each.offset, each.timestamp, each.key, each.value, tuple(each.headers)) for each in theirs]
    assert plain(read(log, records[0].offset).records) == wanted


def test_a_batch_that_was_compacted_ends_where_it_once_did() -> None:
    portion = read(batch(some(3, 5), last=9), 3)
    assert (offsets(portion), portion.next_offset) == ([3, 5], 10)
    emptied = sealed(3, 0, 6, 0, 0, -1, 0, b"")
    assert read(emptied, 3) == ([], [], 10)


def test_the_time_of_a_record_may_be_when_it_was_appended() -> None:
    (one, other) = read(batch(some(1, 2), attributes=LOG_APPEND_TIME), 1).records
    assert one.timestamp == other.timestamp == 1_002


def test_transactions_are_read_once_they_are_committed_and_never_when_aborted() -> None:
    log = batch(some(0, 1), attributes=TRANSACTIONAL, producer=7) + batch(some(2), attributes=TRANSACTIONAL, producer=8)
    log += batch(some(3)) + mark(4, 7, commit=False) + mark(5, 8, commit=True)
    log += batch(some(6), attributes=TRANSACTIONAL, producer=7) + mark(7, 7, commit=True)
    portion = read(log, 0, aborted=[(7, 0)])
    assert (offsets(portion), portion.unreadable, portion.next_offset) == ([2, 3, 6], [], 8)


def test_where_the_mark_that_ends_an_aborted_transaction_is_damaged_the_next_answer_says_what_is_aborted() -> None:
    damaged = bytearray(mark(1, 7, commit=False))
    damaged[-2] ^= 1
    log = batch(some(0), attributes=TRANSACTIONAL, producer=7) + damaged
    log += batch(some(2), attributes=TRANSACTIONAL, producer=7) + mark(3, 7, commit=True)
    portion = read(log, 0, aborted=[(7, 0)])
    assert (offsets(portion), len(portion.unreadable), portion.next_offset) == ([], 1, 2)


DAMAGED = {
    "value": (batch(some(1, 2)).replace(b"k-1", b"k-9"), "its bytes are not what its checksum (CRC) says: look after"),
    "checksum": (batch(some(1, 2))[:-1] + b"x", "its bytes are not what its checksum (CRC) says: look after"),
    "codec": (batch(some(1, 2), codec=6), "a codec that Kafka does not know, number 6: set compression.type to one of"),
    "gzip": (sealed(1, 1, 1, 0, 0, -1, 2, b"\x1f\x8b nonsense"), "it is compressed with gzip, and cannot be unpacked"),
    "snappy": (sealed(1, 2, 1, 0, 0, -1, 2, b"\x40nonsense"), "it is compressed with snappy, and cannot be unpacked"),
    "lz4": (sealed(1, 3, 1, 0, 0, -1, 2, b"nonsense"), "it is compressed with lz4, and cannot be unpacked"),
    "zstd": (sealed(1, 4, 1, 0, 0, -1, 2, b"nonsense"), "it is compressed with zstd, and cannot be unpacked"),
    "count": (batch(some(1, 2), count=1 << 30), "it has more than 500,000 records"),
    "magic": (
        batch(some(1, 2))[:16] + b"\x09" + batch(some(1, 2))[17:],
        "of a format that is not known here, number 9",
    ),
    "message": (messages(some(1), 1)[:-1] + b"x", "its bytes are not what its checksum (CRC) says"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_batch_that_cannot_be_read_is_told_with_its_bytes_and_those_around_it_are_read(kind: str) -> None:
    damaged, reason = DAMAGED[kind]
    before, after = batch(some(0)), batch(some(3, 4), codec=4)
    portion = read(before + damaged + after, 0)
    (told,) = portion.unreadable
    assert reason in told.reason
    assert told.offset == 1
    assert told.value is not None
    assert damaged.endswith(told.value)
    assert (offsets(portion), portion.next_offset) == ([0, 3, 4], 5)


def test_where_a_damaged_batch_says_that_it_ends_elsewhere_the_next_one_is_read_all_the_same() -> None:
    damaged = bytearray(batch(some(1, 2)))
    damaged[26] = 40  # the lowest byte of its last offset
    portion = read(bytes(damaged) + batch(some(3, 4)), 1, end=100)
    assert (offsets(portion), portion.next_offset, len(portion.unreadable)) == ([3, 4], 5, 1)


def test_of_a_batch_whose_bytes_go_wrong_the_records_before_that_are_read() -> None:
    raw = batch(some(1, 2, 3))
    cut = raw.index(b"k-3") - 2
    portion = read(with_crc(raw[:cut] + b"\xff" + raw[cut + 1 :]) + batch(some(4)), 1)
    assert offsets(portion) == [1, 2, 4]
    (told,) = portion.unreadable
    assert (told.offset, told.reason[:79]) == (
        3,
        "it says that it has 3 records, and its bytes make no sense after 2: its produce",
    )


@pytest.mark.parametrize("codec", CODECS)
def test_a_header_whose_name_is_no_utf8_costs_its_own_record_alone(codec: int) -> None:
    records = [each._replace(headers=[("höhe", b"1")] if each.offset == 2 else []) for each in some(1, 2, 3)]
    portion = read(batch(records, codec, names=lambda name: name.encode("latin-1")), 1)
    assert (offsets(portion), portion.next_offset) == ([1, 3], 4)
    ((offset, key, value, reason),) = portion.unreadable
    assert (offset, key, value) == (2, b"k-2", b"v")
    assert reason == "the name of one of its headers is not UTF-8: bytes belong into a header's value; send it again so"


@pytest.mark.parametrize("codec", [0, 4])
def test_a_key_that_could_not_be_sent_on_is_told(codec: int) -> None:
    one, long, other = some(1, 2, 3)
    portion = read(batch([one, long._replace(key=bytes((1 << 20) + 1)), other], codec), 1)
    assert (offsets(portion), [each.offset for each in portion.unreadable]) == ([1, 3], [2])
    assert "its key has more than 1 MiB" in portion.unreadable[0].reason


@pytest.mark.parametrize("codec", [1, 2, 3, 4])
def test_a_bomb_does_not_go_off(codec: int) -> None:
    bomb = sealed(0, codec, 0, 0, 0, -1, 1, PACKERS[codec](bytes(3 << 20)))
    portion = read(bomb + batch(some(1)), 0, most=1 << 20)
    assert offsets(portion) == [1]
    assert "it unpacks to more than 1 MiB of records" in portion.unreadable[0].reason


def test_one_fetch_is_not_unpacked_to_more_than_enough() -> None:
    log = b"".join(batch(some(at, value=bytes(ENOUGH_BYTES // 2)), codec=4) for at in range(4))
    portion = read(log, 0)
    assert (offsets(portion), portion.next_offset) == ([0, 1], 2)


def test_a_batch_that_cannot_stand_there_is_told_and_moves_nothing_far_away() -> None:
    away = b"\x00\x00\x10" + batch(some(1))[3:]
    portion = read(batch(some(0)) + away + batch(some(2)), 0, end=3)
    assert (offsets(portion), portion.next_offset, portion.unreadable[0].offset) == ([0, 2], 3, 1)
    assert "its offset is not one that can stand there" in portion.unreadable[0].reason
    assert read(away, 1, end=3).next_offset == 2


def test_what_was_appended_while_the_broker_answered_is_read_although_its_end_was_told_before() -> None:
    log = batch(some(3, 4)) + batch(some(5)) + batch(some(6, 7))
    for end in (3, 4, 5, 6):
        portion = read(log, 3, end)
        assert (offsets(portion), portion.unreadable, portion.next_offset) == ([3, 4, 5, 6, 7], [], 8)
    beyond = read(batch(some(3)) + batch(some(9)), 3, end=3)
    assert (offsets(beyond), beyond.next_offset, beyond.unreadable[0].offset) == ([3], 5, 4)


def test_bytes_that_are_no_batch_are_told_and_the_next_fetch_begins_further_on() -> None:
    portion = read(b"nonsense" * 20, 5, end=100)
    assert (portion.records, portion.next_offset) == ([], 6)
    assert "no batch can be made out of it" in portion.unreadable[0].reason
    assert read(b"", 5) == ([], [], 5)
