"""What would happen if a folder were applied now.

Comes in: the folder's rules, what is live, and the state. Goes out: a `Plan`, with an id: `apply --plan ID` does just
that, or refuses where the folder or what is live has become another.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.calendars import calendar
from streams.core.explain.inventory import FieldRead, Inventory, LiveRule, row_bytes_of, take_inventory
from streams.lifecycle.awaiting import lacked_by, must_wait
from streams.lifecycle.checking import Checked, readable
from streams.lifecycle.differences import Difference, How, differences
from streams.lifecycle.estimate import SAMPLE, Estimate, estimate
from streams.lifecycle.moves import Move
from streams.lifecycle.reach import HowFar, Reach, with_past
from streams.lifecycle.versions import Version, ahead, files_of
from streams.settings import Settings
from streams.state.store import Store

ID_DIGITS: Final = 12


class Partly(NamedTuple):
    """A feature that a rule reads, as it will be once the past is made."""

    rule: str
    reading: FieldRead

    def is_lacking(self, now_ms: int) -> bool:
        _, since_ms, covered_ms = self.reading
        return since_ms is not None and (covered_ms is None or covered_ms > now_ms)


class Plan(NamedTuple):
    """live: what it would take the place of; None where nothing was ever applied. was: its rules, None where it has
    none or they cannot be read any more. row_bytes: of a profile's row before and after. awaits: whether it would not
    be live before its past is made; then reach: how far that can go, and after: how the rules will be doing by it, None
    where nobody asked or knows. gives_up: what awaits its past now, and would not be live any more.
    """

    live: Version | None
    was: Checked | None
    now: Checked
    differences: tuple[Difference, ...]
    estimate: Estimate
    row_bytes: tuple[int, int]
    awaits: bool = False
    reach: Reach | None = None
    after: Inventory | None = None
    gives_up: Version | None = None

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

    @property
    def partly(self) -> tuple[Partly, ...]:
        """What rules that are new or mean something else will not know of the past: topics do not reach back so far."""
        meant = {each.name for each in self.differences if each.how in (How.ADDED, How.CHANGED)}
        rules = self.after.rules if self.after is not None else ()
        found = (
            Partly(each.rule.name, reading) for each in rules for reading in each.readings if each.rule.name in meant
        )
        return tuple(each for each in found if each.is_lacking(self.estimate.now_ms))

    def beyond(self, share: float, but: Sequence[str] = ()) -> dict[str, Move]:
        """The segments that would move by more than a share. Those of rules that are new are none of them: nobody is in
        them yet. but: rules that are not looked at."""
        passed_over = [each for each in self.differences if each.how is How.ADDED or each.name in but]
        new = {segment for each in passed_over for segment in each.segments}
        moves = self.estimate.moves.items()
        return {name: move for name, move in moves if name not in new and move.is_beyond(share)}


def plan_id(live: Version | None, now: Checked) -> str:
    """By which a plan is known: of what is live, and of what would be."""
    was = f"{live.number} {live.digest}" if live else ""
    return hashlib.sha256(f"{was}\n{now.digest}".encode()).hexdigest()[:ID_DIGITS]


async def make_plan(
    store: Store, settings: Settings, now: Checked, sample: int | None = SAMPLE, ask: HowFar | None = None
) -> Plan:
    """sample: as for `estimate`. ask: how far topics reach back, where that matters."""
    version, awaited, _ = await ahead(store.group)
    was = None if version is None else readable(await files_of(store.group, version))
    found = await estimate(store.shards, settings, now.rulebook, sample)
    bytes_then, bytes_now = (row_bytes_of(each.rulebook.rules) if each else 0 for each in (was, now))
    awaits = await must_wait(store.group, was.rulebook if was else None, now.rulebook)
    reach = await ask() if awaits and ask is not None else None
    after = _after(found, was, now, reach) if was is not None and reach is not None and not reach.unknown else None
    told = differences(was, now)
    return Plan(version, was, now, told, found, (bytes_then, bytes_now), awaits, reach, after, awaited)


def _after(found: Estimate, was: Checked, now: Checked, reach: Reach) -> Inventory | None:
    if not found.heads:
        return None
    heads = with_past(found.heads, lacked_by(was.rulebook, now.rulebook), reach, found.now_ms)
    return take_inventory(now.rulebook, heads, calendar(heads[0].timezone))
