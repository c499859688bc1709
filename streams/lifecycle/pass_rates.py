"""How many fulfil each condition of a rule, and how many are kept out by it alone.

Comes in: stored profiles, all or some of them, and a rulebook. Goes out: `PassRates`. Each condition is made a segment
of its own, and so is "all of `enter` but for this": the engine itself says who is in them, as of the last checkpoint.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from streams.core.explain.history import BEFORE_ALL_NAMES
from streams.core.rules.nodes import All, Always, Condition, Leaf, Not, Some
from streams.core.rules.rulebook import Rule, Rulebook, Scores, Segment
from streams.core.rules.traversal import as_others_read
from streams.lifecycle.sampling import samples
from streams.settings import Settings
from streams.state.store import ShardStore


class PassRate(NamedTuple):
    """A condition as it is asked for, with `not` where it must not hold. part: `enter` or `exit`; of a tier the level;
    `among` of scores. alone: how many fulfil `enter` but for this one; None of all but `enter`."""

    part: str
    condition: str
    fulfil: int
    alone: int | None


class PassRates(NamedTuple):
    """looked_at, profiles: of how many, of how many there are."""

    rates: tuple[PassRate, ...]
    looked_at: int
    profiles: int


class _Asked(NamedTuple):
    part: str
    leaf: Leaf
    is_negated: bool
    alone: Condition | None

    @property
    def text(self) -> str:
        return f"not {self.leaf.text}" if self.is_negated else self.leaf.text


async def pass_rates(store: ShardStore, settings: Settings, rulebook: Rulebook, name: str, most: int) -> PassRates:
    """Of the rule of that name. most: profiles that are looked at; where there are more, some of them."""
    asked = tuple(_asked(next(rule for rule in rulebook.rules if rule.name == name)))
    holding = [Segment(_name(place, 0), as_others_read(each.leaf)) for place, each in enumerate(asked)]
    alone = [Segment(_name(place, 1), each.alone) for place, each in enumerate(asked) if each.alone is not None]
    observers = sorted([*holding, *alone], key=lambda segment: segment.name)
    watched = Rulebook((*observers, *rulebook.rules))
    members, looked_at = Counter[str](), 0
    async for shard in samples(store, settings, watched, most):
        while shard.is_stale:
            shard.migrate()
        members.update(shard.members())
        looked_at += len(shard.table)
    profiles = sum(shard.profiles for shard in (await store.all()).values())
    rates = tuple(_rate(each, place, members, looked_at) for place, each in enumerate(asked))
    return PassRates(rates, looked_at, max(profiles, looked_at))


def _name(place: int, which: int) -> str:
    return f"{BEFORE_ALL_NAMES}{place:06}.{which}"


def _rate(asked: _Asked, place: int, members: Counter[str], looked_at: int) -> PassRate:
    holding = members[_name(place, 0)]
    fulfil = looked_at - holding if asked.is_negated else holding
    return PassRate(asked.part, asked.text, fulfil, None if asked.alone is None else members[_name(place, 1)])


def _asked(rule: Rule) -> Iterator[_Asked]:
    """Each once in its part."""
    for part, condition in _parts(rule):
        told = set[str]()
        for leaf, is_negated in _signed(condition):
            if leaf.text not in told:
                told.add(leaf.text)
                lacking = All((_flipped(condition, leaf), Not(condition))) if part == "enter" else None
                yield _Asked(part, leaf, is_negated, lacking)


def _parts(rule: Rule) -> Iterator[tuple[str, Condition]]:
    if isinstance(rule, Segment):
        yield "enter", rule.enter
        if rule.exit is not None:
            yield "exit", rule.exit
    elif isinstance(rule, Scores):
        if rule.among is not None:
            yield "among", rule.among
    else:
        yield from ((level.name, level.condition) for level in rule.levels)


def _signed(condition: Condition, is_negated: bool = False) -> Iterator[tuple[Leaf, bool]]:
    match condition:
        case All(parts) | Some(parts):
            for part in parts:
                yield from _signed(part, is_negated)
        case Not(part):
            yield from _signed(part, not is_negated)
        case Always():
            return
        case _:
            yield condition, is_negated


def _flipped(condition: Condition, leaf: Leaf) -> Condition:
    """The condition as it would be if this part of it were otherwise."""
    match condition:
        case All(parts):
            return All(tuple(_flipped(part, leaf) for part in parts))
        case Some(parts):
            return Some(tuple(_flipped(part, leaf) for part in parts))
        case Not(part):
            return Not(_flipped(part, leaf))
        case _:
            return Not(condition) if condition == leaf else condition
