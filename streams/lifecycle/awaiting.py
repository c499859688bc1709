"""A version of the rules that awaits its past: it reads what was not kept before, and is live once that is there.

Comes in: rulebooks; word from whoever owns a shard of how far its past is made. Goes out: whether a version has to
wait, how far it is, and in the end that it is live. A past is ready while Redis has it: what a worker said of one
that is gone since counts for nothing.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from streams.core.compiler.catalog import Catalog
from streams.core.profiles.filling import lacking
from streams.core.profiles.snapshot import RowSchema
from streams.core.rules.rulebook import Rulebook
from streams.lifecycle.moves import Move, too_far
from streams.lifecycle.versions import Version, ahead, history
from streams.log import counted
from streams.state.format import PASTS, RULEBOOKS, SETTLED
from streams.state.store import GroupStore, ShardStore

FEW_S: Final = 30.0
MANY_MINUTES: Final = 120


class Made(msgspec.Struct, frozen=True):
    """How far the past of one shard is made: so many records of so many are read.

    is_ready: it stands where the shard stands, or did. since_ms: from when on it has all; None where that is from where
    the shard began. is_taken: all profiles of the shard have it; is_over: and it has heard all that was told before all
    shards had it, for which it may need the past of another. a_second: how many are read in one; 0 where nobody knows
    yet. error: what it failed at, in words, until that is over. moves: by segment, whom it would move, where that
    has a limit (`streams.core.engine.foreseen`); None before it is counted. epoch: of the claim by which it is made.
    """

    read: int
    of: int
    is_ready: bool = False
    since_ms: int | None = None
    is_taken: bool = False
    a_second: float = 0.0
    error: str = ""
    moves: dict[str, Move] | None = None
    epoch: int = 0
    is_over: bool = False

    @property
    def share(self) -> float:
        return self.read / self.of if self.of else 1.0

    @property
    def left_s(self) -> float | None:
        """About how long it takes until it stands there; None where nobody knows."""
        if self.is_ready or self.read >= self.of:
            return 0.0
        return (self.of - self.read) / self.a_second if self.a_second else None


class Progress(NamedTuple):
    """shards: how many there are. made: of those of which anything was heard."""

    shards: int
    made: Mapping[int, Made]

    @property
    def ready(self) -> int:
        return sum(each.is_ready for each in self.made.values())

    @property
    def is_done(self) -> bool:
        return self._are_all(self.ready)

    @property
    def is_counted(self) -> bool:
        """Whether all shards have said whom it would move."""
        return self._are_all(self.counted)

    @property
    def counted(self) -> int:
        """How many shards have said whom it would move."""
        return sum(each.moves is not None for each in self.made.values())

    def _are_all(self, shards: int) -> bool:
        return shards >= self.shards > 0  # of none where Redis has just lost how many there are

    @property
    def moves(self) -> dict[str, Move]:
        """By segment, whom it would move, as far as shards have said it."""
        found = defaultdict[str, list[Move]](list)
        for each in self.made.values():
            for segment, move in (each.moves or {}).items():
                found[segment].append(move)
        return {segment: Move(*map(sum, zip(*found[segment], strict=True))) for segment in sorted(found)}

    def beyond(self, share: float) -> dict[str, Move]:
        """The segments that would move by more than a share."""
        return {name: each for name, each in self.moves.items() if each.is_beyond(share)}

    @property
    def errors(self) -> dict[int, str]:
        """By shard, what making it fails at."""
        return {shard: each.error for shard, each in self.made.items() if each.error}

    @property
    def is_taken(self) -> bool:
        """Whether all shards have it."""
        return self._are_all(sum(each.is_taken for each in self.made.values()))

    @property
    def is_over(self) -> bool:
        """Whether nobody needs it any more."""
        return self._are_all(sum(each.is_over for each in self.made.values()))

    @property
    def share(self) -> float:
        """How much of it is read, as far as it is known: 0 to 1."""
        read, of = (sum(getattr(each, name) for each in self.made.values()) for name in ("read", "of"))
        heard = len(self.made) / self.shards if self.shards else 1.0
        return heard * (read / of if of else 1.0)

    @property
    def left_s(self) -> float | None:
        """About how long it takes until it is live; None where nobody knows."""
        each = [made.left_s for made in self.made.values()]
        known = [left for left in each if left is not None]
        return max(known, default=None) if len(known) == len(each) >= self.shards else None

    @property
    def since_ms(self) -> int | None:
        """From when on it has all, where that is not from the beginning, or is not known yet."""
        return max((each.since_ms for each in self.made.values() if each.since_ms is not None), default=None)

    def __str__(self) -> str:
        """How far it is, in words: `86% read, 3 of 4 shards ready, about 2 minutes more`."""
        if not self.made:
            return "no worker has begun to make it"
        said = f"{self.share:.0%} read, {self.ready} of {counted(self.shards, 'shard')} ready"
        if self.errors:
            shard, error = min(self.errors.items())
            return f"{said}; it cannot be made, and is tried again: shard {shard}, {error}"
        return said if self.is_done or self.left_s is None else f"{said}, {_about(self.left_s)} more"


def _about(left_s: float) -> str:
    """
    >>> _about(3), _about(100), _about(5_000), _about(20_000)
    ('some seconds', 'about 2 minutes', 'about 83 minutes', 'about 6 hours')
    """
    if left_s < FEW_S:
        return "some seconds"
    minutes = round(left_s / 60)
    return (
        f"about {counted(max(minutes, 1), 'minute')}"
        if minutes <= MANY_MINUTES
        else f"about {round(left_s / 3600)} hours"
    )


class Awaited(NamedTuple):
    """A version that is live once its past is made, and how far that is."""

    version: Version
    progress: Progress


async def awaited(group: GroupStore) -> Awaited | None:
    """What is to take the place of what is live, if anything is."""
    version = (await ahead(group)).awaited
    return None if version is None else Awaited(version, await progress(group, version.number))


def reads_more(was: Rulebook, now: Rulebook) -> bool:
    """Whether these rules read what those did not keep."""
    return bool(lacked_by(was, now))


def lacked_by(was: Rulebook, now: Rulebook) -> frozenset[str]:
    """The fields of a profile that these rules read and those did not keep, or not for so long."""
    return frozenset(field.name for field in lacking(RowSchema.of(Catalog(was)), Catalog(now).fields))


async def must_wait(group: GroupStore, was: Rulebook | None, now: Rulebook) -> bool:
    """Whether shards are to be told the past of these rules, which take the place of others."""
    return was is not None and reads_more(was, now) and await has_begun(group)


async def has_begun(group: GroupStore) -> bool:
    """Whether a worker ever ran, so that there is a past."""
    return await group.get(SETTLED, "partitions") is not None


async def being_taken(group: GroupStore, live: Version | None) -> int:
    """The version of which not all shards have taken the past yet, which live rules have; 0 for none."""
    if live is None:
        return 0
    found = await progress(group, live.past_version)
    return live.past_version if (found.made or live.has_past) and not found.is_over else 0


async def made_before(group: GroupStore, version: int) -> list[int]:
    """The versions before it of which a past was made, or begun."""
    numbers = [each.number for each in await history(group) if each.number < version]
    return [number for number in numbers if await group.read(PASTS.under(str(number)))]


async def tell(group: GroupStore, version: int, shard: int, made: Made) -> None:
    await group.put(PASTS.under(str(version)), shard, msgspec.json.encode(made))


async def told(group: GroupStore, version: int, made: Mapping[int, Made]) -> Progress:
    """Tell what is new of our shards, or is not there any more: Redis may have lost it. Gives how far all are."""
    found = await progress(group, version)
    for shard, ours in made.items():
        if found.made.get(shard) != ours:
            await tell(group, version, shard, ours)
    return found._replace(made={**found.made, **made})


async def progress(group: GroupStore, version: int) -> Progress:
    told = await group.read(PASTS.under(str(version)))
    shards = int(await group.get(SETTLED, "partitions") or 0)
    return Progress(shards, {shard: msgspec.json.decode(raw, type=Made) for shard, raw in told.items()})


async def is_kept(room: ShardStore, found: Progress) -> bool:
    """Whether Redis has of each shard the past that is ready, by the claim of whoever said so."""
    for shard, made in found.made.items():
        if await room.owner(shard) != made.epoch or await room.head(shard) is None:
            return False
    return True


async def settle(group: GroupStore, room: ShardStore, version: Version, found: Progress) -> str:
    """Once all shards are ready: it is live; or it is refused, where it would move more than it may. Of all who come to
    this at once one decides. room: where the pasts are kept; nothing is decided where one is not there any more. Gives
    why it is refused."""
    if not await is_kept(room, found):
        return ""
    if version.max_change is None:
        await make_live(group, version)
        return ""
    if not found.is_counted:
        return ""
    beyond = found.beyond(version.max_change)
    if not beyond:
        await make_live(group, version)
        return ""
    refused = msgspec.structs.replace(version, refused=_too_much(version, version.max_change, beyond))
    was = version.encode()
    return refused.refused if await group.replace(RULEBOOKS, version.number, was, refused.encode()) == was else ""


def _too_much(version: Version, share: float, beyond: Mapping[str, Move]) -> str:
    return (
        f"Version {version.number} is not taken over: it would move {too_far(beyond, share)}. What was live stays so."
        " If that is meant, apply it again with a greater limit (--max-change), or without one; if not, apply what you"
        " had before, or something else"
    )


async def make_live(group: GroupStore, version: Version) -> None:
    """It need not wait any more. Whoever comes second changes nothing."""
    comes = msgspec.structs.replace(version, awaits=False, past_of=version.number)
    await group.replace(RULEBOOKS, version.number, version.encode(), comes.encode())
