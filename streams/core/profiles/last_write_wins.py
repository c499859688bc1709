"""A value and the event time that set it: of two, the newer stands, whatever the order of arrival.

Comes in: a value with its event time. Goes out: the same dictionary, with the value in it if it is the newest.
"""

from collections.abc import Mapping

from streams.core.events import Value

Dated = tuple[Value, int]


def is_outdated(dated: Mapping[str, Dated], name: str, ts: int) -> bool:
    """Whether something newer is known already. On equal times the later arrival wins."""
    known = dated.get(name)
    return known is not None and ts < known[1]


def keep_newest(dated: dict[str, Dated], name: str, value: Value, ts: int) -> None:
    if not is_outdated(dated, name, ts):
        dated[name] = (value, ts)
