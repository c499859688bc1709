"""Where a subject stands, as it is published and as other programs read it in Redis."""

import msgspec
import pytest

from streams.core.subjects import USER
from streams.outputs.membership import (
    Membership,
    decode_membership,
    decode_segments,
    encode_membership,
    encode_segments,
    read_model,
)

AT = 1_795_338_000_000  # 2026-11-22T09:00:00Z
STANDS = {"churn-risk": (AT, 3), "life/power": (AT - 1, 1)}
RAW = encode_membership(USER, "ann", encode_segments(STANDS), "2026-11-22T09:00:00.000Z", 7)


def test_a_membership_is_the_object_that_is_documented() -> None:
    assert RAW == (
        b'{"schema":1,"kind":"user","user_id":"ann","segments":{'
        b'"churn-risk":{"since":"2026-11-22T09:00:00.000Z","ordinal":3},'
        b'"life/power":{"since":"2026-11-22T08:59:59.999Z","ordinal":1}},'
        b'"updated_at":"2026-11-22T09:00:00.000Z","version":7}'
    )


def test_a_membership_can_be_read_again() -> None:
    assert decode_membership(RAW) == Membership("ann", STANDS, AT, 7, USER)
    assert decode_membership(RAW.replace(b"{", b'{"new":1,', 1)) == decode_membership(RAW)


def test_who_is_in_no_segment_has_nothing_in_the_read_model() -> None:
    assert read_model(encode_segments({})) is None
    assert decode_segments(None) == {}
    assert decode_segments(read_model(encode_segments(STANDS))) == STANDS


@pytest.mark.parametrize("raw", [b"", b"{}", RAW.replace(b'"version":7', b""), RAW.replace(b"T09:00", b" soon")])
def test_what_is_no_membership_is_refused(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_membership(raw)
