"""One slip of the pen: two names that differ by a letter, or by how words are joined.

Comes in: a name and a known one. Goes out: whether the one was most likely meant to be the other.
"""

import re
from typing import Final

SHORTEST: Final = 5  # of shorter names one letter makes another word: plan, plane; seat, seats
_JOINS: Final = re.compile(r"[\s._-]+")


def is_slip(name: str, known: str) -> bool:
    """
    >>> [is_slip(name, "trial_ends_at") for name in ("trialEndsAt", "trial_end_at", "trail_ends_at", "trial_ends_at")]
    [True, True, True, False]
    >>> is_slip("MRR", "mrr"), is_slip("mrrs", "mrr"), is_slip("Subscription Strated", "Subscription Started")
    (True, False, True)
    """
    if name == known:
        return False
    one, other = (_JOINS.sub("", each).casefold() for each in (name, known))
    return one == other or (len(other) >= SHORTEST and _differs_by_one(one, other))


def _differs_by_one(one: str, other: str) -> bool:
    """By a letter too many, too few or another one, or by two that changed places."""
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, remainder = one[start:], other[start:]
    swapped = rest[:2] == remainder[1::-1] and rest[2:] == remainder[2:]
    return rest[1:] == remainder[1:] or rest[1:] == remainder or rest == remainder[1:] or swapped
