"""Rules held against what workers have read: what `segmenter check --seen` says.

Comes in: rules, and the record that workers keep in Redis. Goes out: a warning for each name that was never seen, and
what they were held against.
"""

from pathlib import Path
from typing import NamedTuple

from streams.core.instants import DAY_MS, format_time
from streams.errors import Fault
from streams.log import counted
from streams.observed.lint import NameLint
from streams.observed.names import ObservedNames
from streams.observed.places import unseen_names
from streams.settings import Settings
from streams.state.format import OBSERVED
from streams.state.opening import opened_store


class Findings(NamedTuple):
    warnings: list[Fault]
    summary: str


async def findings(rules: Path, settings: Settings) -> Findings:
    async with opened_store(settings) as store:
        stored = await store.group.read(OBSERVED)
    if not stored:
        return Findings([], f"No worker of the group {settings.group} has noted in this Redis what it read.")
    seen = ObservedNames()
    for _, record in sorted(stored.items()):
        seen.add(ObservedNames.decode(record))
    warnings = unseen_names(rules, NameLint(seen, len(stored)))
    return Findings(warnings, _summary(len(warnings), seen, sorted(stored)))


def _summary(warnings: int, seen: ObservedNames, days: list[int]) -> str:
    verdict = f"{counted(warnings, 'name')} {'was' if warnings == 1 else 'were'} never seen"
    read = f"{seen.events.records:,} events of {counted(len(seen.events.counts), 'name')}"
    period = f"from {_date(days[0])} to {_date(days[-1])}"
    return f"{verdict if warnings else 'All names were seen'}, held against what workers read {period}: {read}."


def _date(day: int) -> str:
    return format_time(day * DAY_MS)[:10]
