"""Made-up logs: records of a partition, and the bytes that a fetch brings of them."""

from collections.abc import Sequence

from hypothesis import strategies as st

from streams.kafka.batches.record import PlainRecord, Record
from tests.kafka.batches.written import PACKERS, batch, messages

CODECS = sorted(PACKERS)
HEADERS = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=3)
CONTENT = st.none() | st.binary(max_size=40)


def plain(records: Sequence[Record]) -> list[PlainRecord]:
    return [PlainRecord(each.offset, each.timestamp, each.key, each.value, tuple(each.headers)) for each in records]


@st.composite
def logs(draw: st.DrawFn, versions: Sequence[int] = (0, 1, 2, 2), most: int = 4) -> tuple[list[PlainRecord], bytes]:
    """Records, with gaps as compaction leaves them, in batches of any codec and version."""
    records: list[PlainRecord] = []
    log, at = b"", draw(st.integers(0, 5))
    for _ in range(draw(st.integers(1, most))):
        inside = []
        for _ in range(draw(st.integers(1, 4))):
            at += draw(st.integers(0, 2))
            inside.append(PlainRecord(at, draw(st.integers(0, 1 << 41)), draw(CONTENT), draw(CONTENT)))
            at += 1
        codec, version = draw(st.sampled_from(CODECS)), draw(st.sampled_from(versions))
        if version == 2:
            inside = [each._replace(headers=tuple(draw(HEADERS))) for each in inside]
            log += batch(inside, codec)
        else:
            inside = [each._replace(timestamp=each.timestamp if version else None) for each in inside]
            log += messages(inside, version, codec if codec != 3 or version else 0)
        records += inside
    return records, log
