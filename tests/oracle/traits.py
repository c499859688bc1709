"""The judge's reading of traits and of the ledger of subscriptions, from the plain list of accepted events.

Comes in: a profile's accepted events in order of arrival. Goes out: one trait's value, or what billing did to MRR.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from streams.core.events import Event, Value
from tests.oracle.values import EPOCH, begin

COUNTED = ("active", "past_due")
IMPLIED_STATUS = {
    "Subscription Started": "active",
    "Subscription Resumed": "active",
    "Subscription Paused": "paused",
    "Subscription Cancelled": "canceled",
    "Trial Started": "trialing",
}
DAYS_FOLLOWED = (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH).days
YEAR_1_MS, YEAR_10000_MS = -62_135_596_800_000, 253_402_300_800_000
SHOWN = {
    "plan": "plan",
    "trial_ends_at": "trial_end",
    **{f"subscription.{prop}": prop for prop in ("status", "renews_at", "interval", "seats", "started_at")},
    **{f"subscription.{prop}": prop for prop in ("cancel_at", "reason")},
}
DERIVED = ("mrr", "paying", "mrr_incomplete", "subscription.cancels", *SHOWN)


class Happened(NamedTuple):
    """Something that counts as an event of a name."""

    ts: int
    name: str
    active: bool
    properties: Mapping[str, Value]


class Subscription(NamedTuple):
    """A subscription as its updates left it. `micros` is its MRR in whole millionths if it counts, else 0."""

    id: str
    properties: Mapping[str, Value]
    newest_ts: int
    counted: bool
    micros: int


def read_trait(accepted: Sequence[Event], name: str) -> Value:
    has_ledger = any(event.touches_ledger and event.name for event in accepted)
    if name in DERIVED and has_ledger:
        return read_derived(ledger(accepted), name)
    written = written_traits(accepted).get(name, (None, 0))[0]
    if written is None and not has_ledger:
        return {"mrr": 0.0, "paying": False}.get(name)
    return written


def written_traits(accepted: Sequence[Event]) -> dict[str, tuple[Value, int]]:
    """By name the value that stands and its time, in order of arrival; None for what was removed or has parts."""
    held: dict[str, tuple[Value, int]] = {}

    def write(name: str, value: Value, ts: int) -> None:
        parents = [name[:at] for at, letter in enumerate(name) if letter == "."]
        if all(ts >= held[each][1] for each in (name, *parents) if each in held):
            for each in [each for each, (_, since) in held.items() if each.startswith(f"{name}.") and since <= ts]:
                del held[each]
            held[name] = value, ts

    for event in accepted:
        group, (known, since) = event.traits.get("group.id"), held.get("group.id", (None, 0))
        if group is not None and known is not None and group != known:
            if "group" not in event.traits and event.ts < since:
                continue
            write("group", None, event.ts)
        for name, value in event.traits.items():
            write(name, value, event.ts)
    return held


def read_derived(subscriptions: list[Subscription], name: str) -> Value:
    if name == "mrr":
        return mrr_micros(subscriptions) / 1e6
    if name == "paying":
        return mrr_micros(subscriptions) > 0
    counted = [one for one in subscriptions if one.counted]
    if name == "mrr_incomplete":
        return any(one.properties.get("mrr_incomplete") is True for one in counted)
    if not subscriptions:
        return False if name == "subscription.cancels" else None
    if counted:
        leading = max(counted, key=lambda one: (one.micros, one.id))
    else:
        leading = max(subscriptions, key=lambda one: (one.newest_ts, one.id))
    if name == "subscription.cancels":
        return leading.properties.get("cancel_at_period_end") is True or leading.properties.get("cancel_at") is not None
    return leading.properties.get(SHOWN[name])


def ledger(accepted: Sequence[Event]) -> list[Subscription]:
    updates: list[Event] = []
    for event in accepted:
        if event.touches_ledger and event.name:
            updates.append(event)
        elif "customer" in event.properties and event.touches_ledger:
            updates = [
                one for one in updates if subscription_id(one) not in lost(updates, event.properties["customer"])
            ]
    own = {subscription_id(event) for event in updates} - handed_over(accepted)
    return [subscription(one, updates) for one in sorted(own)]


def handed_over(accepted: Sequence[Event]) -> set[str]:
    """The subscriptions of which the newest word is that they are another's; on a tie the later arrival. Where there
    is no ledger yet, nobody listens."""
    newest: dict[str, Event] = {}
    for event in accepted:
        is_word = event.touches_ledger and (bool(event.name) or (bool(newest) and "customer" not in event.properties))
        known = newest.get(subscription_id(event), event)
        if is_word and (event.ts, event.order) >= (known.ts, known.order):
            newest[subscription_id(event)] = event
    return {which for which, event in newest.items() if not event.name}


def lost(updates: Sequence[Event], customer: Value) -> set[str]:
    """The subscriptions that came under a customer who is another user's by now."""
    ids = {subscription_id(event) for event in updates}
    return {each for each in ids if subscription(each, updates).properties.get("customer") == customer}


