"""The traits that identify and group set (docs/semantics.md#traits).

Comes in: the text of such a record. Goes out: its traits by dotted name; `Unusable` where they cannot be read.
"""

from typing import Final

import msgspec

from streams.core.events import Value
from streams.sources import records
from streams.sources.nested import JsonObject, flatten_whole
from streams.sources.records import Unusable


class ContextTraits(msgspec.Struct):
    """The other place where identify may have its traits."""

    traits: JsonObject | None = None


class WithTraits(msgspec.Struct):
    """What else identify and group are decoded to."""

    traits: JsonObject | None = None
    context: ContextTraits | None = None


_TRAITS: Final = msgspec.json.Decoder(WithTraits)


def of_identify(text: str) -> dict[str, Value]:
    """Each trait whole; of one in both places, that in `traits` stands."""
    body = records.read_objects(_TRAITS, text)
    elsewhere = body.context.traits if body.context else None
    return flatten_whole({**(elsewhere or {}), **(body.traits or {})})


def of_group(group_id: str | None, text: str) -> dict[str, Value]:
    if not group_id:
        raise Unusable("wrong_type", "a group event needs a `groupId`, a text that is not empty")
    traits = flatten_whole(records.read_objects(_TRAITS, text).traits or {})
    return {"group.id": group_id} | {f"group.{name}": value for name, value in traits.items() if name != "id"}
