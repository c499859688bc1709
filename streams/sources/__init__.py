"""Foreign shapes to canonical events.

    inputs.py         READ FIRST: what comes from which topic, and how it is decoded
    envelope.py       as much of a record as says where it belongs
    keying.py         under which key a line of a file is published
    records.py        bytes to a typed body, whose it is, when it happened
    times.py          the times of many records at once
    mending.py        what real senders get wrong in the same way every time
    nested.py         nested objects by dotted name
    aliases.py        whose a record is, and which aliases it bears
    segment_spec.py   product events in the Segment spec
    columns.py        plain track events out of columns
    traits.py         the traits that identify and group set
    billing.py        billing updates, a row a form
    plain.py          the plain form
    stripe.py         what Stripe sends
    stripe_links.py   which user a customer is
    stripe_shapes.py  the shapes of its objects, before and after API version 2025-03-31
    mrr.py            MRR of a Stripe subscription
    money.py          minor units, and foreign currencies
    posted.py         events as SDKs post them, put right as records of product events
    cloudevents.py    CloudEvents as they come by HTTP
    options.py        what a company says of its own input
    remedies.py       what a record that cannot be used was most likely meant to be
    warnings.py       what is odd about records that are taken all the same
    profile_commands.py  commands to erase a user, or to make two users one; delivery_commands.py: about deliveries

Whatever the bytes, decoding gives an `Event`, `Ignored` or a `Reject`; it never raises.
"""

from streams.sources.inputs import DEFAULTS, INPUTS, Decoder, input_of, topic_of
from streams.sources.options import InputOptions
from streams.sources.records import Record

__all__ = ["DEFAULTS", "INPUTS", "Decoder", "InputOptions", "Record", "input_of", "topic_of"]
