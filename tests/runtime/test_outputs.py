"""What we say on Kafka."""

from faust.types import TP

from streams.core.events import Reject
from streams.runtime.outputs import Outputs
from streams.settings import Settings
from tests.runtime.records import Read

REJECT = Reject("wrong_type", "`properties` is a text, and must be an object.")


INPUT = TP("product-events", 3)


def record(key: bytes | None, value: bytes | None) -> Read:
    return Read(41, 1_000, key, value)


def test_a_dead_letter_is_the_record_with_the_reason_and_where_it_was() -> None:
    letter = Outputs(Settings(topic_prefix="eu-")).dead_letter(INPUT, record(b"ann", b"{}"), REJECT)
    assert (letter.topic, letter.key, letter.value) == ("eu-dead-letters", b"ann", b"{}")
    assert dict(letter.headers) == {
        "reason_code": b"wrong_type",
        "reason": REJECT.reason.encode(),
        "topic": b"product-events",
        "partition": b"3",
        "offset": b"41",
    }


def test_a_dead_letter_keeps_the_first_64_kib_and_says_how_much_there_was() -> None:
    letter = Outputs(Settings()).dead_letter(INPUT, record(b"ann", b"x" * 100_000), REJECT)
    assert letter.value == b"x" * 65_536
    assert dict(letter.headers)["truncated"] == b"100000"


def test_a_record_without_key_or_value_is_a_dead_letter_without_them() -> None:
    letter = Outputs(Settings()).dead_letter(INPUT, record(None, None), REJECT)
    assert (letter.key, letter.value) == (b"", b"")
