"""The ledger: what a profile's billing updates say about its subscriptions, and what follows from them.

Comes in: Subscription and Trial updates. A property that an update does not name keeps its value; one that it names
as None is gone. Goes out: the derived traits (`mrr`, `paying`, `plan`, `subscription.renews_at`, ...) and the derived
events (`MRR New`, `MRR Churn`, ...).
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

import msgspec

from streams.core.events import Event, Value
from streams.core.kernel.layout import NEVER

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

# What else is told of billing means no more than any event.
BILLING_EVENTS: Final = (*LEDGER_EVENTS, "Invoice Paid", "Payment Failed", "Refund Issued")

DEFAULT_SUBSCRIPTION: Final = "default"
COUNTED_STATUSES: Final = ("active", "past_due")

# Stripe's own (https://docs.stripe.com/api/subscriptions/object#subscription_object-status).
STATUSES: Final = (
    *("active", "trialing", "past_due", "unpaid", "paused", "canceled", "incomplete", "incomplete_expired"),
)
# Derived trait -> the property of the leading subscription that it shows.
SHOWN: Final[Mapping[str, str]] = {
    "plan": "plan",
    "subscription.status": "status",
    "trial_ends_at": "trial_end",
    "subscription.renews_at": "renews_at",
    "subscription.interval": "interval",
    "subscription.seats": "seats",
    "subscription.started_at": "started_at",
    "subscription.cancel_at": "cancel_at",
    "subscription.reason": "reason",
}
# What a subscription that goes on again is no longer.
CANCELLATION: Final = ("cancel_at", "cancel_at_period_end", "reason")
# `mrr_incomplete`: whether something of it could not be priced, so that `mrr` is what is known.
# `customer`: under which alias it came, where it named no user itself.
KEPT: Final = (*SHOWN.values(), "mrr", "cancel_at_period_end", "mrr_incomplete", "customer")
# The names under which others know them -> ours.
OTHER_NAMES: Final = {"trial_ends_at": "trial_end", "current_period_end": "renews_at"}
# All that means something in a plain update; what else it holds belongs to the event alone.
PROPERTIES: Final = (
    *(*SHOWN.values(), "mrr", "cancel_at_period_end"),
    *("subscription_id", "currency", "amount", *OTHER_NAMES),
)
MAX_SUBSCRIPTIONS: Final = 200  # of a profile
MAX_BYTES: Final = 1_024  # of a property's compact JSON; what is longer is left out
DERIVED_EVENTS: Final = frozenset({"MRR New", "MRR Reactivation", "MRR Expansion", "MRR Contraction", "MRR Churn"})

_MILLION: Final = 1_000_000
LARGEST_MRR: Final = 1e10  # of one subscription; as in sums, what is larger in size counts as missing


class Derived(msgspec.Struct, frozen=True, gc=False):
    """An event that follows from a billing update, at the update's time; `delta` is its `properties.delta`."""

    name: str
    delta: float


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value, and the event time (ms) and order that set it."""

    value: Value
    ts: int
    order: int = 0


class Subscription(msgspec.Struct, omit_defaults=True, gc=False):
    """One subscription.

    updated: the newest event time (ms) of all its updates. handed_over: since when it is another user's, the time and
    order of the update that said so; None where it is the profile's own.
    """

    updated: int
    properties: dict[str, Said] = msgspec.field(default_factory=dict)
    handed_over: tuple[int, int] | None = None

    def read(self, name: str) -> Value:
        said = self.properties.get(name)
        return said.value if said else None

    def keep(self, name: str, said: Said) -> None:
        """If nothing newer was said; on equal times the greater order stands, on equal orders the later arrival."""
        known = self.properties.get(name)
        if known is None or (said.ts, said.order) >= (known.ts, known.order):
            self.properties[name] = said

    def take_back(self, at: tuple[int, int]) -> None:
        """It is the profile's own by an update of that time and order, unless it was handed over later."""
        if self.handed_over is not None and at >= self.handed_over:
            self.handed_over = None

    def hand_over(self, at: tuple[int, int]) -> None:
        """The same the other way round."""
        if at >= max(self.handed_over or at, self.newest):
            self.handed_over = at

    @property
    def newest(self) -> tuple[int, int]:
        """The time and order of its newest update."""
        return max([(self.updated, 0), *((said.ts, said.order) for said in self.properties.values())])

    @property
    def is_counted(self) -> bool:
        return self.handed_over is None and self.read("status") in COUNTED_STATUSES

    @property
    def is_incomplete(self) -> bool:
        """Whether something of it could not be priced."""
        return self.read("mrr_incomplete") is True

    @property
    def cancels(self) -> bool:
        """Whether its end is set."""
        return self.read("cancel_at_period_end") is True or self.read("cancel_at") is not None

    @property
    def mrr(self) -> float:
        return self.mrr_millionths / _MILLION

    @property
    def mrr_millionths(self) -> int:
        """Whole millionths, so that sums do not depend on their order."""
        mrr = self.read("mrr")
        if isinstance(mrr, bool) or not isinstance(mrr, (int, float)) or not -LARGEST_MRR <= mrr <= LARGEST_MRR:
            return 0
        return round(mrr * _MILLION)


