"""All names in one record, rules or no rules: a sample of what producers send.

Comes in: an event, and the bytes that it was decoded from. Goes out: its `Sample`. An event holds of its properties
and its context only what rules read, so both are decoded once more and in full.
"""

from typing import Any, Final

import msgspec

from streams.core.events import Event
from streams.observed.names import Sample
from streams.sources.nested import JsonObject, flatten


class Whole(msgspec.Struct):
    """What an event does not hold in full. `name` of a page or screen is a property of it."""

    type: Any = None
    name: Any = None
    properties: JsonObject | None = None
    context: JsonObject | None = None


_WHOLE: Final = msgspec.json.Decoder(Whole)


def sample(event: Event, raw: bytes) -> Sample:
    """An object that cannot be read (a number in it that no double holds, or too many levels) shows nothing."""
    try:
        whole = _WHOLE.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        whole = Whole()
    properties = {name for name, value in flatten(whole.properties or {}).items() if value is not None}
    if whole.type in ("page", "screen") and whole.name is not None:
        properties.add("name")
    context = {f"context.{name}" for name, value in flatten(whole.context or {}).items() if value is not None}
    traits = {name for name, value in event.traits.items() if value is not None}
    return Sample(event.name, properties | event.properties.keys(), traits | context)
