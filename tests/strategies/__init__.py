"""Rule books and histories made up by hypothesis.

    names.py        the few names that rules ask for and histories tell of
    written.py      pieces of expressions: their text, and the tree that the text means
    events.py       which events an expression is about
    values.py       values of expressions
    conditions.py   conditions made of them
    rules.py        rules, and rule books
    histories.py    events in order of arrival, and instants to which time is told to have come

Small on purpose: few users, names and days, so that boundaries, ties and duplicates meet.
"""

from tests.strategies.conditions import Known, conditions
from tests.strategies.histories import END_MS, START_MS, arrivals, crowds, few_moments, histories
from tests.strategies.names import DERIVED_NAMES, TEXTS, TIMEZONES, TRAITS
from tests.strategies.rules import known, partly_in_shadow, rulebooks, rules, scores_rules
from tests.strategies.written import Written

__all__ = [
    "DERIVED_NAMES",
    "END_MS",
    "START_MS",
    "TEXTS",
    "TIMEZONES",
    "TRAITS",
    "Known",
    "Written",
    "arrivals",
    "conditions",
    "crowds",
    "few_moments",
    "histories",
    "known",
    "partly_in_shadow",
    "rulebooks",
    "rules",
    "scores_rules",
]
