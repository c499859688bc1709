"""Plain track events, out of columns: of each nothing is made but the event.

Comes in: a column a field. Goes out: what `segment_spec` decodes such rows to, or None where it must look closer.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from streams.core.events import Event, Value
from streams.sources.aliases import linking
from streams.sources.options import Nobody
from streams.sources.records import MAX_ID_CHARACTERS, Time
from streams.sources.times import parse_times

NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})


class Columns(NamedTuple):
    """Of rows without a context, field by field, all that is looked at of a plain one."""

    type: Sequence[str | None]
    message_id: Sequence[str | None]
    user_id: Sequence[str | None]
    anonymous_id: Sequence[str | None]
    event: Sequence[str | None]
    timestamp: Sequence[Time]


def plain_tracks(columns: Columns, special: Collection[str], nobody: Nobody, earliest_ms: int) -> list[Event | None]:
    """special: names of events of which more is read."""
    longest = nobody.longest
    return [
        Event(user, ts, name, True, message_id or None, NOTHING, NOTHING, identity=bears and linking(user, bears))
        if kind == "track"
        and name
        and name not in special
        and user
        and len(user) <= MAX_ID_CHARACTERS
        and ts is not None
        and earliest_ms <= ts
        and (len(user) > longest or user not in nobody)
        and (bears is None or len(bears) > longest or bears not in nobody)
        else None
        for kind, message_id, user, bears, name, ts in zip(
            columns.type,
            columns.message_id,
            columns.user_id,
            columns.anonymous_id,
            columns.event,
            parse_times(columns.timestamp),
            strict=True,
        )
    ]
