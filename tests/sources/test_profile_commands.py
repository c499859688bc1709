"""Commands to erase a user, or to make two users one, as records."""

import pytest

from streams.core.engine.erasure import Erasure
from streams.core.events import Event, Reject
from streams.core.merges import Merge, Noted
from streams.sources.profile_commands import decode, encode, merge

NOON_MS = 1_774_958_400_000  # 2026-03-31T12:00Z


def test_a_command_names_user_time_and_message() -> None:
    raw = b'{"type": "erase", "userId": "ann", "timestamp": "2026-03-31T12:00:00Z", "messageId": "m-1", "by": 1}'
    assert decode(raw, b"somebody", NOON_MS + 9) == Erasure("ann", NOON_MS, "m-1")


def test_without_user_and_time_the_records_key_and_time_stand() -> None:
    assert decode(b'{"type": "erase"}', "zoë".encode(), NOON_MS) == Erasure("zoë", NOON_MS, None)


def test_a_time_far_ahead_of_its_record_is_a_wrong_clock() -> None:
    raw = b'{"type": "erase", "userId": "ann", "timestamp": "2036-03-31T12:00:00Z"}'
    assert decode(raw, None, NOON_MS) == Erasure("ann", NOON_MS, None)


def test_a_merge_names_who_is_gone_and_who_stays() -> None:
    raw = b'{"type": "merge", "userId": "bob", "into": "ann", "timestamp": "2026-03-31T12:00:00Z", "messageId": "m-1"}'
    assert decode(raw, b"bob", NOON_MS + 9) == Event(
        "bob", NOON_MS, "", False, "m-1", {}, {}, identity=Merge("ann", NOON_MS + 9)
    )


@pytest.mark.parametrize(
    "command",
    [
        *(Erasure("ann", NOON_MS, "m-1"), Erasure("用户一", NOON_MS + 1, None)),
        *(merge("bob", "ann", NOON_MS, "m-1", NOON_MS), merge("bob", "用户一", NOON_MS, None, NOON_MS)),
        *(Erasure("a-1", NOON_MS, None, of="ann"), Noted("bob", "ann", NOON_MS, "m-1", {"product-events/3": 471})),
        Noted("bob", "ann", NOON_MS, None, {}, NOON_MS - 1),
    ],
)
def test_what_is_written_is_what_is_read(command: Erasure | Event) -> None:
    assert decode(encode(command), None, command.ts) == command


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
        (b'{"type": "merge"}', b"ann", "no_user"),
        (b'{"type": "merge", "into": ""}', b"ann", "no_user"),
        (b'{"type": "merge", "into": 7}', b"ann", "wrong_type"),
    ],
)
def test_what_cannot_be_done_is_rejected(raw: bytes, key: bytes | None, code: str) -> None:
    rejected = decode(raw, key, NOON_MS)
    assert isinstance(rejected, Reject)
    assert rejected.code == code
    assert "ann" not in rejected.reason
