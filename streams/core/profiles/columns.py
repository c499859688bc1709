"""What rules read of documents: of many at once, a column for each trait, and no document is made for it.

Comes in: documents as they are stored. Goes out: by name of a trait, the value of each as rules see it, just as
`Document.read` gives it; by field of the catalog, the newest value of each. A shard that is loaded reads all of its
documents so, of each a few traits of perhaps two hundred: what nobody asks for is passed over while it is decoded.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from streams.core.events import Value
from streams.core.kernel.layout import NEVER
from streams.core.profiles.document import WITHOUT_LEDGER
from streams.core.profiles.last_write_wins import Dated
from streams.core.profiles.ledger import DERIVED_TRAITS, Ledger

NOTHING: Final[Dated] = (None, NEVER)

Column = list[Value]


class Read(NamedTuple):
    """A value of each document: by trait, and by field of `Document.latest`."""

    traits: dict[str, Column]
    latest: dict[str, Column]


class Columns:
    """A reader of these traits, and of these fields of `Document.latest`."""

    def __init__(self, traits: Iterable[str], latest: Iterable[str]):
        self._traits, self._latest = tuple(traits), tuple(latest)
        self._derived = [name for name in self._traits if name in DERIVED_TRAITS]
        self._decoder = _decoder(self._traits)

    def read(self, stored: Sequence[bytes]) -> Read:
        documents = self._decoder.decode(b"[%b]" % b",".join([raw or b"{}" for raw in stored]))
        traits = _columns(self._traits, [document.traits for document in documents])
        for name in WITHOUT_LEDGER.keys() & traits:
            traits[name] = [WITHOUT_LEDGER[name] if value is None else value for value in traits[name]]
        if self._derived:
            self._derive(traits, [document.ledger for document in documents])
        return Read(traits, _columns(self._latest, [document.latest for document in documents]))

    def _derive(self, traits: Mapping[str, Column], ledgers: Sequence[Ledger | None]) -> None:
        """What follows from a ledger hides what stands under the same name."""
        standings = [(place, ledger.standing) for place, ledger in enumerate(ledgers) if ledger is not None]
        for name in self._derived:
            derive, column = DERIVED_TRAITS[name], traits[name]
            for place, standing in standings:
                column[place] = derive(standing)


def _columns(names: Sequence[str], objects: Sequence[Any]) -> dict[str, Column]:
    """Of each object the value under a name, if it has one."""
    if objects and not isinstance(objects[0], dict):
        return {name: [value for value, _ in map(attrgetter(f"f{n}"), objects)] for n, name in enumerate(names)}
    return {name: [each.get(name, NOTHING)[0] for each in objects] for name in names}


@lru_cache  # a type takes a millisecond to make
def _decoder(names: tuple[str, ...]) -> msgspec.json.Decoder[list[Any]]:
    """Of documents. Their traits are an object that has these names alone, where each can be a field's."""
    traits: Any = dict[str, Dated]
    if all(name.isprintable() and not {*name} & {*'"\\'} for name in names):  # msgspec takes no others
        fields = {f"f{number}": name for number, name in enumerate(names)}
        dated = [(field, Dated, NOTHING) for field in fields]
        traits = msgspec.defstruct("Traits", dated, rename=fields, frozen=True, gc=False)
    latest: Any = dict[str, Dated]
    kinds = {"traits": traits, "latest": latest}
    parts = [(part, kind, msgspec.field(default_factory=kind)) for part, kind in kinds.items()]
    read: Any = msgspec.defstruct("Read", [*parts, ("ledger", Ledger | None, None)], frozen=True, gc=False)
    return msgspec.json.Decoder(list[read])
