"""The words of the rule language: its functions, how each is written, and which names are traits.

Comes in: nothing. Goes out: tables from which the parser reads, and from which the reference of the language is made.
Every `example` is a whole condition that parses.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.core.language.faults import nearest
from streams.core.language.spelling import is_plain_name
from streams.core.rules.nodes import FirstSeen, IdleSince, Instant


@dataclass(frozen=True, slots=True)
class Signature:
    """A function: `least` to `most` arguments come before the options; `usage` shows how it is written."""

    usage: str
    least: int
    most: int
    options: tuple[str, ...]
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A name that stands for the days since an instant."""

    instant: Instant
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Word:
    """An option of functions, or a part of scores."""

    meaning: str
    example: str


WINDOW = ("days", "hours")
MOVABLE = ("days", "hours", "before_days")

FUNCTIONS: Mapping[str, Signature] = {
    "count": Signature(
        'count("Event Name", days=30)', 1, 1, MOVABLE,
        "how many such events there are in the window, or ever where no window is given",
        'count("Signed In", days=7) >= 3',
    ),
    "sum": Signature(
        'sum("Event Name", "property", days=30)', 2, 2, MOVABLE,
        "the sum of a property's numbers; 0 where there is none",
        'sum("Invoice Paid", "amount", days=90) > 500',
    ),
    "avg": Signature(
        'avg("Event Name", "property", days=30)', 2, 2, MOVABLE,
        "the average of a property's numbers; missing where there is none",
        'avg("Order Placed", "amount", days=30) >= 50',
    ),
    "min": Signature(
        'min("Event Name", "property", days=30)', 2, 2, MOVABLE,
        "the least of a property's numbers; missing where there is none",
        'min("Survey Answered", "rating", days=90) <= 2',
    ),
    "max": Signature(
        'max("Event Name", "property", days=30)', 2, 2, MOVABLE,
        "the greatest of a property's numbers; missing where there is none",
        'max("Order Placed", "amount", days=30) >= 1000',
    ),
    "distinct": Signature(
        'distinct("Event Name", "property", days=30)', 2, 2, WINDOW,
        "how many different values a property has",
        'distinct("Report Created", "template", days=30) >= 3',
    ),
    "active_days": Signature(
        "active_days(days=30)", 0, 1, ("days", "before_days"),
        "on how many different days of the window there was activity, or such an event",
        "active_days(days=30) >= 8",
    ),
    "trend": Signature(
        'trend("Event Name", days=7)', 1, 1, WINDOW,
        "the count in the window divided by the count in the one before it; missing where that is 0",
        'trend("Signed In", days=7) < 0.5',
    ),
    "days_since": Signature(
        'days_since("Event Name")', 1, 1, (),
        "the exact time since the newest such event, or since the time that a trait or latest(..) holds, in days",
        'days_since("Invoice Paid") > 35',
    ),
    "hours_since": Signature(
        'hours_since("Event Name")', 1, 1, (),
        "the same in hours",
        'hours_since("Payment Failed") < 12',
    ),
    "days_until": Signature(
        "days_until(trial_ends_at)", 1, 1, (),
        "the exact time until the time that a trait or latest(..) holds, in days; below 0 once it is past",
        "0 < days_until(trial_ends_at) <= 3",
    ),
    "latest": Signature(
        'latest("Event Name", "property")', 2, 2, (),
        "the property of the newest such event that had it",
        'latest("Plan Chosen", "plan") == "team"',
    ),
    "trait": Signature(
        'trait("odd name")', 1, 1, (),
        "a trait whose name is no plain word; others are written as they are: plan, company.size",
        'trait("favourite colour") == "blue"',
    ),
    "has": Signature(
        'has(tags, "vip")', 2, 2, (),
        "whether a trait, latest(..) or a property is a list that holds the value, or is the value itself",
        'has(tags, "vip")',
    ),
    "contains": Signature(
        'contains(plan, "pro")', 2, 2, (),
        "whether a trait, latest(..) or a property is a text that contains this one; capitals matter",
        'contains(company.name, "Bank")',
    ),
    "starts_with": Signature(
        'starts_with(plan, "pro")', 2, 2, (),
        "whether it is a text that begins with this one",
        'starts_with(latest("Plan Chosen", "plan"), "team")',
    ),
    "ends_with": Signature(
        'ends_with(email, "@example.com")', 2, 2, (),
        "whether it is a text that ends with this one",
        'ends_with(lower(email), "@example.com")',
    ),
    "lower": Signature(
        "lower(plan)", 1, 1, (),
        "the text of a trait, latest(..) or a property in small letters, for comparisons in any case; else missing",
        'lower(plan) == "pro" or contains(lower(company.name), "bank")',
    ),
    "missing": Signature(
        "missing(plan)", 1, 1, (),
        "whether a value is not there",
        "missing(company.size)",
    ),
    "in_segment": Signature(
        'in_segment("churn-risk")', 1, 1, (),
        "whether the profile is in another segment at the same instant",
        'in_segment("churn-risk") and mrr >= 100',
    ),
    "event": Signature(
        'event("Event Name", where=properties.format == "pdf")', 1, 1, ("where",),
        "the events of which a condition on their own properties holds; stands wherever an event does",
        'count(event("Report Exported", where=properties.format == "pdf"), days=30) > 5',
    ),
    "property": Signature(
        'property("odd name")', 1, 1, (),
        "inside `where`, a property whose name is no plain word; others are written properties.format",
        'count(event("Order Placed", where=property("Coupon Code") == "SPRING"), days=30) > 0',
    ),
}  # fmt: skip
OF_TEXTS = frozenset(["contains", "starts_with", "ends_with"])
CONDITIONS = frozenset(["missing", "has", *OF_TEXTS, "in_segment"])
OF_EVENTS = frozenset(["missing", "has", *OF_TEXTS, "lower", "property"])  # what can be asked inside `where`

