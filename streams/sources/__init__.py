"""Foreign shapes to canonical events.

    records.py        bytes to a typed body, whose it is, when it happened
    times.py          the times of many records at once
    mending.py        what real senders get wrong in the same way every time
    nested.py         nested objects by dotted name
    segment_spec.py   product events in the Segment spec
    billing.py        billing updates in the plain form
    stripe.py         billing updates as Stripe sends them
    stripe_shapes.py  the shapes of its objects, before and after API version 2025-03-31
    mrr.py            MRR of a Stripe subscription
    money.py          minor units, and foreign currencies
    options.py        what a company says of its own input
    profile_commands.py  commands to erase a user

Whatever the bytes, decoding gives an `Event`, `ANONYMOUS`, `Ignored` or a `Reject`; it never raises.
"""

from collections.abc import Callable, Sequence
from typing import Final

from streams.core.events import Decoded, Reads
from streams.sources.billing import BillingUpdates
from streams.sources.options import InputOptions
from streams.sources.records import Record
from streams.sources.segment_spec import SegmentSpec

__all__ = ["DEFAULTS", "Decode", "DecodeAll", "Decoder", "InputOptions", "Record"]

DEFAULTS: Final = InputOptions()

Decode = Callable[[bytes | None, bytes | None, int | None], Decoded]
DecodeAll = Callable[[Sequence[Record]], list[Decoded]]


class Decoder:
    """A record's bytes to what it means, for one set of rules.

    product(raw, key, record_ms): a record of `product-events`; billing(raw, key, record_ms): one of `billing-updates`.
    `record_ms` is the record's own time, None for a line of a file.
    all_product(fetched), all_billing(fetched): the same of each record of a fetch, at a lower price.
    """

    def __init__(self, reads: Reads, options: InputOptions = DEFAULTS):
        spec, updates = SegmentSpec(reads, options), BillingUpdates(options)
        self.product: Decode = spec.decode
        self.billing: Decode = updates.decode
        self.all_product: DecodeAll = spec.decode_all
        self.all_billing: DecodeAll = updates.decode_all
