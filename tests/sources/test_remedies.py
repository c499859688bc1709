"""What a record was most likely meant to be is said behind the reason that it cannot be used."""

import gzip
import json

import pytest

from streams.core.events import Reads, Reject
from streams.sources.remedies import COMMAND
from tests.decoders import Decoder

DECODER = Decoder(Reads({}))
EVENT = {"type": "track", "userId": "ann", "event": "X", "timestamp": "2026-03-01"}
TEXT = json.dumps(EVENT)
NO_NAN = "JSON has no NaN and no Infinity: leave them out, or send null"
OF_STRIPE = "this looks like an object of Stripe's: publish the event that tells of it"
NOT_KNOWN = [b"{oops", b"", b'{"type":"track"}', b'{"type":"track","userId":"ann","timestamp":1}', b"7"]
UTF_16 = "this is UTF-16: save it as UTF-8"


def without(field: str, **more: object) -> str:
    return json.dumps({name: value for name, value in EVENT.items() if name != field} | more)


@pytest.mark.parametrize(
    ("raw", "remedy"),
    [
        (gzip.compress(TEXT.encode()), "this is gzip: unpack it, or call the file .gz"),
        (b"PK\x03\x04\x14\x00\xff", "this is a zip file, as Excel's are: export it as JSON Lines"),
        (TEXT.encode("utf-16"), UTF_16),
        (TEXT.encode("utf-16-le"), UTF_16),
        (TEXT.encode("utf-16-be"), UTF_16),
        (b"userId,event,timestamp", "a record is one JSON object; in a file each is a line"),
        (str(EVENT).encode(), "JSON has double quotes"),
        (
            without("x", properties={"a": float("nan")}).encode(),
            NO_NAN,
        ),
        (f"[{TEXT}]".encode(), "publish each member as a record of its own, in a file as a line of its own"),
        (json.dumps(TEXT).encode(), "this is JSON within a text: send what is in it"),
        (without("userId", user_id="ann").encode(), "`user_id` is to be called `userId`"),
        (without("timestamp", Timestamp=1).encode(), "`Timestamp` is to be called `timestamp`"),
        (without("type", Type="track").encode(), "`Type` is to be called `type`"),
        (without("type", type="erase").encode(), COMMAND),
        (without("type", type="merged").encode(), COMMAND),
        (without("type", type="billing").encode(), "a billing update goes to billing-updates"),
        (b'{"batch": []}', "of a batch publish each of its messages as a record of its own"),
        (b'{"object": "list", "data": []}', "of a list of Stripe's publish each of its `data` as a record of its own"),
        (
            b'{"object": "invoice", "id": "in_1"}',
            OF_STRIPE,
        ),
    ],
)
def test_a_remedy_stands_behind_the_reason(raw: bytes, remedy: str) -> None:
    found = DECODER.product(raw, None, None)
    assert isinstance(found, Reject)
    assert found.reason.endswith(f"; {remedy}")


@pytest.mark.parametrize("raw", NOT_KNOWN)
def test_where_nothing_is_known_nothing_is_said(raw: bytes) -> None:
    found = DECODER.product(raw, None, None)
    assert isinstance(found, Reject)
    assert "to be called" not in found.reason
