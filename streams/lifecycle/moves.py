"""How far rules would move a segment, by whoever counts it: on what is stored now, or once their past is there.

Comes in: numbers of users. Goes out: whether that is farther than somebody allows, and that in words.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.log import counted

NAMED: Final = 5  # segments in a sentence


class Move(NamedTuple):
    """Of one segment: how many are in it, would enter it, and would leave it."""

    members: int
    entering: int
    leaving: int

    @property
    def after(self) -> int:
        return max(0, self.members + self.entering - self.leaving)

    def is_beyond(self, share: float) -> bool:
        """Whether more than this share of its members would enter or leave.

        >>> Move(20, 1, 0).is_beyond(0.05), Move(20, 1, 1).is_beyond(0.05), Move(0, 1, 0).is_beyond(0.05)
        (False, True, True)
        """
        return self.entering + self.leaving > share * self.members


def too_far(beyond: Mapping[str, Move], share: float) -> str:
    """What rules would move: more than this share of these segments.

    >>> too_far({"quiet": Move(6, 2, 0)}, 0.2)
    'more than 20 % of quiet (6 members, +2 -0)'
    """
    told = [
        f"{name} ({counted(each.members, 'member')}, +{each.entering} -{each.leaving})" for name, each in beyond.items()
    ]
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return f"more than {100 * share:g} % of {', '.join(told[:NAMED])}{more}"
