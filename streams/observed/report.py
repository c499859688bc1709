"""Rules held against what was sent: what `segmenter check --seen` and `--events` say.

Comes in: rules, and the record that workers keep in Redis, or one of files. Goes out: a warning for each name that was
never seen, what producers seem to have misspelt, and what the rules were held against.
"""

from itertools import islice
from pathlib import Path
from typing import NamedTuple

from streams.core.instants import DAY_MS, format_time
from streams.errors import Fault
from streams.log import counted
from streams.observed.lint import NameLint
from streams.observed.names import ObservedNames
from streams.observed.places import unseen_names
from streams.observed.slips import MOST, slips
from streams.settings import Settings
from streams.state.format import OBSERVED
from streams.state.opening import opened_store


class Findings(NamedTuple):
    """warnings: of rules. slips: of what was sent."""

    warnings: list[Fault]
    slips: list[str]
    summary: str

    def __bool__(self) -> bool:
        return bool(self.warnings or self.slips)


async def findings(rules: Path, settings: Settings) -> Findings:
    async with opened_store(settings) as store:
        stored = await store.group.read(OBSERVED)
    if not stored:
        return Findings([], [], f"No worker of the group {settings.group} has noted in this Redis what it read.")
    seen = ObservedNames()
    for _, record in sorted(stored.items()):
        seen.add(ObservedNames.decode(record))
    days = sorted(stored)
    return held_against(
        seen, rules, counted(len(days), "day"), f"what workers read from {_date(days[0])} to {_date(days[-1])}"
    )


def held_against(seen: ObservedNames, rules: Path, where: str, what: str) -> Findings:
    """where: as in `40 in 7 days`. what: as in `held against what workers read`."""
    warnings = unseen_names(rules, NameLint(seen, where))
    verdict = f"{counted(len(warnings), 'name')} {'was' if len(warnings) == 1 else 'were'} never seen"
    read = f"{seen.events.records:,} events of {counted(len(seen.events.counts), 'name')}"
    summary = f"{verdict if warnings else 'All names were seen'}, held against {what}: {read}."
    return Findings(warnings, list(islice(slips(seen), MOST)), summary)


def _date(day: int) -> str:
    return format_time(day * DAY_MS)[:10]
