"""The versions of a group's rulebook in Redis. The greatest is live; none is ever changed or taken out.

Comes in: files, with who applies them and why. Goes out: the live version, the history, the files of any.

Files are kept by their digest, and so once however often they are applied. A version is put where there is none of its
number yet: of two who apply at once the slower one is told.
"""

import hashlib
from typing import Final

import msgspec

from streams.errors import StateError, UsageError
from streams.rulefiles.folder import Files
from streams.state.format import RULE_FILES, RULEBOOKS
from streams.state.store import GroupStore

DIGEST_DIGITS: Final = 12  # of what people read


class Entry(msgspec.Struct, frozen=True):
    """A version as it is kept, under its number. at_ms: when it was applied. digest: SHA-256 of its files."""

    at_ms: int
    author: str
    note: str
    digest: str


class Version(msgspec.Struct, frozen=True):
    """The same, with its number, from 1."""

    number: int
    at_ms: int
    author: str
    note: str
    digest: str

    @property
    def entry(self) -> Entry:
        return Entry(self.at_ms, self.author, self.note, self.digest)

    def __str__(self) -> str:
        return f"version {self.number}"


def digest_of(files: Files) -> str:
    """Of the texts and their paths; in what order they were read is all the same."""
    return hashlib.sha256(_encoded(files)).hexdigest()


async def live(group: GroupStore) -> Version | None:
    """None where nothing was ever applied."""
    return next(iter(await history(group)), None)


async def history(group: GroupStore) -> list[Version]:
    """Every version, the newest first."""
    kept = await group.read(RULEBOOKS)
    return [_version(number, kept[number]) for number in sorted(kept, reverse=True)]


async def newest(group: GroupStore, known: Version) -> Version | None:
    """The live version, where `known` was live when last looked: two small reads, where there is no other. None where
    Redis has lost all of them."""
    follows, same = await group.get(RULEBOOKS, known.number + 1), await group.get(RULEBOOKS, known.number)
    if follows is None and same is not None and _version(known.number, same) == known:
        return known
    return await live(group)


async def find(group: GroupStore, number: int) -> Version:
    """UsageError: there is none of this number."""
    raw = await group.get(RULEBOOKS, number)
    if raw is None:
        raise UsageError(f"There is no version {number} of the rules. segmenter rules history lists those there are.")
    return _version(number, raw)


async def files_of(group: GroupStore, version: Version) -> Files:
    raw = await group.get(RULE_FILES, version.digest)
    if raw is None:
        raise StateError(f"Redis has lost the files of {version} of the rules: apply the folder again.")
    return msgspec.json.decode(raw, type=dict[str, str])


async def add(group: GroupStore, files: Files, version: Version) -> Version:
    """Put it, and then its files are live. Gives the version that stands there: another, where somebody was quicker."""
    await group.put(RULE_FILES, version.digest, _encoded(files))
    found = await group.replace(RULEBOOKS, version.number, b"", msgspec.json.encode(version.entry))
    return _version(version.number, found) if found else version


def _encoded(files: Files) -> bytes:
    return msgspec.json.encode(dict(files), order="sorted")


def _version(number: int, raw: bytes) -> Version:
    entry = msgspec.json.decode(raw, type=Entry)
    return Version(number, entry.at_ms, entry.author, entry.note, entry.digest)
