"""The tables of `docs/sources.md` that say what means something in a billing update, made from the code.

Goes out: Markdown, which `python -m tests.pages` puts in place.
"""

from collections.abc import Iterable, Sequence

from streams.core.profiles.ledger import (
    BILLING_EVENTS,
    COUNTED_STATUSES,
    DERIVED_EVENTS,
    DERIVED_TRAITS,
    LEDGER_EVENTS,
    OTHER_NAMES,
    SHOWN,
    STATUSES,
)
from streams.schemas.billing_update import LEDGER, PROPERTIES


def billing_tables() -> str:
    told = {name: said["description"].rstrip(".") for name, said in (LEDGER | PROPERTIES).items()}
    shown = {prop: trait for trait, prop in SHOWN.items()}
    events = [
        (
            f"`{event}`",
            "changes the subscription" if event in LEDGER_EVENTS else "an event and no more",
            _code(LEDGER_EVENTS.get(event)),
        )
        for event in BILLING_EVENTS
    ]
    statuses = [(f"`{status}`", "yes" if status in COUNTED_STATUSES else "") for status in STATUSES]
    properties = [(f"`{name}`", said, _code(shown.get(OTHER_NAMES.get(name, name)))) for name, said in told.items()]
    derived = {
        "mrr": "the sum of `mrr` over the subscriptions that count",
        "paying": "whether that is above 0",
        "mrr_incomplete": "whether something of it is not known, as Stripe does not tell it",
        "subscription.cancels": "whether the one in force is to end: by `cancel_at_period_end` or `cancel_at`",
    }
    derived |= {trait: f"`{prop}` of the subscription in force" for trait, prop in SHOWN.items()}
    traits = [(f"`{trait}`", is_) for trait, is_ in derived.items()]
    moves = [
        ("`MRR New`", "from 0 to more, for the first time"),
        ("`MRR Reactivation`", "from 0 to more, again"),
        ("`MRR Expansion`", "up"),
        ("`MRR Contraction`", "down"),
        ("`MRR Churn`", "to 0"),
    ]
    assert derived.keys() == DERIVED_TRAITS.keys()
    assert {name.strip("`") for name, _ in moves} == DERIVED_EVENTS
    return "\n".join(
        (
            _table(("event", "is", "status, where the update says none"), events),
            _table(("property", "is", "trait"), properties),
            _table(("status", "counts for MRR"), statuses),
            _table(("trait", "is"), traits),
            _table(("event that follows", "where `mrr` of all goes"), moves),
        )
    )


def _code(text: str | None) -> str:
    return "" if text is None else f"`{text}`"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
