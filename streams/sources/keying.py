"""Under which key a line of a file is published.

Comes in: the line, and its envelope. Goes out: the user's id; where none is named, the alias under which it waits.
"""

from streams.core.events import Event, Reads
from streams.sources.billing import BillingUpdates
from streams.sources.envelope import Envelope
from streams.sources.options import InputOptions, Nobody
from streams.sources.stripe import is_event
from streams.sources.warnings import Warnings


class Keys:
    """By one set of options."""

    def __init__(self, options: InputOptions):
        self._nobody = Nobody(options.not_users)
        self._billing = BillingUpdates(Reads({}), options, Warnings())

    def of(self, record: Envelope, line: bytes) -> str | None:
        """None where it names nobody, or cannot be used."""
        if is_event(record):
            found = self._billing.decode(line, None, None)
            return found.subject if isinstance(found, Event) else None
        ids = record.user_id, record.anonymous_id
        return next((each for each in ids if isinstance(each, str) and each not in self._nobody), None)
