"""How many fulfil each condition of a rule, and whom it alone keeps out.

Comes in: the name of a rule. Goes out: `ConditionsShown`; None while it is being counted, or where it cannot be. It is
counted over a sample, in a thread of its own, one rule at a time, and kept for a minute.
"""

import asyncio
import time
from typing import Final, NamedTuple

import msgspec

from streams.core.rules.rulebook import Rule, Rulebook
from streams.errors import SegmenterError
from streams.lifecycle.pass_rates import PassRates, pass_rates
from streams.log import log
from streams.web.answers import tell_of
from streams.web.views.window import LOOKED_AT, Window

KEPT_S: Final = 60.0
WAITS_S: Final = 0.2  # so long a page is held up; it looks again by itself


class RateShown(msgspec.Struct, frozen=True, gc=False):
    """A condition as the rule asks for it, with `not` where it must not hold. part: `enter` or `exit`; of a tier the
    level; of scores `among`. fulfil, alone: of those looked at, who fulfils it, and who fulfils all of `enter` but it;
    alone is null where it is not of `enter`.
    """

    part: str
    condition: str
    fulfil: int
    alone: int | None


class ConditionsShown(msgspec.Struct, frozen=True, gc=False):
    """looked_at, profiles: of how many users, of how many there are."""

    rates: tuple[RateShown, ...]
    looked_at: int
    profiles: int


class _Kept(NamedTuple):
    version: str
    until_s: float
    counting: "asyncio.Task[ConditionsShown | None]"


class Conditions:
    def __init__(self, window: Window):
        self._window = window
        self._kept: dict[str, _Kept] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, name: str) -> ConditionsShown | None:
        rulebook = (await self._window.rules()).rulebook
        rule = next((each for each in rulebook.rules if each.name == name), None)
        if rule is None:
            return None
        kept = self._kept.get(name)
        if kept is None or kept.version != rule.version or kept.until_s < time.monotonic():
            counting = asyncio.create_task(self._counted(rulebook, rule))
            kept = self._kept[name] = _Kept(rule.version, time.monotonic() + KEPT_S, counting)
        await asyncio.wait([kept.counting], timeout=WAITS_S)
        return kept.counting.result() if kept.counting.done() else None

    async def _counted(self, rulebook: Rulebook, rule: Rule) -> ConditionsShown | None:
        """It is the least of what the page shows: where it cannot be counted, the rest is there all the same."""
        async with self._one_at_a_time:
            settings = self._window.settings
            try:
                found = await self._window.apart(
                    lambda store: pass_rates(store.shards, settings, rulebook, rule.name, LOOKED_AT)
                )
                return _shown(found)
            except SegmenterError as error:
                log.warning("web - the conditions of %s are not counted: %s", rule.name, error)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it may be told but its place
                tell_of(error)
            return None


def _shown(found: PassRates) -> ConditionsShown:
    rates = tuple(RateShown(each.part, each.condition, each.fulfil, each.alone) for each in found.rates)
    return ConditionsShown(rates, found.looked_at, found.profiles)
