"""What we say on Kafka."""

from streams.core.events import Reject
from streams.kafka.message import Message
from streams.outputs.dead_letter import DeadLetter, decode_dead_letter, encode_dead_letter
from streams.outputs.messages import Outputs
from streams.settings import Settings

REJECT = Reject("wrong_type", "`properties` is a text, and must be an object.")


def letter(settings: Settings, key: bytes | None, value: bytes | None) -> Message:
    return Outputs(settings).dead_letter(DeadLetter(REJECT, "product-events", 3, 41, value), key)


def test_a_dead_letter_is_the_record_with_the_reason_and_where_it_was() -> None:
    said = letter(Settings(topic_prefix="eu-"), b"ann", b"{}")
    assert (said.topic, said.key, said.value) == ("eu-dead-letters", b"ann", b"{}")
    assert dict(said.headers) == {
        "reason_code": b"wrong_type",
        "reason": REJECT.reason.encode(),
        "topic": b"product-events",
        "partition": b"3",
        "offset": b"41",
    }


def test_a_dead_letter_keeps_the_first_64_kib_and_says_how_much_there_was() -> None:
    said = letter(Settings(), b"ann", b"x" * 100_000)
    assert said.value == b"x" * 65_536
    assert dict(said.headers)["truncated"] == b"100000"
    assert letter(Settings(), b"k" * 100_000, b"").key == b"k" * 65_536, "what a topic takes has its bounds"


def test_a_record_without_key_or_value_is_a_dead_letter_without_them() -> None:
    said = letter(Settings(), None, None)
    assert (said.key, said.value) == (b"", b"")


def test_a_dead_letter_can_be_read_again_whole_or_cut() -> None:
    for value, size in ((b"{", None), (b"x" * 100_000, 100_000)):
        written = letter(Settings(), b"ann", value)
        read = decode_dead_letter(written.value, written.headers)
        assert read == DeadLetter(REJECT, "product-events", 3, 41, value[:65_536], size)
        assert encode_dead_letter(read) == (written.value, written.headers)
