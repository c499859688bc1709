"""The versions of a group's rules in words: what `segmenter rules history`, `show` and `diff` print.

Comes in: versions, their files, what differs. Goes out: text.
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from streams.core.instants import format_time
from streams.lifecycle.awaiting import Progress
from streams.lifecycle.differences import Difference
from streams.lifecycle.versions import DIGEST_DIGITS, Version
from streams.log import counted
from streams.printable import printable
from streams.rulefiles.folder import Files
from streams.terminal.columns import in_columns
from streams.terminal.dates import in_full

NEVER_APPLIED: Final = "Nothing was ever applied: segmenter rules apply DIR, or the first worker, makes version 1."


def headline(version: Version) -> str:
    note = f": {printable(version.note)}" if version.note else ""
    return f"Version {version.number} is live, applied {in_full(version.at_ms)} by {printable(version.author)}{note}"


def awaits_in_words(version: Version, found: Progress) -> str:
    """How far the past of a version is made."""
    said = f"{found.ready} of {counted(found.shards, 'shard')} ready, {found.share:.0%} read"
    since_ms = max((each.since_ms for each in found.made.values() if each.since_ms is not None), default=None)
    reach = f"; topics reach back to {in_full(since_ms)}" if since_ms is not None else ""
    return f"Version {version.number} awaits its past: {said}{reach}"


def history_in_words(versions: Sequence[Version]) -> str:
    if not versions:
        return NEVER_APPLIED
    head = ("version", "applied", "by", "digest", "note")
    live = next((version for version in versions if not version.awaits), None)
    standing = {version.number: _standing(version, version is live, version is versions[0]) for version in versions}
    return "\n".join(in_columns([head, *(_row(version, standing[version.number]) for version in versions)]))


def _standing(version: Version, is_live: bool, is_newest: bool) -> str:
    if version.awaits:
        return " awaits its past" if is_newest else " given up"
    return " live" if is_live else ""


def _row(version: Version, standing: str) -> tuple[str, ...]:
    number = f"{version.number}{standing}"
    digest = version.digest[:DIGEST_DIGITS]
    return number, in_full(version.at_ms), printable(version.author), digest, printable(version.note)


def history_in_json(versions: Sequence[Version]) -> bytes:
    return msgspec.json.encode([_json(version) for version in versions])


def _json(version: Version) -> dict[str, object]:
    at = format_time(version.at_ms)
    said = {"version": version.number, "at": at, "author": version.author, "note": version.note}
    return said | {"digest": version.digest, "awaits_past": version.awaits}


def shown(version: Version, files: Files) -> str:
    """All of its files, each under its path."""
    lines = [f"version {version.number}, applied {in_full(version.at_ms)} by {printable(version.author)}"]
    lines += [printable(version.note)] if version.note else []
    for path, text in sorted(files.items()):
        lines += ["", f"--- {path}", text.rstrip("\n")]
    return "\n".join(lines)


def diff(then: Files, now: Files, names: tuple[str, str], differences: Sequence[Difference]) -> str:
    """What differs in words, and then line by line; empty where nothing does."""
    return "\n".join(_diff(then, now, names, differences))


def _diff(then: Files, now: Files, names: tuple[str, str], differences: Sequence[Difference]) -> Iterator[str]:
    if then == now:
        return
    rows = [(each.name, each.what, each.how.value) for each in differences]
    yield from in_columns(rows) if rows else ["Nothing that means anything else."]
    for path in sorted(then.keys() | now.keys()):
        old, new = (files.get(path, "").splitlines() for files in (then, now))
        lines = difflib.unified_diff(old, new, f"{names[0]}/{path}", f"{names[1]}/{path}", lineterm="")
        yield from ("", *lines) if old != new else ()