class Standing(NamedTuple):
    """What derived traits follow from: the leading subscription, all that are counted, and their MRR."""

    leading: Subscription
    counted: Collection[Subscription]
    mrr_millionths: int


def _shown(prop: str) -> Callable[[Standing], Value]:
    return lambda standing: standing.leading.read(prop)


DERIVED_TRAITS: Final[Mapping[str, Callable[[Standing], Value]]] = {
    "mrr": lambda standing: standing.mrr_millionths / _MILLION,
    "paying": lambda standing: standing.mrr_millionths > 0,
    "mrr_incomplete": lambda standing: any(one.is_incomplete for one in standing.counted),
    "subscription.cancels": lambda standing: standing.leading.cancels,
    **{name: _shown(prop) for name, prop in SHOWN.items()},
}


class Ledger(msgspec.Struct, omit_defaults=True, gc=False):
    """All subscriptions of a profile by id; `has_paid` once the MRR was above 0."""

    subscriptions: dict[str, Subscription] = msgspec.field(default_factory=dict)
    has_paid: bool = False

    def fold(self, event: Event) -> tuple[Derived, ...]:
        """Take in one Subscription or Trial update, or word that a customer or a subscription is another user's, which
        has no name; what it did to the MRR comes back, if anything."""
        before = max(0, self.mrr_millionths)
        if event.name:
            self._update(event)
        elif "customer" in event.properties:
            self._lose(str(event.properties["customer"]))
        else:
            self._of(event).hand_over((event.ts, event.order))
            self.drop_beyond()
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
        subscription = self._of(event)
        subscription.updated = max(subscription.updated, event.ts)
        subscription.take_back((event.ts, event.order))
        said = {name: event.properties[name] for name in KEPT if name in event.properties}
        implied = LEDGER_EVENTS.get(event.name)
        if implied is not None:
            said.setdefault("status", implied)
        for name, value in said.items():
            if len(msgspec.json.encode(value)) <= MAX_BYTES:
                subscription.keep(name, Said(value, event.ts, event.order))
        self.drop_beyond()

    def _of(self, event: Event) -> Subscription:
        """The subscription that an event is about."""
        named = event.properties.get("subscription_id")
        identifier = DEFAULT_SUBSCRIPTION if named is None else str(named)
        return self.subscriptions.setdefault(identifier, Subscription(updated=event.ts))

    @property
    def own(self) -> dict[str, Subscription]:
        """Those that are not another user's by now."""
        return {key: one for key, one in self.subscriptions.items() if one.handed_over is None}

    def drop_beyond(self) -> None:
        """Those that are too many."""
        beyond = len(self.subscriptions) - MAX_SUBSCRIPTIONS
        for identifier in sorted(self.subscriptions, key=self._worth)[:beyond] if beyond > 0 else ():
            del self.subscriptions[identifier]

    def _lose(self, customer: str) -> None:
        """The subscriptions that came under a customer who is another user's by now."""
        theirs = [key for key, one in self.subscriptions.items() if one.read("customer") == customer]
        for identifier in theirs:
            del self.subscriptions[identifier]

    def _worth(self, identifier: str) -> tuple[bool, int, str]:
        """Of too many, those go first that do not count and were not heard of for longest."""
        one = self.subscriptions[identifier]
        return one.is_counted, one.updated, identifier

    @property
    def mrr_millionths(self) -> int:
        return self.standing.mrr_millionths

    @property
    def standing(self) -> Standing:
        counted = {key: one for key, one in self.subscriptions.items() if one.is_counted}
        worth = {key: one.mrr_millionths for key, one in counted.items()}
        return Standing(self._leading(worth), counted.values(), sum(worth.values()))

    @property
    def traits(self) -> dict[str, Value]:
        """The derived traits."""
        standing = self.standing
        return {name: derive(standing) for name, derive in DERIVED_TRAITS.items()}

    def _leading(self, worth: Mapping[str, int]) -> Subscription:
        """The largest counted subscription, by what each is worth; with none counted the one with the newest update;
        ties: the greater id."""
        if worth:
            return self.subscriptions[max(worth, key=lambda key: (worth[key], key))]
        own = self.own
        return own[max(own, key=lambda key: (own[key].updated, key))] if own else Subscription(updated=NEVER)
