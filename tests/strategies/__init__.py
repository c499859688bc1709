"""Rule books and histories made up by hypothesis.

    names.py        the few names that rules ask for and histories tell of
    values.py       values of expressions, as text and as the tree that the text means
    rules.py        conditions and rule books made of them
    histories.py    events in order of arrival, and instants to which time is told to have come

Small on purpose: few users, names and days, so that boundaries, ties and duplicates meet.
"""

from tests.strategies.histories import END_MS, START_MS, arrivals, few_moments, histories
from tests.strategies.names import DERIVED_NAMES, OFFSETS_MS, TEXTS, TRAITS
from tests.strategies.rules import conditions, rulebooks, segments
from tests.strategies.values import Written

__all__ = [
    "DERIVED_NAMES",
    "END_MS",
    "OFFSETS_MS",
    "START_MS",
    "TEXTS",
    "TRAITS",
    "Written",
    "arrivals",
    "conditions",
    "few_moments",
    "histories",
    "rulebooks",
    "segments",
]