OPTIONS: Mapping[str, Word] = {
    "days": Word(
        "the window: today so far and the days before it, that many in all", 'count("Signed In", days=7) > 3'
    ),
    "hours": Word("the same in hours", 'count("Signed In", hours=24) > 3'),
    "before_days": Word(
        "moves the window that many days back", 'count("Signed In", days=7, before_days=7) > 3'
    ),
    "where": Word(
        "a condition on the event's own properties", 'count(event("Order Placed", where=properties.total > 99)) > 0'
    ),
}  # fmt: skip

CLOCKS: Mapping[str, Clock] = {
    "idle_days": Clock(
        IdleSince(), "days since the newest activity, or since the first event where there was none", "idle_days >= 7"
    ),
    "tenure_days": Clock(FirstSeen(), "days since the first event of any kind", "tenure_days < 14"),
}

SCORES: Mapping[str, Word] = {
    "r": Word("1 to 5 by recency, the freshest 5", "rfm.r >= 4"),
    "f": Word("1 to 5 by frequency", "rfm.f >= 4"),
    "m": Word("1 to 5 by monetary value", "rfm.m == 5"),
    "score": Word("the three digits as a text", 'rfm.score in ["555", "554"]'),
    "name": Word("the named segment of the R x F grid", 'rfm.name == "champions"'),
}

# What people call our functions elsewhere.
SYNONYMS: Mapping[str, str] = {
    "average": "avg", "mean": "avg", "minimum": "min", "maximum": "max", "total": "sum", "unique": "distinct",
    "last": "latest", "newest": "latest", "growth": "trend", "includes": "has",
    "like": "contains", "matches": "contains", "startswith": "starts_with", "begins_with": "starts_with",
    "endswith": "ends_with", "lowercase": "lower",
    "exists": "missing", "is_missing": "missing", "isnull": "missing", "is_null": "missing", "is_empty": "missing",
}  # fmt: skip


def usage(function: str) -> str:
    return f"write it like {FUNCTIONS[function].usage}"


def mistaken(name: str) -> str:
    """Why a bare name cannot be meant as a trait (its comparison would never hold), or an empty string."""
    head = name.partition(".")[0]
    if name == "any":
        return "`any` is all activity and no value; write count(any, days=7)"
    if name in FUNCTIONS:
        return f"`{name}` is a function; {usage(name)}"
    if head == "properties":
        return f"`{name}` is of an event and not of the profile; it stands inside event(.., where=..)"
    if head == "rfm":
        return "there are no scores `rfm`; a file rfm.yaml would define them"
    clock = nearest(name, CLOCKS, likeness=0.85)
    return f"there is no `{name}`; did you mean `{clock}`?" if clock else ""


def is_bare_trait(name: str) -> bool:
    """Whether the trait is written without `trait(..)`, whatever the rules are called: `lead.name` may be a score."""
    head, _, part = name.partition(".")
    return is_plain_name(name) and not mistaken(name) and not (part in SCORES and is_scores_name(head))


def is_scores_name(name: str) -> bool:
    """Whether scores of this name can be read, as in `rfm.r`."""
    taken = name in CLOCKS or mistaken(name)
    return name == "rfm" or (is_plain_name(name) and "." not in name and not taken)
