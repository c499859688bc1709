"""What workers have read: the names of events, of their properties and of traits, in a bounded record of one day.

Comes in: how often each event name was read, and the names that sampled records hold. Goes out: a record that merges
with those of other workers and days, and its bytes.

Events are counted one by one, properties and traits in the sample only. Where more names come than a record has room
for, the half that was seen less often is let go and counted as `others`. So a name that becomes frequent finds room to
grow, and names made up for every record (`order-48151`) do not push out those that are used.
"""

from collections.abc import Iterable, Mapping
from heapq import nlargest
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

LONGEST_NAME: Final = 255
# A day's record has some 20 KB where names are used as names; at the very worst 3 MB.
EVENTS: Final = 1_000
PROPERTIES: Final = 100  # of one event
TRAITS: Final = 1_000


class Sample(NamedTuple):
    """The names in one record. `event` is empty where it counts as none (identify, group, alias)."""

    event: str
    properties: Iterable[str]
    traits: Iterable[str]


class Names(msgspec.Struct, array_like=True):
    """How often each name was seen, in how many `records`; `others` is how often those were that found no room."""

    counts: dict[str, int] = msgspec.field(default_factory=dict)
    records: int = 0
    others: int = 0

    def add(self, counts: Mapping[str, int], records: int, room: int, others: int = 0) -> bool:
        """Whether names had to be let go."""
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        self.records += records
        self.others += others
        if len(self.counts) <= room:
            return False
        kept = dict(nlargest(room // 2, self.counts.items(), key=itemgetter(1)))
        self.others += sum(self.counts.values()) - sum(kept.values())
        self.counts = kept
        return True


class ObservedNames(msgspec.Struct, array_like=True):
    """All that was read in some time, such as a day; `properties` by the name of their event."""

    events: Names = msgspec.field(default_factory=Names)
    properties: dict[str, Names] = msgspec.field(default_factory=dict)
    traits: Names = msgspec.field(default_factory=Names)

    @classmethod
    def decode(cls, raw: bytes) -> "ObservedNames":
        """Nothing makes an empty one, and so does what another version wrote otherwise: it begins anew."""
        try:
            return _DECODER.decode(raw) if raw else cls()
        except msgspec.MsgspecError:
            return cls()

    def encode(self) -> bytes:
        return _ENCODER.encode(self)

    def __bool__(self) -> bool:
        return self.events.records > 0 or self.traits.records > 0

    def count(self, events: Mapping[str, int]) -> None:
        """Event names, and how often each was read."""
        named = {shortened(name): count for name, count in events.items() if name}
        if self.events.add(named, sum(named.values()), EVENTS):
            self._forget_properties()

    def note(self, sample: Sample) -> None:
        """The names in one record, whose event has been counted."""
        event = shortened(sample.event)
        if event in self.events.counts:
            names = self.properties.setdefault(event, Names())
            names.add(dict.fromkeys(map(shortened, sample.properties), 1), 1, PROPERTIES)
        self.traits.add(dict.fromkeys(map(shortened, sample.traits), 1), 1, TRAITS)

    def properties_of(self, events: Iterable[str] | None) -> Names:
        """Those of all these events together; None are all there are."""
        together = Names()
        for event in self.properties if events is None else map(shortened, events):
            if names := self.properties.get(event):
                together.add(names.counts, names.records, len(together.counts) + PROPERTIES, names.others)
        return together

    def add(self, other: "ObservedNames") -> None:
        """What another worker, or another day, has seen."""
        has_forgotten = self.events.add(other.events.counts, other.events.records, EVENTS, other.events.others)
        for event, names in other.properties.items():
            self.properties.setdefault(event, Names()).add(names.counts, names.records, PROPERTIES, names.others)
        self.traits.add(other.traits.counts, other.traits.records, TRAITS, other.traits.others)
        if has_forgotten:
            self._forget_properties()

    def _forget_properties(self) -> None:
        """Those of events that were let go."""
        for event in self.properties.keys() - self.events.counts.keys():
            del self.properties[event]


def shortened(name: str) -> str:
    """The name as records keep it: at most so long, and text that can be stored (half a surrogate pair cannot)."""
    return name[:LONGEST_NAME].encode(errors="replace").decode()


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(ObservedNames)