def subscription_id(update: Event) -> str:
    named = update.properties.get("subscription_id")
    return "default" if named is None else str(named)


def subscription(name: str, updates: Sequence[Event]) -> Subscription:
    own = [(event.ts, said(event)) for event in updates if subscription_id(event) == name]
    held: dict[str, Value] = {}
    for prop in {prop for _, properties in own for prop in properties}:
        held[prop] = newest([(ts, properties[prop]) for ts, properties in own if prop in properties])
    counted, mrr = held.get("status") in COUNTED, held.get("mrr")
    micros = round(mrr * 1e6) if counted and isinstance(mrr, int | float) and not isinstance(mrr, bool) else 0
    return Subscription(name, held, max(ts for ts, _ in own), counted, micros)


def said(update: Event) -> dict[str, Value]:
    """What an update says: its properties, of which None is gone, and the status that its name implies."""
    properties: dict[str, Value] = dict(update.properties)
    if update.name in IMPLIED_STATUS:
        properties.setdefault("status", IMPLIED_STATUS[update.name])
    return properties


def newest(written: Sequence[tuple[int, Value]]) -> Value:
    """The newest event time wins, on a tie the later arrival."""
    latest = max((ts for ts, _ in written), default=None)
    return next((value for ts, value in reversed(written) if ts == latest), None)


def mrr_micros(subscriptions: Sequence[Subscription]) -> int:
    return sum(one.micros for one in subscriptions)


def mrr_movement(accepted: Sequence[Event]) -> list[Happened | None]:
    """The derived events: what each accepted event did to the sum, at its own time; None for most."""
    updates: list[Event] = []
    totals = [0]
    moved: list[Happened | None] = []
    for event in accepted:
        if event.touches_ledger:
            updates.append(event)
        totals.append(mrr_micros(ledger(updates)))
        moved.append(movement(event.ts, totals))
    return moved


def mrr_totals(accepted: Sequence[Event]) -> list[int]:
    """The sum after each accepted event that touches the ledger."""
    updates = [event for event in accepted if event.touches_ledger]
    return [mrr_micros(ledger(updates[: count + 1])) for count in range(len(updates))]


def movement(ts: int, totals: Sequence[int]) -> Happened | None:
    """What took the sum to the last of the totals it has had."""
    *earlier, before, after = totals
    if before == after:
        return None
    if before == 0:
        name = "MRR Reactivation" if any(total > 0 for total in earlier) else "MRR New"
    elif after == 0:
        name = "MRR Churn"
    else:
        name = "MRR Expansion" if after > before else "MRR Contraction"
    return Happened(ts, name, False, {"delta": (after - before) / 1e6})


def read_time(value: Value, zone: tzinfo) -> int | None:
    """The instant that a trait holds, in ms: ISO 8601 (no zone is UTC; no time is the day's
    beginning in `zone`), or epoch seconds, milliseconds from 1e11 up."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        ms = int(value // 1) if abs(value) >= 1e11 else int(value * 1000 // 1)
        return ms if YEAR_1_MS <= ms < YEAR_10000_MS else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if len(value) <= len("2026-12-01"):
        return begin_of_date(moment.toordinal() - EPOCH.toordinal(), zone)
    since_epoch = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since_epoch.days * 86_400_000 + since_epoch.seconds * 1000 + since_epoch.microseconds // 1000


def begin_of_date(day: int, zone: tzinfo) -> int | None:
    """Clocks are followed from 1970 to 2100; before and after that days have 24 hours."""
    followed = min(max(day, 0), DAYS_FOLLOWED)
    ms = begin(followed, "day", zone) + (day - followed) * 86_400_000
    return ms if YEAR_1_MS <= ms < YEAR_10000_MS else None
