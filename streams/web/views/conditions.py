"""How many fulfil each condition of a rule, and whom it alone keeps out.

Comes in: the name of a rule. Goes out: `ConditionsShown`, counted over a sample; None while it is counted, or where it
cannot be.
"""

from functools import partial

import msgspec

from streams.core.rules.rulebook import Rule, Rulebook
from streams.lifecycle.pass_rates import pass_rates
from streams.rulefiles.naming import rules_called
from streams.state.store import Store
from streams.web.views.counting import Counting
from streams.web.views.window import LOOKED_AT, Window


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


class Conditions:
    def __init__(self, window: Window):
        self._window = window
        self._counting = Counting[ConditionsShown](window, "conditions")

    async def of(self, name: str, waits_s: float | None = None) -> ConditionsShown | None:
        """name: of a rule, or of a level of one."""
        rulebook = (await self._window.rules()).rulebook
        (called,) = rules_called(rulebook, [name])
        rule = next(each for each in rulebook.rules if each.name == called)
        return await self._counting.of(called, rule.version, partial(self._counted, rulebook, rule), waits_s)

    async def _counted(self, rulebook: Rulebook, rule: Rule, store: Store) -> ConditionsShown:
        found = await pass_rates(store.shards, self._window.settings, rulebook, rule.name, LOOKED_AT)
        rates = tuple(RateShown(each.part, each.condition, each.fulfil, each.alone) for each in found.rates)
        return ConditionsShown(rates, found.looked_at, found.profiles)
