"""Foreign shapes to canonical events.

    records.py        bytes to a typed body, whose it is, when it happened
    times.py          the times of many records at once
    nested.py         nested objects by dotted name
    segment_spec.py   product events in the Segment spec
    billing.py        billing updates in the plain form
    profile_commands.py  commands to erase a user

Whatever the bytes, decoding gives an `Event`, `ANONYMOUS` or a `Reject`; it never raises.
"""

from collections.abc import Callable, Sequence

from streams.core.events import Decoded, Reads
from streams.sources import billing
from streams.sources.records import Record
from streams.sources.segment_spec import DEFAULT_PASSIVE_EVENTS, SegmentSpec

__all__ = ["DEFAULT_PASSIVE_EVENTS", "Decode", "DecodeAll", "Decoder", "Record"]

Decode = Callable[[bytes | None, bytes | None, int | None], Decoded]
DecodeAll = Callable[[Sequence[Record]], list[Decoded]]


class Decoder:
    """A record's bytes to what it means, for one set of rules.

    product(raw, key, record_ms): a record of `product-events`; billing(raw, key, record_ms): one of `billing-updates`.
    `record_ms` is the record's own time, None for a line of a file.
    all_product(fetched), all_billing(fetched): the same of each record of a fetch, at a lower price.
    """

    def __init__(self, reads: Reads, passive_events: frozenset[str] = DEFAULT_PASSIVE_EVENTS):
        spec = SegmentSpec(reads, passive_events)
        self.product: Decode = spec.decode
        self.billing: Decode = billing.decode
        self.all_product: DecodeAll = spec.decode_all
        self.all_billing: DecodeAll = billing.decode_all
