"""Which rules of a rulebook the screen shows: those that a company asks about first, or those that were asked for.

Comes in: a rulebook, and the names that somebody asked for. Goes out: `Featured`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from streams.core.language.faults import nearest
from streams.core.rules.rulebook import Rulebook, Tier, level_name
from streams.errors import UsageError

# Of the rules that ship: each is a question that a company has at once, and none says what another says.
HEROES = ("churn-risk", "payment-trouble", "trial-ending-unengaged", "power-user", "champions", "lifecycle")
FEW = 8  # rules, of which no choice need be made


@dataclass(frozen=True)
class Featured:
    """What is shown of a rulebook.

    rows: segments, each in a row of its own. tiers: each in a line, as the names of its levels -> their segments.
    others: how many rules are not shown.
    """

    rows: tuple[str, ...]
    tiers: dict[str, dict[str, str]]
    others: int

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Everything that a user can be in, of what is shown."""
        return (*self.rows, *(segment for levels in self.tiers.values() for segment in levels.values()))


def featured(rulebook: Rulebook, asked: Collection[str]) -> Featured:
    """What was asked for, else the rules of a small rulebook, else its heroes, else all.

    Raises a UsageError if a name is neither a rule nor a segment.
    """
    known = {*rulebook.names, *rulebook.segments}
    for name in asked:
        if name not in known:
            near = nearest(name, known)
            raise UsageError(f"No rule makes a segment {name}." + (f" Did you mean {near}?" if near else ""))
    names = tuple(asked) or _chosen(rulebook.names)
    tiers = {each.name: each for each in rulebook.groupings if isinstance(each, Tier)}
    return Featured(
        rows=tuple(name for name in names if name not in tiers),
        tiers={name: _levels(tiers[name]) for name in names if name in tiers},
        others=len({*rulebook.names}.difference(name.partition("/")[0] for name in names)),
    )


def _chosen(names: tuple[str, ...]) -> tuple[str, ...]:
    heroes = tuple(name for name in HEROES if name in names)
    return heroes if heroes and len(names) > FEW else names


def _levels(tier: Tier) -> dict[str, str]:
    return {level_name(tier.name, segment): segment for segment in tier.segments}
