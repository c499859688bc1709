"""How many would enter and leave each segment, if rules that await their past took over now.

Comes in: a shard that goes on meanwhile, and the past of those rules. Goes out: numbers, once all profiles have been
looked at, a few at a time, each by what will evaluate it in the end (`Shard.under`).

Rules that are new have no numbers: nobody is in their segments.
"""

from collections import Counter

from streams.core.engine.past import Past
from streams.core.engine.shard import Shard
from streams.core.rules.rulebook import Rulebook


class Foreseen:
    """shard: as it is while each profile is looked at. past: of the rulebook."""

    def __init__(self, shard: Shard, rulebook: Rulebook, past: Past):
        self.shard = shard
        self._known = {rule.name for rule in shard.catalog.rulebook.groupings}
        self._members = shard.members()
        self._would_be = shard.under(rulebook, past)
        self._enter, self._leave = Counter[str](), Counter[str]()

    @property
    def is_done(self) -> bool:
        return not self._would_be.is_stale

    def look_at(self, limit: int) -> None:
        """At most so many profiles more."""
        for change in self._would_be.migrate(limit):
            if change.rule in self._known and not change.is_shadow:
                self._leave.update([] if change.previous is None else [change.previous])
                (self._enter if change.entered else self._leave).update([change.segment])

    @property
    def moves(self) -> dict[str, tuple[int, int, int]]:
        """By segment, of those that anybody would enter or leave: how many are in it, would enter, and would leave."""
        moved = sorted(self._enter.keys() | self._leave.keys())
        return {each: (self._members.get(each, 0), self._enter[each], self._leave[each]) for each in moved}
