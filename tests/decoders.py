"""The decoders of product events and of billing updates, by short names."""

from streams import sources
from streams.core.events import Reads
from streams.sources import DEFAULTS, InputOptions
from streams.topics import BILLING_UPDATES, PRODUCT_EVENTS


class Decoder:
    """product, billing: of one record; all_product, all_billing: of those of a fetch."""

    def __init__(self, reads: Reads, options: InputOptions = DEFAULTS):
        of = sources.Decoder(reads, options).of
        product, billing = of[PRODUCT_EVENTS.name], of[BILLING_UPDATES.name]
        self.product, self.all_product = product.decode, product.decode_all
        self.billing, self.all_billing = billing.decode, billing.decode_all
