"""What one fetch brought of one partition, read: `read`.

Comes in: the bytes, and from which offset they were asked for. Goes out: the records that are committed, what cannot be
read, and the offset to ask for next, which is always further on.

    1. find the batch      its length; what was cut off comes whole with the next fetch
    2. trust it            its checksum, and that it stands where it can
    3. is it for us?       no marks of transactions, nothing of those that were aborted
    4. unpack it           `compression`, as far as is sane
    5. read its records    `version_2`, `versions_0_1`

What fails at any of them is an `Unreadable` instead, and the reading goes on behind it. Neither the length nor the
offset of a batch is under its checksum: what follows one that is damaged is found by what else came along.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka.batches.compression import MOST_BYTES, unpack
from streams.kafka.batches.record import SEND_AGAIN, Damaged, Record, Unreadable
from streams.kafka.batches.version_2 import (
    CODEC,
    CONTROL,
    HEADER,
    MOST_RECORDS,
    TRANSACTIONAL,
    are_in_order,
    records_of,
    uncompressed,
)
from streams.kafka.batches.versions_0_1 import Message, has_its_crc

LENGTH_AT: Final = 8
LENGTH: Final = Struct(">i")
LENGTH_AND_MAGIC: Final = Struct(">i4xB").unpack_from
MAGIC_AT: Final = 16
OVERHEAD: Final = 12  # what a batch's length does not count
FAR_AWAY: Final = 2**63
UNKNOWN: Final = 255
LEAST: Final = 14  # the length of an empty message of version 0
LEAST_OF_2: Final = HEADER.size
SPECIAL: Final = CODEC | TRANSACTIONAL | CONTROL
ABORTED: Final = b"\0\0"  # the second half of a mark's key: a transaction was aborted, not committed
# A longer one could not even be sent on; and a dead letter of it would be refused by the broker.
MOST_KEY_BYTES: Final = 1 << 20
# So much unpacked is enough of one fetch; the rest is fetched again. As many events as a shard holds waiting.
ENOUGH_BYTES: Final = 4 << 20
LOOK_AFTER: Final = f"look after the broker's disks, and {SEND_AGAIN}"
BAD_CRC: Final = f"its bytes are not what its checksum (CRC) says: {LOOK_AFTER}"
BAD_PLACE: Final = f"its offset is not one that can stand there, its header is damaged: {LOOK_AFTER}"
LONG_KEY: Final = f"its key has more than {MOST_KEY_BYTES >> 20} MiB: let it be the user id, and send it again"
NO_MARK: Final = "it is a mark of a transaction, and says nothing: look after the broker"
NO_BATCH: Final = f"no batch can be made out of it: {LOOK_AFTER}"


class Portion(NamedTuple):
    """next_offset: all below it are here, were brought before, or are none of ours. In the order of their offsets."""

    records: list[Record]
    unreadable: list[Unreadable]
    next_offset: int


def read(
    raw: bytes, position: int, end: int | None = None, aborted: Sequence[tuple[int, int]] = (), most: int = MOST_BYTES
) -> Portion:
    """What a fetch from `position` brought.

    end: where the partition ended before that, None where that is not known. aborted: the producer and first offset of
    each transaction that was aborted, as the broker says with the answer. most: bytes that a batch may unpack to.
    """
    reading = _Reading(raw, position, end, aborted, most)
    reading.all()
    return Portion(reading.records, reading.unreadable, reading.next_offset)


class _Reading:
    def __init__(self, raw: bytes, position: int, end: int | None, aborted: Sequence[tuple[int, int]], most: int):
        self.records: list[Record] = []
        self.unreadable: list[Unreadable] = []
        self.next_offset = self._position = position
        self._raw, self._view, self._most = raw, memoryview(raw), most
        # Compiled, so that it makes batches for less than we could; but it does not look whether a header is whole. Its
        # next one is always the one that `_plain` comes to; None once it would have passed what it may not see.
        self._batches: MemoryRecords | None = MemoryRecords(raw)
        self._end = position + MOST_RECORDS if end is None else end
        self._is_end_known = end is not None
        self._to_abort = sorted(aborted, key=lambda each: each[1])
        self._aborting: set[int] = set()
        self._unpacked = 0

    def all(self) -> None:
        at = self._plain(0)
        while self._unpacked < ENOUGH_BYTES and (until := self._until(at)):
            self._batch(at, until)
            if self.unreadable and (self._to_abort or self._aborting):
                # It may have been the mark that ends an aborted transaction. The next answer says what is aborted then.
                break
            at = self._plain(until)
        if self._raw and self.next_offset == self._position:
            self._pass_over(0, len(self._raw), NO_BATCH)

    def _plain(self, at: int) -> int:
        """Read the batches from `at` on that have nothing special about them, as most have, at the least price.

        Back comes where the first other one begins. All in one loop over local names: a batch may be of one record.
        """
        batches, raw, records, next_offset, end = self._batches, self._raw, self.records, self.next_offset, self._end
        if batches is None:
            return at
        size = len(raw)
        while size - at >= LEAST_OF_2:
            length, magic = LENGTH_AND_MAGIC(raw, at + LENGTH_AT)
            until: int = at + OVERHEAD + length
            if magic != 2 or not LEAST_OF_2 <= until - at <= MOST_KEY_BYTES or until > size:
                self._batches = None
                break
            batch = batches.next_batch()
            first, following = batch.base_offset, batch.next_offset
            if batch.attributes & SPECIAL or not next_offset <= first < following <= end or not batch.validate_crc():
                break
            try:
                found = list(batch)
            except Exception:  # noqa: BLE001 - of whatever kind; what is wrong, the slow way finds
                break
            if (len(found) != 1 or found[0].offset != first) and not are_in_order(found, first, following):
                break
            records += found
            at, next_offset = until, following
        self.next_offset = next_offset
        return at

    def _until(self, at: int) -> int:
        """Where the batch ends that begins at `at`; 0 where no whole one does."""
        if len(self._raw) <= at + MAGIC_AT:
            return 0
        (length,) = LENGTH.unpack_from(self._raw, at + LENGTH_AT)
        until: int = at + OVERHEAD + length
        return until if length >= LEAST and until <= len(self._raw) else 0

    def _batch(self, at: int, until: int) -> None:
        magic = self._raw[at + MAGIC_AT]
        try:
            if magic == 2 and until - at >= HEADER.size:
                self._batch_of_version_2(at, until)
            elif magic < 2:
                self._message(at, until)
            else:
                raise Damaged(
                    f"it is of a format that is not known here, number {magic}: a newer segmenter may know it"
                )
        except Damaged as error:
            self._pass_over(at, until, str(error))

    def _batch_of_version_2(self, at: int, until: int) -> None:
        raw = self._view[at:until]
        batch = DefaultRecordBatch(raw)
        if not batch.validate_crc():
            raise Damaged(BAD_CRC)
        next_offset: int = batch.next_offset
        if not self._is_new(batch.base_offset, next_offset, until, HEADER.unpack_from(raw)[-1]):
            return
        attributes = batch.attributes
        try:
            if not attributes & (TRANSACTIONAL | CONTROL) or self._is_for_us(batch):
                codec = attributes & CODEC
                unpacked = self._unpack(codec, raw) if codec else raw
                self._add(*records_of(unpacked), are_long=len(unpacked) > MOST_KEY_BYTES)
        except Damaged as error:
            self._pass_over(at, until, str(error), next_offset)
        self.next_offset = next_offset

    def _is_new(self, first: int, next_offset: int, until: int, count: int) -> bool:
        """Whether it is beyond what has been read. Only what a fetch begins with may not be. count: of its records."""
        is_first = self.next_offset == self._position
        if is_first and first < next_offset <= self._position and self._begins(until) <= self._position:
            return False
        if next_offset <= max(first, self.next_offset) or first < 0 or (first < self.next_offset and not is_first):
            raise Damaged(BAD_PLACE)
        is_within = not self._is_end_known or next_offset <= self._end
        if not is_within and not self._came_meanwhile(first, next_offset, count):
            raise Damaged(BAD_PLACE)
        return True

    def _came_meanwhile(self, first: int, next_offset: int, count: int) -> bool:
        """A broker looks where the partition ends, and then for batches. What was appended in between comes along:
        right behind what was there, and nothing of it is compacted yet."""
        return first <= max(self._end, self.next_offset) and next_offset - first <= count

    def _is_for_us(self, batch: DefaultRecordBatch) -> bool:
        """Whether it is neither a mark nor part of a transaction that was aborted."""
        while self._to_abort and self._to_abort[0][1] <= batch.base_offset:
            self._aborting.add(self._to_abort.pop(0)[0])
        if not batch.is_control_batch:
            return not batch.is_transactional or batch.producer_id not in self._aborting
        try:
            (mark,) = batch
        except Exception as error:
            raise Damaged(NO_MARK) from error
        if (mark.key or b"")[2:4] == ABORTED:
            self._aborting.discard(batch.producer_id)
        return False

    def _unpack(self, codec: int, raw: memoryview) -> bytes:
        body = unpack(codec, raw[HEADER.size :], self._most)
        self._unpacked += len(body)
        return uncompressed(raw, body)

    def _message(self, at: int, until: int) -> None:
        raw = self._view[at:until]
        if not has_its_crc(raw):
            raise Damaged(BAD_CRC)
        next_offset = self._begins(at) + 1
        if not self._is_new(next_offset - 1, next_offset, until, 1):
            return
        try:
            records = Message(raw).records(self._most)
            self._unpacked += sum(len(each.value or b"") for each in records)
            self._add(records, (), are_long=True)
        except Damaged as error:
            self._pass_over(at, until, str(error), next_offset)
        self.next_offset = next_offset

    def _add(self, records: Sequence[Record], unreadable: Sequence[Unreadable], are_long: bool) -> None:
        if are_long and (long := [each for each in records if each.key and len(each.key) > MOST_KEY_BYTES]):
            unreadable = [*unreadable, *(Unreadable(each.offset, each.key, each.value, LONG_KEY) for each in long)]
            records = [each for each in records if each not in long]
        if records and records[0].offset < self.next_offset:
            records = [each for each in records if each.offset >= self.next_offset]
        self.records += records
        self.unreadable += [each for each in unreadable if each.offset >= self.next_offset]

    def _pass_over(self, at: int, until: int, reason: str, next_offset: int | None = None) -> None:
        behind = next_offset or self._behind(at, until)
        offset = begins if self.next_offset <= (begins := self._begins(at)) < behind else self.next_offset
        self.unreadable.append(Unreadable(offset, None, self._raw[at:until], reason))
        self.next_offset = behind

    def _behind(self, at: int, until: int) -> int:
        """Where to go on after what cannot be trusted: where the next batch begins that came along; else where this one
        says that it ends; else one further."""
        # A message of before version 2 may say there where it ends.
        claims = [self._begins(until)] if self._magic(until) == 2 else []
        if self._magic(at) == 2 and until - at >= HEADER.size:
            claims.append(DefaultRecordBatch(self._view[at:until]).next_offset)
        elif self._magic(at) < 2:
            claims.append(self._begins(at) + 1)
        return next((each for each in claims if self.next_offset < each <= self._end), self.next_offset + 1)

    def _begins(self, at: int) -> int:
        """The offset that the batch at `at` says it begins with; far away where none came along."""
        said = self._raw[at : at + LENGTH_AT]
        return int.from_bytes(said, signed=True) if len(said) == LENGTH_AT else FAR_AWAY

    def _magic(self, at: int) -> int:
        """The number of its format."""
        return self._raw[at + MAGIC_AT] if len(self._raw) > at + MAGIC_AT else UNKNOWN
