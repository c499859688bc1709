"""The document: what we keep of a profile beside its row. All traits with their times, the ledger, and what is too
long for a row of the features `latest` and `distinct`.

Comes in: events with traits, billing updates, properties that are kept, the bytes of an earlier document. Goes out: the
trait that a rule reads, the derived events, the bytes to keep (compact JSON; none for an empty document).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec
from xxhash import xxh3_128_hexdigest as xxh3

from streams.core.events import Event, Value
from streams.core.kernel.layout import NEVER
from streams.core.profiles.last_write_wins import Dated, is_outdated
from streams.core.profiles.ledger import DERIVED_TRAITS, Derived, Ledger
from streams.core.rules.equality import spell

__all__ = ["MAX_TRAITS", "MAX_TRAIT_BYTES", "Derived", "Document", "Folded"]

MAX_TRAITS: Final = 200
MAX_TRAIT_BYTES: Final = 1_024  # of the name and the value's compact JSON together
LONGEST_SPELLING: Final = 40
GROUP, GROUP_ID = "group", "group.id"

WITHOUT_LEDGER: Final[Mapping[str, Value]] = {"mrr": 0.0, "paying": False}  # unless a trait says otherwise


class Folded(NamedTuple):
    """What an event made of a document: the events that follow from it, and the traits that it may have set or taken
    away, as rules see them now."""

    derived: tuple[Derived, ...]
    traits: dict[str, Value]


class IdAges(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Of the messageIds in a row into which another was merged, from the one that was the newest then on: how many had
    been accepted after each by whoever accepted it."""

    newest: int
    ages: list[int]


