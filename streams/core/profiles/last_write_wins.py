"""A value and the event time that set it: of two, the newer stands, whatever the order of arrival.

Comes in: values with their event times, by name. Goes out: whether one that comes is older.
"""

from collections.abc import Mapping

from streams.core.events import Value

Dated = tuple[Value, int]


def is_outdated(dated: Mapping[str, Dated], name: str, ts: int) -> bool:
    """Whether something newer is known already. On equal times the later arrival wins."""
    known = dated.get(name)
    return known is not None and ts < known[1]
