"""A dead letter: a record that cannot be used, with the reason and where it stood. Its key is the record's own.

Comes in: a `DeadLetter`. Goes out: the value and the headers of its record; and the other way round.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from streams.core.events import Reject
from streams.kafka.message import Headers

KEPT_BYTES: Final = 64 << 10


class DeadLetter(NamedTuple):
    """why: a code to count by, and a reason for a person. topic, partition, offset: where the record stood.

    value: the record's, or the first 64 KiB of it. truncated: how many bytes it had, where it had more.
    """

    why: Reject
    topic: str
    partition: int
    offset: int
    value: bytes | None
    truncated: int | None = None


def encode_dead_letter(letter: DeadLetter) -> tuple[bytes, Headers]:
    """A value that is too long is cut here."""
    value, size = letter.value or b"", letter.truncated
    if len(value) > KEPT_BYTES:
        value, size = value[:KEPT_BYTES], len(value)
    headers = (
        ("reason_code", letter.why.code.encode()),
        ("reason", letter.why.reason.encode()),
        ("topic", letter.topic.encode()),
        ("partition", str(letter.partition).encode()),
        ("offset", str(letter.offset).encode()),
    )
    return value, headers if size is None else (*headers, ("truncated", str(size).encode()))


def decode_dead_letter(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> DeadLetter:
    """KeyError, ValueError: it is no dead letter of ours."""
    said = {name: each.decode() for name, each in headers if each is not None}
    return DeadLetter(
        Reject(said["reason_code"], said["reason"]),
        said["topic"],
        int(said["partition"]),
        int(said["offset"]),
        value,
        int(said["truncated"]) if "truncated" in said else None,
    )
