"""The judge's reading of aliases: all records as if their users had always been named, late where a link came late.

Comes in: events in order of arrival, of which some name an alias alone and some say whose an alias is; and merges,
which make one of all that was linked to either. Goes out: the same under their users' names, each at the arrival at
which it is known whose it is; those that are nobody's are left out.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from streams.core.events import Event
from streams.core.links import How, Link, Linking, Unlinked
from tests.oracle.merged import Merge

DAY_MS = 86_400_000
Past = Sequence[Event | Merge]


Arrival = TypeVar("Arrival", bound=Event | Merge | int)


def named(arrivals: Iterable[Arrival], keep_ms: int = 90 * DAY_MS, most: int = 200) -> list[Arrival | Event]:
    """keep_ms: how much older than its link a record may be. most: records that wait under an alias."""
    past: list[Event | Merge] = []
    told: list[Arrival | Event] = []
    for arrival in arrivals:
        if isinstance(arrival, int):
            told.append(arrival)
            continue
        if isinstance(arrival, Merge):
            told.append(arrival)
            past.append(arrival)
            continue
        told += [arrival] if not isinstance(arrival.identity, Unlinked) else under_alias(past, arrival)
        if isinstance(arrival.identity, Linking):
            told += handed_over(past, arrival, arrival.identity.had)
            for link in arrival.identity.links:
                told += at_link(past, link, arrival, keep_ms, most)
        past.append(arrival)
    return [replace(one, identity=None) if isinstance(one, Event) else one for one in told]


def handed_over(past: Past, event: Event, had: str | None) -> list[Event]:
    """To the user who had a subscription before: that it is another's."""
    if had is None or had == event.subject or had not in {each.subject for each in past if isinstance(each, Event)}:
        return []
    which = {"subscription_id": event.properties.get("subscription_id")}
    return [Event(had, event.ts, "", False, None, which, {}, touches_ledger=True, order=event.order)]


def survivor(past: Past, user: str) -> str:
    """Who a user is by now."""
    for each in past:
        if isinstance(each, Merge) and each.gone == user:
            user = each.into
    return user


def claims(past: Past, alias: str) -> list[tuple[str, How, int]]:
    """Who was linked to an alias, how and when, in order of arrival; each as whom they are by now."""
    return [
        (survivor(past, event.subject), link.how, event.ts)
        for event in past
        if isinstance(event, Event) and isinstance(event.identity, Linking)
        for link in event.identity.links
        if link.alias == alias and event.subject != alias
    ]


def owner(past: Past, alias: str) -> tuple[str | None, bool]:
    """Whose an alias is, and whether it is a shared device."""
    user, newest, shared = None, 0, False
    for who, how, ts in claims(past, alias):
        moves = how in (How.CUSTOMER, How.TRAIT)
        if user is None or (moves and ts >= newest):
            user, newest = who, ts
        elif who != user and not moves:
            shared = True
    return user, shared


def under_alias(past: Past, event: Event) -> list[Event]:
    user, shared = owner(past, event.subject)
    return [] if user is None or shared else [replace(event, subject=user)]


def at_link(past: Past, link: Link, event: Event, keep_ms: int, most: int) -> list[Event]:
    """What a link brings: the records that waited, or the subscriptions that change hands."""
    before, _ = owner(past, link.alias)
    after, _ = owner([*past, replace(event, identity=Linking((link,)))], link.alias)
    if after is None or after == before:
        return []
    records = [
        each
        for each in past
        if isinstance(each, Event) and isinstance(each.identity, Unlinked) and each.subject == link.alias
    ]
    states = newest_states(records)
    if before is None:
        waited = [each for each in records if not any(each is state for state in states)][-most:]
        young = [each for each in waited if each.ts >= event.ts - keep_ms]
        given = [each for each in records if any(each is one for one in [*states, *young])]
        return [replace(each, subject=after) for each in given]
    lost = Event(before, event.ts, "", False, None, {"customer": link.alias}, {}, touches_ledger=True)
    return [lost, *(replace(each, subject=after, message_id=None) for each in states)]


def newest_states(records: Sequence[Event]) -> list[Event]:
    """Of each subscription of Stripe's, in order of arrival."""
    newest: dict[object, Event] = {}
    for each in records:
        if each.touches_ledger and each.properties.get("customer") is not None:
            known = newest.get(each.properties.get("subscription_id"))
            if known is None or (each.ts, each.order) >= (known.ts, known.order):
                newest[each.properties.get("subscription_id")] = each
    return [each for each in records if any(each is one for one in newest.values())]