class Document(msgspec.Struct, omit_defaults=True, gc=False):
    """Traits by dotted name. None stands for one that was removed, and for the name above nested ones: so that an older
    value does not come back, nor one that stood nested under a name that has been set anew since.

    refused: how many traits were not taken because they were too many or too large.
    latest: by field of the catalog, the newest value with its time.
    seen: by field, the values that are counted, by their spelling, each with the newest bucket it was seen in.
    ordinals: by rule that was taken away, how many changes it had told.
    ages: of the messageIds that the row remembers, where some are another profile's that was merged in.
    """

    traits: dict[str, Dated] = msgspec.field(default_factory=dict)
    ledger: Ledger | None = None
    refused: int = 0
    latest: dict[str, Dated] = msgspec.field(default_factory=dict)
    seen: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    ordinals: dict[str, int] = msgspec.field(default_factory=dict)
    ages: IdAges | None = None

    @classmethod
    def decode(cls, raw: bytes) -> "Document":
        return _DECODER.decode(raw) if raw else cls()

    def encode(self) -> bytes:
        return _ENCODER.encode(self) if self != _EMPTY else b""

    def fold(self, event: Event) -> Folded:
        """Take in an event's traits and, from a billing update, what it says of a subscription."""
        names = dict.fromkeys(event.traits)
        if event.traits and not self._is_of_another_group(event):
            for name, value in event.traits.items():
                names |= dict.fromkeys(self._fold_trait(name, value, event.ts))
        told = {name: self.read(name) for name in names}
        if not event.touches_ledger or (self.ledger is None and not event.name):
            return Folded((), told)
        if self.ledger is None:
            self.ledger = Ledger()
        return Folded(self.ledger.fold(event), told | self.ledger.traits)

    def _is_of_another_group(self, event: Event) -> bool:
        """Whether a group event is about a group that is not the newest. With a new one, nothing of the old one stays.

        Traits of a group are set name by name, and `group` itself is not among them, as it is where identify sets it.
        """
        group = event.traits.get(GROUP_ID)
        known, since = self.traits.get(GROUP_ID, (None, NEVER))
        if group is None or GROUP in event.traits or known is None or known == group:
            return False
        return event.ts < since

    def _fold_trait(self, name: str, value: Value, ts: int) -> Iterator[str]:
        """Set a trait; gives the names of others that are gone with what stood there."""
        if name == GROUP_ID and self.traits.get(name, (None, NEVER))[0] not in (None, value):
            yield from self._fold_trait(GROUP, None, ts)
        if len(name.encode()) + len(_ENCODER.encode(value)) > MAX_TRAIT_BYTES:
            self.refused += 1
        elif is_outdated(self.traits, name, ts) or any(is_outdated(self.traits, each, ts) for each in above(name)):
            pass
        elif value is None:
            yield from self._clear_below(name, ts)
            self._remove(name, ts)
        elif self._has_room_for(name):
            yield from self._clear_below(name, ts)
            self.traits[name] = (value, ts)
        else:
            self.refused += 1

    def _clear_below(self, name: str, ts: int) -> list[str]:
        """Take away what stood nested under a name that is set anew."""
        prefix = f"{name}."
        gone = [each for each, (_, since) in self.traits.items() if since <= ts and each.startswith(prefix)]
        for each in gone:
            del self.traits[each]
        return gone

    def _remove(self, name: str, ts: int) -> None:
        self.traits[name] = (None, ts)
        removed = [name for name, (value, _) in self.traits.items() if value is None]
        if len(removed) > MAX_TRAITS:
            del self.traits[min(removed, key=lambda name: (self.traits[name][1], name))]

    def _has_room_for(self, name: str) -> bool:
        if len(self.traits) < MAX_TRAITS or self._read_trait(name) is not None:
            return True
        return sum(value is not None for value, _ in self.traits.values()) < MAX_TRAITS

    def keep_latest(self, field: str, value: Value, ts: int) -> bool:
        """Whether nothing newer was known."""
        if is_outdated(self.latest, field, ts):
            return False
        self.latest[field] = (value, ts)
        return True

    def see(self, field: str, value: Value, bucket: int) -> int:
        """Note that a value was seen in a bucket. Returns the newest in which it had been seen, `NEVER` if in none."""
        spelling = spell(value)
        if len(spelling) > LONGEST_SPELLING:
            spelling = xxh3(spelling.encode())  # whose digits spell no value
        buckets = self.seen.setdefault(field, {})
        before = buckets.get(spelling, NEVER)
        if before < bucket:
            buckets[spelling] = bucket
        return before

    def forget_before(self, oldest: Mapping[str, int]) -> bool:
        """Forget the values that were last seen before the oldest bucket of their field; whether there were any."""
        found = self.seen.items()
        old = [field for field, seen in found if field in oldest and min(seen.values()) < oldest[field]]
        for field in old:
            kept = {spelling: at for spelling, at in self.seen.pop(field).items() if at >= oldest[field]}
            self.seen |= {field: kept} if kept else {}
        return bool(old)

    def forget_others(self, fields: Collection[str]) -> bool:
        """Forget what is kept for other fields than these; whether there was any."""
        others = [field for field in self.latest.keys() | self.seen.keys() if field not in fields]
        for field in others:
            self.latest.pop(field, None)
            self.seen.pop(field, None)
        return bool(others)

    def read(self, name: str) -> Value:
        """The trait as rules see it: once there is a ledger, its derived traits hide those of the same name."""
        if self.ledger is not None and name in DERIVED_TRAITS:
            return DERIVED_TRAITS[name](self.ledger.standing)
        value = self._read_trait(name)
        return WITHOUT_LEDGER.get(name) if value is None else value

    def read_all(self, names: Iterable[str]) -> dict[str, Value]:
        derived = {} if self.ledger is None else self.ledger.traits
        return {name: derived[name] if name in derived else self.read(name) for name in names}

    def _read_trait(self, name: str) -> Value:
        dated = self.traits.get(name)
        return dated[0] if dated else None


def above(name: str) -> Iterator[str]:
    """The names that a nested one stands under.

    >>> list(above("company.address.city"))
    ['company', 'company.address']
    """
    dot = name.find(".")
    while dot >= 0:
        yield name[:dot]
        dot = name.find(".", dot + 1)


_EMPTY: Final = Document()
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Document)
