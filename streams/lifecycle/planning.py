"""What would happen if a folder were applied now.

Comes in: the folder's rules, what is live, and the state. Goes out: a `Plan`, with an id: `apply --plan ID` does just
that, or refuses where the folder or what is live has become another.
"""

import hashlib
from typing import Final, NamedTuple

from streams.core.explain.inventory import LiveRule, row_bytes_of
from streams.lifecycle.awaiting import must_wait
from streams.lifecycle.checking import Checked, readable
from streams.lifecycle.differences import Difference, How, differences
from streams.lifecycle.estimate import SAMPLE, Estimate, estimate
from streams.lifecycle.versions import Version, files_of, live
from streams.settings import Settings
from streams.state.store import Store

ID_DIGITS: Final = 12


class Plan(NamedTuple):
    """live: what it would take the place of; None where nothing was ever applied. was: its rules, None where it has
    none or they cannot be read any more. row_bytes: of a profile's row before and after. awaits: whether it would not
    be live before its past is made.
    """

    live: Version | None
    was: Checked | None
    now: Checked
    differences: tuple[Difference, ...]
    estimate: Estimate
    row_bytes: tuple[int, int]
    awaits: bool = False

    @property
    def plan_id(self) -> str:
        return plan_id(self.live, self.now)

    @property
    def is_empty(self) -> bool:
        """Whether just these files are live."""
        return self.live is not None and self.live.digest == self.now.digest

    @property
    def warming(self) -> tuple[LiveRule, ...]:
        """The rules that will not have counted all that they ask for."""
        inventory = self.estimate.inventory
        rules = inventory.rules if inventory is not None else ()
        return tuple(rule for rule in rules if rule.warming_until(self.estimate.now_ms) is not None)

    @property
    def unknown(self) -> list[str]:
        """The rules that mean something else and read what was not kept: of whose segments the state does not tell who
        will enter and leave."""
        changed = {each.name for each in self.differences if each.how is How.CHANGED}
        return [rule.rule.name for rule in self.warming if rule.rule.name in changed]

    def beyond(self, share: float) -> list[str]:
        """The segments of which more than a share (0.05: of twenty members one) would enter or leave. Those of rules
        that are new are none of them: nobody is in them yet."""
        new = {segment for each in self.differences if each.how is How.ADDED for segment in each.segments}
        moves = self.estimate.moves.items()
        return [name for name, move in moves if name not in new and move.entering + move.leaving > share * move.before]


def plan_id(live: Version | None, now: Checked) -> str:
    """By which a plan is known: of what is live, and of what would be."""
    was = f"{live.number} {live.digest}" if live else ""
    return hashlib.sha256(f"{was}\n{now.digest}".encode()).hexdigest()[:ID_DIGITS]


async def make_plan(store: Store, settings: Settings, now: Checked, sample: int | None = SAMPLE) -> Plan:
    """sample: as for `estimate`."""
    version = await live(store.group)
    was = None if version is None else readable(await files_of(store.group, version))
    found = await estimate(store.shards, settings, now.rulebook, sample)
    bytes_then, bytes_now = (row_bytes_of(each.rulebook.rules) if each else 0 for each in (was, now))
    awaits = await must_wait(store.group, was.rulebook if was else None, now.rulebook)
    return Plan(version, was, now, differences(was, now), found, (bytes_then, bytes_now), awaits)
