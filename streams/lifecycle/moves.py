"""How far rules would move a segment, by whoever counts it: on what is stored now, or once their past is there.

Comes in: numbers of users. Goes out: whether that is farther than somebody allows.
"""

from typing import NamedTuple


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
