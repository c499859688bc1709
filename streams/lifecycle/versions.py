"""The versions of a group's rulebook in Redis. The greatest is live; none is ever taken out. One that awaits its past
(`streams.lifecycle.awaiting`) is live once that is there, if it is still the greatest then.

Comes in: files, with who applies them and why. Goes out: the live version, the history, the files of any.

Files are kept by their digest, and so once however often they are applied. A version is put where there is none of its
number yet, nor of a greater one: of two who apply at once the slower one is told.
"""

import hashlib
from typing import Final, NamedTuple, Self

import msgspec

from streams.errors import StateError, UsageError
from streams.rulefiles.folder import Files
from streams.state.format import RULE_FILES, RULEBOOKS
from streams.state.store import GroupStore

DIGEST_DIGITS: Final = 12  # of what people read
FIRST_NOTE: Final = "the folder with which the first worker began"


class Version(msgspec.Struct, frozen=True, omit_defaults=True):
    """number: from 1. at_ms: when it was applied. digest: SHA-256 of its files. awaits: whether it is not live yet, as
    its past is still to be made. max_change: the share of any segment's members that it may move then; None for no
    limit. refused: why it is never live, with what to do, where it would move more. past_of: under which version the
    past is kept with which its rules are live: its own, or one of which not all shards had taken the past when this
    took its place; 0 where they come without any."""

    number: int
    at_ms: int
    author: str
    note: str
    digest: str
    awaits: bool = False
    max_change: float | None = None
    refused: str = ""
    past_of: int = 0

    @property
    def past_version(self) -> int:
        """Under which the past of its rules is kept while it is made and taken over."""
        return self.past_of or self.number

    @property
    def has_past(self) -> bool:
        """Whether shards that lack what its rules read take it from a past, and do not begin it empty."""
        return self.awaits or self.past_of > 0

    @property
    def applied(self) -> tuple[int, str, str, str]:
        """When, by whom, why and what. Who awaited a past and is live is the same still. Of two by one number, as
        Redis was emptied in between, the one that was applied before the other keeps it."""
        return self.at_ms, self.author, self.note, self.digest

    def encode(self) -> bytes:
        """As it is kept, under its number."""
        kept = msgspec.to_builtins(self)
        return msgspec.json.encode({name: value for name, value in kept.items() if name != "number"})

    @classmethod
    def decode(cls, number: int, raw: bytes) -> Self:
        return msgspec.convert({"number": number, **msgspec.json.decode(raw)}, cls)

    def __str__(self) -> str:
        return f"version {self.number}"


def digest_of(files: Files) -> str:
    """Of the texts and their paths; in what order they were read is all the same."""
    return hashlib.sha256(_encoded(files)).hexdigest()


class Ahead(NamedTuple):
    """live: None where nothing was ever applied. awaited: what is to take its place once its past is there. refused:
    what was applied last, where it would have moved too much."""

    live: Version | None
    awaited: Version | None = None
    refused: Version | None = None


async def live(group: GroupStore) -> Version | None:
    """None where nothing was ever applied."""
    return (await ahead(group)).live


async def ahead(group: GroupStore, known: Version | None = None) -> Ahead:
    """known: what was live when last looked; then it is two small reads, where there is no other."""
    if known is not None:
        follows, same = await group.get(RULEBOOKS, known.number + 1), await group.get(RULEBOOKS, known.number)
        if follows is None and same is not None and Version.decode(known.number, same) == known:
            return Ahead(known)
    found = await history(group)
    newest = found[0] if found and found[0].awaits else None
    is_live = next((version for version in found if not version.awaits), None)
    return Ahead(is_live, None, newest) if newest is not None and newest.refused else Ahead(is_live, newest)


async def history(group: GroupStore) -> list[Version]:
    """Every version, the newest first."""
    kept = await group.read(RULEBOOKS)
    return [Version.decode(number, kept[number]) for number in sorted(kept, reverse=True)]


async def newest(group: GroupStore, known: Version) -> Version | None:
    """The live version, where `known` was live when last looked. None where Redis has lost all of them."""
    return (await ahead(group, known)).live


async def find(group: GroupStore, number: int) -> Version:
    """UsageError: there is none of this number."""
    raw = await group.get(RULEBOOKS, number)
    if raw is None:
        raise UsageError(f"There is no version {number} of the rules. segmenter rules history lists those there are.")
    return Version.decode(number, raw)


async def files_of(group: GroupStore, version: Version) -> Files:
    raw = await group.get(RULE_FILES, version.digest)
    if raw is None:
        raise StateError(f"Redis has lost the files of {version} of the rules: apply the folder again.")
    return msgspec.json.decode(raw, type=dict[str, str])


async def add(group: GroupStore, files: Files, version: Version) -> Version:
    """Put it, and then its files are live. Gives it; where somebody was quicker, the greatest that stands there."""
    there = await put(group, version, most=version.number, files=files)
    if there in (b"", version.encode()):
        return version
    found = await history(group)
    return found[0] if found else Version.decode(version.number, there)  # it was emptied since


async def put(
    group: GroupStore,
    version: Version,
    *,
    was: Version | None = None,
    most: int | None = None,
    files: Files | None = None,
) -> bytes:
    """Put it in the place of `was`, as `GroupStore.replace` has it. files: None where they are there already."""
    kept = _encoded(files) if files is not None else None
    if kept is not None:
        await group.put(RULE_FILES, version.digest, kept)
    then = was.encode() if was is not None else b""
    found = await group.replace(RULEBOOKS, version.number, then, version.encode(), most=most)
    if kept is not None:  # Redis may have been emptied in between
        await group.put(RULE_FILES, version.digest, kept)
    return found


def _encoded(files: Files) -> bytes:
    return msgspec.json.encode(dict(files), order="sorted")
