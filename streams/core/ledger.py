"""The ledger: what a profile's billing updates say about its subscriptions, and what follows from them.

Comes in: Subscription and Trial updates. Goes out: the derived traits (`mrr`, `paying`, `plan`,
`subscription.status`, `trial_ends_at`) and the derived events (`MRR New`, `MRR Churn`, ...).
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from streams.core.dated import Dated, keep_newest
from streams.core.events import Event, Value

# The events that touch the ledger, and the status that each implies where the update leaves it out.
LEDGER_EVENTS: Final[Mapping[str, str | None]] = {
    "Subscription Started": "active",
    "Subscription Updated": None,
    "Subscription Paused": "paused",
    "Subscription Resumed": "active",
    "Subscription Cancelled": "canceled",
    "Trial Started": "trialing",
    "Trial Ended": None,
}

DEFAULT_SUBSCRIPTION: Final = "default"
COUNTED_STATUSES: Final = ("active", "past_due")

# Derived trait -> the property of the leading subscription that it shows.
_SHOWN: Final[Mapping[str, str]] = {"plan": "plan", "subscription.status": "status", "trial_ends_at": "trial_end"}
_KEPT: Final = ("status", "plan", "mrr", "trial_end")
DERIVED_TRAITS: Final = frozenset({"mrr", "paying", *_SHOWN})
DERIVED_EVENTS: Final = frozenset({"MRR New", "MRR Reactivation", "MRR Expansion", "MRR Contraction", "MRR Churn"})

_MILLION: Final = 1_000_000
LARGEST_MRR: Final = 1e10  # of one subscription; as in sums, what is larger in size counts as missing


class Derived(msgspec.Struct, frozen=True, gc=False):
    """An event that follows from a billing update, at the update's time; `delta` is its `properties.delta`."""

    name: str
    delta: float


class Subscription(msgspec.Struct, gc=False):
    """One subscription; `updated` is the newest event time of all its updates."""

    updated: int
    properties: dict[str, Dated] = msgspec.field(default_factory=dict)

    def read(self, name: str) -> Value:
        dated = self.properties.get(name)
        return dated[0] if dated else None

    @property
    def is_counted(self) -> bool:
        return self.read("status") in COUNTED_STATUSES

    @property
    def mrr_millionths(self) -> int:
        """Whole millionths, so that sums do not depend on their order."""
        mrr = self.read("mrr")
        if isinstance(mrr, bool) or not isinstance(mrr, (int, float)) or not -LARGEST_MRR <= mrr <= LARGEST_MRR:
            return 0
        return round(mrr * _MILLION)


class Ledger(msgspec.Struct, omit_defaults=True, gc=False):
    """All subscriptions of a profile by id; `has_paid` once the MRR was above 0."""

    subscriptions: dict[str, Subscription] = msgspec.field(default_factory=dict)
    has_paid: bool = False

    def fold(self, event: Event) -> tuple[Derived, ...]:
        """Take in one Subscription or Trial update; what it did to the MRR comes back, if anything."""
        before = max(0, self.mrr_millionths)
        self._update(event)
        after = max(0, self.mrr_millionths)
        if before == after:
            return ()
        moved = Derived(self._name_move(before, after), (after - before) / _MILLION)
        self.has_paid = True
        return (moved,)

    def _name_move(self, before: int, after: int) -> str:
        if before == 0:
            return "MRR Reactivation" if self.has_paid else "MRR New"
        if after == 0:
            return "MRR Churn"
        return "MRR Expansion" if after > before else "MRR Contraction"

    def _update(self, event: Event) -> None:
        named = event.properties.get("subscription_id")
        identifier = DEFAULT_SUBSCRIPTION if named is None else str(named)
        subscription = self.subscriptions.setdefault(identifier, Subscription(updated=event.ts))
        subscription.updated = max(subscription.updated, event.ts)
        for name in _KEPT:
            value = event.properties.get(name)
            if value is None and name == "status":
                value = LEDGER_EVENTS.get(event.name)
            if value is not None:
                keep_newest(subscription.properties, name, value, event.ts)

    @property
    def mrr_millionths(self) -> int:
        return sum(one.mrr_millionths for one in self.subscriptions.values() if one.is_counted)

    def read(self, name: str) -> Value:
        """A derived trait."""
        if name == "mrr":
            return self.mrr_millionths / _MILLION
        if name == "paying":
            return self.mrr_millionths > 0
        return self._leading().read(_SHOWN[name])

    def _leading(self) -> Subscription:
        """The largest counted subscription; with none counted the one with the newest update; ties: the greater id."""
        if len(self.subscriptions) == 1:
            return next(iter(self.subscriptions.values()))
        counted = {key: one for key, one in self.subscriptions.items() if one.is_counted}
        if counted:
            return counted[max(counted, key=lambda key: (counted[key].mrr_millionths, key))]
        everyone = self.subscriptions
        return everyone[max(everyone, key=lambda key: (everyone[key].updated, key))]
