"""Foreign shapes to canonical events.

    records.py        bytes to a typed body, whose it is, when it happened
    nested.py         nested objects by dotted name
    segment_spec.py   product events in the Segment spec
    billing.py        billing updates in the plain form

Whatever the bytes, decoding gives an `Event`, `ANONYMOUS` or a `Reject`; it never raises.
"""

from collections.abc import Callable

from streams.core.events import Decoded, Reads
from streams.sources import billing
from streams.sources.segment_spec import DEFAULT_PASSIVE_EVENTS, SegmentSpec

__all__ = ["DEFAULT_PASSIVE_EVENTS", "Decode", "Decoder"]

Decode = Callable[[bytes | None, bytes | None, int | None], Decoded]


class Decoder:
    """A record's bytes to what it means, for one set of rules.

    product(raw, key, record_ms): a record of `product-events`; billing(raw, key, record_ms): one of `billing-updates`.
    `record_ms` is the record's own time, None for a line of a file.
    """

    def __init__(self, reads: Reads, passive_events: frozenset[str] = DEFAULT_PASSIVE_EVENTS):
        self.product: Decode = SegmentSpec(reads, passive_events).decode
        self.billing: Decode = billing.decode
