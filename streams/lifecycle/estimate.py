"""Who would enter and leave if other rules were live now, as far as the state tells.

Comes in: the stored profiles of a group, all or some of them, and a rulebook. Goes out: an `Estimate`. It is made by
the engine as a worker takes rules over (`Shard.migrate`), on a copy, so that what it says of a profile is what will
happen to it, if nothing happens to it before.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from streams.calendars import calendar
from streams.core.changes import Change
from streams.core.explain.inventory import Inventory, take_inventory
from streams.core.kernel.layout import NEVER
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Rulebook
from streams.lifecycle.moves import Move
from streams.lifecycle.sampling import samples
from streams.settings import Settings
from streams.state.store import ShardStore

SAMPLE: Final = 50_000  # profiles, over all shards: some hundred megabytes and some seconds
EXAMPLES: Final = 5  # changes shown of each segment and direction
NOBODY: Final[Mapping[str, int]] = MappingProxyType({})


class Estimate(NamedTuple):
    """moves: of each segment that anybody enters or leaves; its members are exact, the others scaled up from those
    looked at. examples: of the same segments, the first changes of either kind. in_shadow: of each segment of a rule in
    shadow, how many would be in it, of whom nobody is told. heads: of the shards, as they would be.

    looked_at, profiles: of how many, of how many there are. inventory: how the rules will be doing, None where there is
    no state yet; now_ms: how far time has come, or what has happened where it has not come yet.
    """

    moves: Mapping[str, Move]
    examples: Mapping[str, Sequence[Change]]
    looked_at: int
    profiles: int
    inventory: Inventory | None = None
    now_ms: int = 0
    in_shadow: Mapping[str, int] = NOBODY
    heads: Sequence[Head] = ()

    @property
    def is_exact(self) -> bool:
        return self.looked_at >= self.profiles


async def estimate(store: ShardStore, settings: Settings, rulebook: Rulebook, sample: int | None = SAMPLE) -> Estimate:
    """sample: look at so many profiles where there are more; None at all of them."""
    shards = await store.all()
    profiles, sizes = sum(shard.profiles for shard in shards.values()), await store.sizes()
    counts = _Counts()
    heads: list[Head] = []
    now_ms = NEVER
    async for shard in samples(store, settings, rulebook, sample):
        while shard.is_stale:
            counts.add(shard.migrate())
        counts.looked_at += len(shard.table)
        counts.add_members(shard.members())
        heads.append(Head.decode(shard.head()))
        now_ms = max(now_ms, shard.time_ms, shard.reached_ms)
    inventory = take_inventory(rulebook, heads, calendar(heads[0].timezone)) if heads else None
    dark = [segment for rule in rulebook.groupings if rule.is_shadow for segment in rule.segments]
    return Estimate(
        counts.moves(sizes, profiles),
        counts.examples(),
        min(counts.looked_at, profiles),
        profiles,
        inventory,
        now_ms if inventory else 0,
        counts.members_of(dark, profiles),
        heads,
    )


class _Counts:
    """Who enters and who leaves, by segment."""

    def __init__(self) -> None:
        self.looked_at = 0
        self._entering: defaultdict[str, int] = defaultdict(int)
        self._leaving: defaultdict[str, int] = defaultdict(int)
        self._examples: defaultdict[tuple[str, bool], list[Change]] = defaultdict(list)
        self._members: Counter[str] = Counter()

    def add(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.is_shadow:
                continue
            if change.previous is not None:
                self._note(change.previous, False, change)
            self._note(change.segment, change.entered, change)

    def _note(self, segment: str, enters: bool, change: Change) -> None:
        (self._entering if enters else self._leaving)[segment] += 1
        examples = self._examples[segment, enters]
        if len(examples) < EXAMPLES:
            examples.append(change)

    def add_members(self, members: Mapping[str, int]) -> None:
        """Of one shard, after all of its changes."""
        self._members.update(members)

    def members_of(self, segments: Sequence[str], profiles: int) -> Mapping[str, int]:
        return {segment: round(self._members[segment] * self._scale(profiles)) for segment in segments}

    def _scale(self, profiles: int) -> float:
        return max(1.0, profiles / self.looked_at) if self.looked_at else 1.0

    def moves(self, sizes: Mapping[str, int], profiles: int) -> Mapping[str, Move]:
        scale = self._scale(profiles)
        return {
            segment: Move(
                sizes.get(segment, 0),
                round(self._entering[segment] * scale),
                round(self._leaving[segment] * scale),
            )
            for segment in self._moved
        }

    def examples(self) -> Mapping[str, Sequence[Change]]:
        return {each: (*self._examples[each, True], *self._examples[each, False]) for each in self._moved}

    @property
    def _moved(self) -> list[str]:
        return sorted(self._entering.keys() | self._leaving.keys())
