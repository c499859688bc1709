"""Commands to erase a user, as records."""

import pytest

from streams.core.engine.erasure import Erasure
from streams.core.events import Reject
from streams.sources.profile_commands import decode, encode

NOON_MS = 1_774_958_400_000  # 2026-03-31T12:00Z


def test_a_command_names_user_time_and_message() -> None:
    raw = b'{"type": "erase", "userId": "ann", "timestamp": "2026-03-31T12:00:00Z", "messageId": "m-1", "by": 1}'
    assert decode(raw, b"somebody", NOON_MS + 9) == Erasure("ann", NOON_MS, "m-1")


def test_without_user_and_time_the_records_key_and_time_stand() -> None:
    assert decode(b'{"type": "erase"}', "zoë".encode(), NOON_MS) == Erasure("zoë", NOON_MS, None)


def test_a_time_far_ahead_of_its_record_is_a_wrong_clock() -> None:
    raw = b'{"type": "erase", "userId": "ann", "timestamp": "2036-03-31T12:00:00Z"}'
    assert decode(raw, None, NOON_MS) == Erasure("ann", NOON_MS, None)


@pytest.mark.parametrize("erasure", [Erasure("ann", NOON_MS, "m-1"), Erasure("用户一", NOON_MS + 1, None)])
def test_what_is_written_is_what_is_read(erasure: Erasure) -> None:
    assert decode(encode(erasure), None, erasure.ts) == erasure


def test_a_record_without_a_value_takes_a_command_away_and_is_none() -> None:
    assert decode(None, b"ann", NOON_MS) is None


@pytest.mark.parametrize(
    ("raw", "key", "code"),
    [
        (b"{oops", b"ann", "not_json"),
        (b"[]", b"ann", "wrong_type"),
        (b'{"type": "forget"}', b"ann", "unknown_type"),
        (b'{"userId": "ann"}', b"ann", "unknown_type"),
        (b'{"type": "erase"}', None, "no_user"),
        (b'{"type": "erase", "userId": ""}', b"ann", "no_user"),
        (b'{"type": "erase", "userId": 7}', b"ann", "wrong_type"),
        (b'{"type": "erase", "timestamp": "soon"}', b"ann", "no_time"),
    ],
)
def test_what_cannot_be_done_is_rejected(raw: bytes, key: bytes | None, code: str) -> None:
    rejected = decode(raw, key, NOON_MS)
    assert isinstance(rejected, Reject)
    assert rejected.code == code
    assert "ann" not in rejected.reason
