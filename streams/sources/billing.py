"""Billing updates, in whichever form they come: a row a form.

Comes in: one record. Goes out: an `Event` with all its properties, `Ignored`, or the `Reject` that says
why the record cannot be used.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from streams.core.events import Decoded, Reads
from streams.sources import records
from streams.sources.envelope import ENVELOPE, Envelope
from streams.sources.mending import mended
from streams.sources.options import InputOptions
from streams.sources.plain import PlainUpdates, is_plain
from streams.sources.records import Record, Unusable
from streams.sources.remedies import with_remedy
from streams.sources.stripe import StripeEvents, ThinEvents, is_event, is_thin_event
from streams.sources.warnings import Warnings


class FormDecoder(Protocol):
    """Decodes one form."""

    def decode(self, text: str, key: bytes | None, record_ms: int | None) -> Decoded:
        """`record_ms` is None where a record has no time of its own. Unusable: the record cannot be used."""


class Form(NamedTuple):
    """recognises: whether a record is meant to be of this form. decoder: for one set of options."""

    recognises: Callable[[Envelope], bool]
    decoder: Callable[[InputOptions, Warnings], FormDecoder]


# Of those that recognise a record the first decodes it; what none does the last one refuses, with the reason.
FORMS: Final = (
    Form(is_event, StripeEvents),
    Form(is_thin_event, ThinEvents),
    Form(is_plain, PlainUpdates),
)


def is_billing(record: Envelope) -> bool:
    return any(form.recognises(record) for form in FORMS)


class BillingUpdates:
    """Decodes updates of every form. What rules read decides nothing: an update has all its properties."""

    def __init__(self, reads: Reads, options: InputOptions, warnings: Warnings):
        self._decoders = [(form.recognises, form.decoder(options, warnings)) for form in FORMS]

    def decode(self, raw: bytes | None, key: bytes | None, record_ms: int | None, *, whole: bool = True) -> Decoded:
        """`record_ms` is None where a record has no time of its own, as in a file. All of it is read in any case."""
        try:
            text = records.read_text(raw)
        except Unusable as unusable:
            return with_remedy(unusable.reject, raw or b"")
        try:
            return self._decoder(records.read_body(ENVELOPE, text)).decode(text, key, record_ms)
        except Unusable as unusable:
            mended_text = mended(text)
            if mended_text is not None:
                return self.decode(mended_text.encode(), key, record_ms)
            return with_remedy(unusable.reject, text.encode())

    def decode_all(self, fetched: Sequence[Record]) -> list[Decoded]:
        return [self.decode(record.value, record.key, record.timestamp) for record in fetched]

    def _decoder(self, record: Envelope) -> FormDecoder:
        for recognises, decoder in self._decoders:
            if recognises(record):
                return decoder
        return self._decoders[-1][1]
