"""What is live, in words or as JSON: what `segmenter rules` prints."""

from collections.abc import Iterable, Iterator

import msgspec

from streams.admin.inventory import Found
from streams.core.explain.inventory import FieldRead, LiveRule
from streams.core.instants import format_time
from streams.core.rules.rulebook import Rule
from streams.lifecycle.awaiting import Awaited
from streams.lifecycle.versions import Version
from streams.log import counted
from streams.terminal.columns import in_columns
from streams.terminal.dates import in_full, when
from streams.terminal.versions import awaited_json, awaits_in_words, headline

VERSION_DIGITS = 12
TAKEN_OVER = "Workers that run take over another version within seconds; not all have stored something under it yet."
APPLIED = "Nothing was ever applied: a worker that starts applies this folder, as does segmenter rules apply."

Row = tuple[str, str, str]


def in_words(found: Found, version: Version | None, awaited: Awaited | None = None) -> str:
    return "\n".join(_lines(found, version, awaited))


def _lines(found: Found, version: Version | None, awaited: Awaited | None) -> Iterator[str]:
    inventory = found.inventory
    if version is not None:
        yield headline(version)
    if awaited is not None:
        yield awaits_in_words(awaited)
    yield (
        f"{counted(len(inventory.rules), 'rule')} over {counted(found.profiles, 'profile')}, as of "
        f"{in_full(found.at_ms)}; a profile's row has {inventory.row_bytes:,} bytes"
    )
    if inventory.unevaluated:
        yield f"yet to be evaluated under rules that were applied: {counted(inventory.unevaluated, 'profile')}"
    for rule in inventory.rules:
        yield from ("", f"{rule.rule.name}: {_sort(rule.rule)}, {_state(rule, found)}")
        yield from (f"    {line}" for line in in_columns(list(_rows(rule, found))))
    for name, segments in inventory.gone.items():
        yield from ("", f"{name}: still run, though it is in no file")
        yield from (f"    {line}" for line in in_columns(list(_member_rows(found, segments))))
    if inventory.gone or any(rule.as_said < inventory.shards for rule in inventory.rules):
        yield from ("", APPLIED if version is None else TAKEN_OVER)


def _sort(rule: Rule) -> str:
    """What it is called by its sort and its state."""
    return f"{rule.sort} in shadow" if rule.is_shadow else rule.sort


def _state(rule: LiveRule, found: Found) -> str:
    shards = found.inventory.shards
    if rule.as_said == shards:
        until_ms = rule.warming_until(found.at_ms)
        runs = "runs" if rule.rule.is_shadow else "live"
        return runs if until_ms is None else f"warming until {when(until_ms, found.at_ms)} UTC"
    if rule.as_said:
        return f"live as its file says in {rule.as_said} of {counted(shards, 'shard')}"
    return "of which workers still run another version" if rule.otherwise else "which no worker runs yet"


def _rows(rule: LiveRule, found: Found) -> Iterator[Row]:
    yield from _member_rows(found, rule.rule.segments)
    for place, reading in enumerate(rule.readings):
        yield "" if place else "reads", reading.text, _since(reading, found.at_ms)
    yield "costs", f"{rule.own_bytes} bytes a profile", ""
    yield "version", rule.rule.version.removeprefix("sha256:")[:VERSION_DIGITS], ""


def _member_rows(found: Found, segments: Iterable[str]) -> Iterator[Row]:
    """A segment's number of members, or that of each level of a tier."""
    members = found.members_of(segments)
    width = len(f"{max(members.values()):,}")
    for place, (segment, number) in enumerate(members.items()):
        _, _, level = segment.partition("/")
        yield "" if place else "members", f"{number:>{width},} {level}".rstrip(), ""


def _since(reading: FieldRead, at_ms: int) -> str:
    """From when on a feature is known; nothing where that is all it asks for."""
    if reading.since_ms is None or (reading.covered_from_ms is not None and reading.covered_from_ms <= at_ms):
        return ""
    covered = f", covered from {when(reading.covered_from_ms, at_ms)} on" if reading.covered_from_ms is not None else ""
    return f"kept since {when(reading.since_ms, at_ms)}{covered}"


def in_json(found: Found, version: Version | None, awaited: Awaited | None = None) -> bytes:
    inventory = found.inventory
    return msgspec.json.encode(
        {
            "version": version.number if version else None,
            "awaited": awaited_json(awaited),
            "as_of": format_time(found.at_ms),
            "profiles": found.profiles,
            "unevaluated": inventory.unevaluated,
            "shards": inventory.shards,
            "row_bytes": inventory.row_bytes,
            "rules": [_rule_json(rule, found) for rule in inventory.rules],
            "gone": [{"rule": name, "members": found.members_of(each)} for name, each in inventory.gone.items()],
        }
    )


def _rule_json(rule: LiveRule, found: Found) -> dict[str, object]:
    return {
        "rule": rule.rule.name,
        "sort": rule.rule.sort,
        "state": "shadow" if rule.rule.is_shadow else "live",
        "version": rule.rule.version,
        "shards_as_said": rule.as_said,
        "shards_otherwise": rule.otherwise,
        "warming_until": _time_json(rule.warming_until(found.at_ms)),
        "members": found.members_of(rule.rule.segments),
        "own_bytes": rule.own_bytes,
        "reads": [_reading_json(reading) for reading in rule.readings],
    }


def _reading_json(reading: FieldRead) -> dict[str, object]:
    since, covered = _time_json(reading.since_ms), _time_json(reading.covered_from_ms)
    return {"feature": reading.text, "kept_since": since, "covered_from": covered}


def _time_json(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)
