"""The traits that follow from billing updates: of which kind each is, and what is almost called so.

Comes in: conditions, and names of traits. Goes out: what can hardly be meant, and what to write instead. It is no
fault: identify may set a trait of any name to anything.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, Literal

from streams.core.language.faults import nearest
from streams.core.language.slips import is_slip
from streams.core.profiles.ledger import DERIVED_TRAITS, STATUSES
from streams.core.rules.nodes import Compare, Constant, Leaf, Read, Score, Trait, Truth, Value, Within
from streams.core.rules.rfm import NAMES

Kind = Literal["number", "text", "boolean", "time"]
_CALLED: Final[Mapping[Kind, str]] = {
    "number": "a number",
    "text": "a text",
    "boolean": "true or false",
    "time": "a time",
}
_OTHERS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("plan", "subscription.status", "subscription.interval", "subscription.reason"), "text"),
    **dict.fromkeys(("trial_ends_at", "subscription.renews_at", "subscription.started_at"), "time"),
    "mrr": "number",
    "subscription.seats": "number",
    "subscription.cancel_at": "time",
}
KINDS: Final[Mapping[str, Kind]] = {name: _OTHERS.get(name, "boolean") for name in sorted(DERIVED_TRAITS)}
# What the properties of an update are called, of which the trait has another name.
_PROPERTIES: Final = {
    "trial_end": "trial_ends_at",
    "renews_at": "subscription.renews_at",
    "current_period_end": "subscription.renews_at",
    "cancel_at": "subscription.cancel_at",
    "cancel_at_period_end": "subscription.cancels",
}


def slip(name: str) -> tuple[str, str] | None:
    """What to say of a trait that is called almost as one of these."""
    meant = _PROPERTIES.get(name) or next((known for known in KINDS if is_slip(name, known)), None)
    if meant is None:
        return None
    return f"`{name}` is no trait that billing sets", f'did you mean `{meant}`? For your own write trait("{name}")'


def known_words(value: Value) -> Collection[str]:
    """The texts that a value can only have."""
    match value:
        case Read(Trait("subscription.status")):
            return STATUSES
        case Score(part="name"):
            return NAMES
    return ()


def unlike(leaf: Leaf) -> Iterator[tuple[str, str]]:
    """Why it would never hold of what billing sets, and what to write."""
    match leaf:
        case Truth(Read(Trait(name))) if name in KINDS and KINDS[name] != "boolean":
            yield f"`{name}` is {_CALLED[KINDS[name]]}, which alone is no condition", _instead(name)
        case Compare(operator, Read(Trait(name)), Constant(constant)):
            yield from _compared(name, constant, orders=operator not in ("==", "!="))
        case Compare(operator, Constant(constant), Read(Trait(name))):
            yield from _compared(name, constant, orders=operator not in ("==", "!="))
        case Within(Read(Trait(name)), options):
            for option in options:
                yield from _compared(name, option, orders=False)


def _compared(name: str, constant: float | str | bool, orders: bool) -> Iterator[tuple[str, str]]:
    kind = KINDS.get(name)
    if kind is None:
        return
    if not _fits(kind, constant) or (kind == "boolean" and orders):
        yield f"`{name}` is {_CALLED[kind]}: this would never hold", _instead(name, constant)
    elif name == "subscription.status" and constant not in STATUSES:
        meant = nearest(str(constant), STATUSES)
        hint = f'did you mean "{meant}"?' if meant else f"there are {', '.join(STATUSES)}"
        yield f'no subscription has the status "{constant}"', hint


def _fits(kind: Kind, constant: object) -> bool:
    match kind:
        case "boolean":
            return isinstance(constant, bool)
        case "number":
            return isinstance(constant, float)
    return isinstance(constant, str)


def _instead(name: str, constant: object = None) -> str:
    match KINDS[name]:
        case "boolean":
            return f"write `{name}` or `not {name}`"
        case "number":
            return f"write `{name} > 0`" if constant is None else f"a number has no quotes: `{name} >= 10`"
        case "time":
            return f"ask how far it is: `0 <= days_until({name}) <= 3`"
    return f'a text has quotes: `{name} == "pro"`' if name == "plan" else f'a text has quotes: `{name} == ".."`'
