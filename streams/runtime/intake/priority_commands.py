"""The commands of one shard that go before all events: erasures, and word of merges that were done.

Comes in: what fetches of `profile-commands` bring. Goes out: the same, in the order of the commands.

They are not merged by time with the events, but go first: whatever is still to be read of a user, by its time before
the command, must find that she was erased. Above all where a lost state is made anew from the topics. Of several
commands about one user Kafka may then have the last alone; it refuses what the others did. Merges that were done go
first for the same reason: what stood after them was passed on (`streams.core.identities.merges`).
"""

from collections import deque

from streams.core.engine.erasure import Erasure
from streams.core.kernel.layout import FAR
from streams.core.merges import Noted


class PriorityCommands:
    """`position`: the offset of the first record that is not done."""

    def __init__(self, position: int):
        self._next, self._until = position, FAR
        self._waiting: deque[tuple[int, Erasure | Noted]] = deque()
        self._ahead: deque[tuple[int, Noted]] = deque()
        self._caught_up = False

    def hold_from(self, offset: int) -> None:
        """Leave erasures from there on until this is called with a later one."""
        self._until = offset

    def add(self, offset: int, command: Erasure | Noted) -> None:
        if offset >= self._until and isinstance(command, Noted):
            self._ahead.append((offset, command))
        else:
            self._waiting.append((offset, command))

    def pass_to(self, next_offset: int, caught_up: bool) -> None:
        """Every record below `next_offset` has now been seen, usable or not."""
        self._next, self._caught_up = next_offset, caught_up

    def take(self, limit: int) -> list[Erasure | Noted]:
        found: list[Erasure | Noted] = [self._ahead.popleft()[1] for _ in range(min(limit, len(self._ahead)))]
        while self._is_one_due and len(found) < limit:
            found.append(self._waiting.popleft()[1])
        return found

    @property
    def position(self) -> int:
        return min((each[0][0] for each in (self._waiting, self._ahead) if each), default=self._next)

    @property
    def are_done(self) -> bool:
        """Whether there is no command that is due, fetched or not."""
        return self._caught_up and not self._ahead and not self._is_one_due

    @property
    def _is_one_due(self) -> bool:
        return bool(self._waiting) and self._waiting[0][0] < self._until

    def __len__(self) -> int:
        return len(self._waiting) + len(self._ahead)
