"""CloudEvents as they come by HTTP: binary, structured or batched.

Comes in: a request's headers and body. Goes out: the events, each with its data as JSON, or why there are none. By
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from streams.core.events import Reject
from streams.sources.records import mismatch

PRODUCT: Final = "segmenter.product"
BILLING: Final = "segmenter.billing"
STRIPE: Final = "com.stripe."

BATCHED: Final = b"application/cloudevents-batch"
STRUCTURED: Final = b"application/cloudevents"
_PREFIX: Final = b"ce-"


class CloudEvent(msgspec.Struct):
    """data: as JSON; empty where there is none."""

    id: str
    source: str
    type: str
    specversion: str
    subject: str | None = None
    time: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    data_base64: str | None = None

    def payload(self) -> bytes:
        """The data's bytes; ValueError where what stands for them is no base64."""
        if self.data_base64 is None:
            return bytes(self.data)
        try:
            return base64.b64decode(self.data_base64, validate=True)
        except binascii.Error:
            raise ValueError("`data_base64` is no base64") from None

    def record(self, kind: str | None = None) -> bytes:
        """Its data, an object, with its id as `messageId`, its subject as `userId`, and its time, where the data has
        none. kind: the `type` of data that has none. A msgspec.DecodeError is raised where the data is no object.
        """
        members = _MEMBERS.decode(self.payload())
        members |= {name: _raw(value) for name, value in (("messageId", self.id), ("userId", self.subject)) if value}
        lacking = {"type": kind, "timestamp": None if "originalTimestamp" in members else self.time}
        lacks = {name: _raw(value) for name, value in lacking.items() if value and name not in members}
        return msgspec.json.encode({**members, **lacks})


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))


_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ONE: Final = msgspec.json.Decoder(CloudEvent)
_ALL: Final = msgspec.json.Decoder(list[CloudEvent])


def is_batched(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"content-type", b"").lower().startswith(BATCHED)


def read(headers: Mapping[bytes, bytes], body: bytes) -> Sequence[CloudEvent] | Reject:
    """
    >>> read({b"ce-id": b"1", b"ce-type": b"t", b"ce-source": b"/s", b"ce-specversion": b"1.0"}, b"{}")[0].type
    't'
    """
    try:
        events = _read(headers, body)
    except msgspec.ValidationError as error:
        return mismatch(error).reject
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Reject("not_json", str(error))
    for event in events:
        if not event.specversion.startswith("1."):
            return Reject("wrong_type", "`specversion` is to be 1.0")
        if not event.id:
            return Reject("wrong_type", "`id` is empty")
    return events


def _read(headers: Mapping[bytes, bytes], body: bytes) -> Sequence[CloudEvent]:
    if is_batched(headers):
        return _ALL.decode(body)
    if headers.get(b"content-type", b"").lower().startswith(STRUCTURED):
        return [_ONE.decode(body)]
    attributes = {
        name.removeprefix(_PREFIX).decode("latin-1"): unquote(value.decode("latin-1"))
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    return [msgspec.convert({**attributes, "data": msgspec.Raw(body)}, CloudEvent)]
