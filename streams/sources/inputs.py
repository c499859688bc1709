"""The inputs, a row each, in the order in which a shard takes records of one time.

Comes in: a record's bytes. Goes out: what it means, as its input decodes it. A new row is a new input.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from streams.core.events import Decoded, Event, Reads, Reject
from streams.sources import profile_commands
from streams.sources.billing import BillingUpdates, is_billing
from streams.sources.envelope import Envelope, NoObject, envelope
from streams.sources.options import InputOptions
from streams.sources.records import Record
from streams.sources.segment_spec import SegmentSpec, is_product_event
from streams.sources.warnings import Warnings
from streams.topics import BILLING_UPDATES, PRODUCT_EVENTS, PROFILE_COMMANDS, Topic

DEFAULTS: Final = InputOptions()


class InputDecoder(Protocol):
    """How the records of one input are decoded."""

    def decode(self, raw: bytes | None, key: bytes | None, record_ms: int | None, *, whole: bool = ...) -> Decoded:
        """`record_ms` is the record's own time, None for a line of a file. whole: with all properties, whatever rules
        read."""

    def decode_all(self, fetched: Sequence[Record]) -> list[Decoded]:
        """The same of each record of a fetch, at a lower price."""


class Input(NamedTuple):
    """decoder: for what rules read, and one set of options. recognises: whether a line of a file is meant for it."""

    topic: Topic
    decoder: Callable[[Reads, InputOptions, Warnings], InputDecoder]
    recognises: Callable[[Envelope], bool]


INPUTS: Final = (
    Input(PRODUCT_EVENTS, SegmentSpec, is_product_event),
    Input(BILLING_UPDATES, BillingUpdates, is_billing),
)


def input_of(record: Envelope) -> Input:
    """Which one a line of a file is meant for; the first, which says what is wrong with it, where none knows it."""
    return next((each for each in INPUTS if each.recognises(record)), INPUTS[0])


def is_command(record: Envelope) -> bool:
    """Whether a line of a file is a command about profiles, of those that a file may hold."""
    return record.type == "merge"


def topic_of(record: Envelope) -> Topic:
    """Where a line of a file belongs."""
    return PROFILE_COMMANDS if is_command(record) else input_of(record).topic


def _decode_merge(line: bytes) -> Decoded:
    command = profile_commands.decode(line, None, None)
    assert isinstance(command, Event | Reject), "the line has a value, and is no other command"
    return command


class Decoder:
    """For one set of rules.

    of: by the name of a topic, how its records are decoded; in the order of the inputs. warnings: what was odd.
    """

    def __init__(self, reads: Reads, options: InputOptions = DEFAULTS, warnings: Warnings | None = None):
        self.warnings = Warnings() if warnings is None else warnings
        self.of: Mapping[str, InputDecoder] = {
            each.topic.name: each.decoder(reads, options, self.warnings) for each in INPUTS
        }

    def decode_lines(self, lines: Sequence[bytes]) -> list[Decoded]:
        """`decode_line` of each, at a lower price: most lines of most files are product events."""
        return self.product.decode_lines(lines, self.decode_line)

    @property
    def product(self) -> SegmentSpec:
        found = self.of[PRODUCT_EVENTS.name]
        assert isinstance(found, SegmentSpec)
        return found

    def decode_line(self, line: bytes) -> Decoded:
        """A line of a file, which may be of any input."""
        try:
            record = envelope(line)
            if is_command(record):
                return _decode_merge(line)
            meant = input_of(record)
        except NoObject:
            meant = INPUTS[0]
        return self.of[meant.topic.name].decode(line, None, None)
