"""The versions of a group's rules in words: what `segmenter rules history`, `show` and `diff` print.

Comes in: versions, their files, what differs. Goes out: text.
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from streams.core.instants import format_time
from streams.lifecycle.awaiting import Awaited
from streams.lifecycle.differences import Difference
from streams.lifecycle.versions import DIGEST_DIGITS, Version
from streams.printable import printable
from streams.rulefiles.folder import Files
from streams.terminal.columns import in_columns
from streams.terminal.dates import in_full

NEVER_APPLIED: Final = "Nothing was ever applied: segmenter rules apply DIR, or the first worker, makes version 1."


def headline(version: Version) -> str:
    note = f": {printable(version.note)}" if version.note else ""
    return f"Version {version.number} is live, applied {in_full(version.at_ms)} by {printable(version.author)}{note}"


def awaits_in_words(awaited: Awaited) -> str:
    """How far the past of a version is made."""
    version, found = awaited
    reach = f"; topics reach back to {in_full(found.since_ms)}" if found.since_ms is not None else ""
    return f"Version {version.number} awaits its past: {found}{reach}"


def awaited_json(awaited: Awaited | None) -> dict[str, object] | None:
    """left_s: about how long it takes; null where nobody knows. reaches_back_to: null where that is the beginning."""
    if awaited is None:
        return None
    version, found = awaited
    shards = {"shards_ready": found.ready, "shards": found.shards}
    since = format_time(found.since_ms) if found.since_ms is not None else None
    return {"version": version.number, **shards, "read": found.share, "left_s": found.left_s, "reaches_back_to": since}


def history_in_words(versions: Sequence[Version], awaited: Awaited | None = None) -> str:
    if not versions:
        return NEVER_APPLIED
    head = ("version", "applied", "by", "digest", "note")
    live = next((version for version in versions if not version.awaits), None)
    standing = {version.number: _standing(version, version is live, version is versions[0]) for version in versions}
    rows = in_columns([head, *(_row(version, standing[version.number]) for version in versions)])
    refused = ["", f"{versions[0].refused}."] if versions and versions[0].refused else []
    return "\n".join([*rows, *refused, *(["", awaits_in_words(awaited)] if awaited is not None else [])])


def _standing(version: Version, is_live: bool, is_newest: bool) -> str:
    if version.refused:
        return " refused"
    if version.awaits:
        return " awaits its past" if is_newest else " given up"
    return " live" if is_live else ""


def _row(version: Version, standing: str) -> tuple[str, ...]:
    number = f"{version.number}{standing}"
    digest = version.digest[:DIGEST_DIGITS]
    return number, in_full(version.at_ms), printable(version.author), digest, printable(version.note)


def history_in_json(versions: Sequence[Version], awaited: Awaited | None = None) -> bytes:
    past = {awaited.version: {"past": awaited_json(awaited)}} if awaited is not None else {}
    return msgspec.json.encode([_json(version) | past.get(version, {}) for version in versions])


def _json(version: Version) -> dict[str, object]:
    at = format_time(version.at_ms)
    said = {"version": version.number, "at": at, "author": version.author, "note": version.note}
    refused = {"refused": version.refused} if version.refused else {}
    return said | {"digest": version.digest, "awaits_past": version.awaits} | refused


def shown(version: Version, files: Files, awaited: Awaited | None = None) -> str:
    """All of its files, each under its path."""
    lines = [f"version {version.number}, applied {in_full(version.at_ms)} by {printable(version.author)}"]
    lines += [printable(version.note)] if version.note else []
    lines += [awaits_in_words(awaited)] if awaited is not None and awaited.version == version else []
    for path, text in sorted(files.items()):
        lines += ["", f"--- {path}", text.rstrip("\n")]
    return "\n".join(lines)


def diff(then: Files, now: Files, names: tuple[str, str], differences: Sequence[Difference] | None) -> str:
    """What differs in words, and then line by line; empty where nothing does.

    differences: None where `now` has faults.
    """
    return "\n".join(_diff(then, now, names, differences))


def _diff(then: Files, now: Files, names: tuple[str, str], differences: Sequence[Difference] | None) -> Iterator[str]:
    if then == now:
        return
    if differences is None:
        yield f"There are faults in {names[1]}, so that it means nothing: segmenter check tells them."
    else:
        rows = [(each.name, each.what, each.how.value) for each in differences]
        yield from in_columns(rows) if rows else ["Nothing that means anything else."]
    for path in sorted(then.keys() | now.keys()):
        old, new = (files.get(path, "").splitlines() for files in (then, now))
        lines = difflib.unified_diff(old, new, f"{names[0]}/{path}", f"{names[1]}/{path}", lineterm="")
        yield from ("", *lines) if old != new else ()
