"""What to do about records that could not be used, by the code of their reason.

Goes out: tables, for pages and for the terminal.
"""

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "unreadable": "The batch is damaged, or compressed in a way that is not known: ask whoever produces it, and look at"
    " the broker's disk.",
    "not_json": "The producer writes no JSON: look at its serializer.",
    "no_user": "Records need a userId, an anonymousId or a key: look at what the producer leaves out.",
    "no_time": "Times are ISO 8601, or seconds or milliseconds since 1970: look at the producer's clock, too.",
    "no_rate": "Say what the currency is worth (SEGMENTER_CURRENCY_RATES), start the workers anew, and send the records"
    " again.",
    "too_large": "A record has up to 1 MiB: send less in its properties.",
    "thin_event": "Let Stripe send events of the payload style Snapshot.",
    "internal_error": "A fault of segmenter's own: the worker's log has a line to report. After an upgrade that mends"
    " it, send the records again.",
    "too_many_ids": "Look who bears so many ids: most often a script, or a shared account.",
}
USUAL_ADVICE: Final = "The reason names the field: mend the producer, and publish the mended record."
NEVER: Final[Mapping[str, str]] = {
    "unreadable": "its bytes are those of a batch that cannot be read",
    "too_large": "it would be too large again",
    "too_many_ids": "it counts already, but for the link",
    "not_rerouted": "no producer wrote it",
}
"""Reasons of which no record is sent again, and why."""
