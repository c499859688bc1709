"""What the kernel noted, in words: flips to changes, with the reason for each.

Comes in: lines of flips and the table's names. Goes out: `Change` values, and the same lines for `explain`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streams.core.catalog import Catalog, rule_leaves
from streams.core.changes import CAUSES, Change, Reason, Type
from streams.core.events import Value
from streams.core.features import Trait, TraitTime
from streams.core.flips import Lines
from streams.core.layout import INCLUDED, INCLUDED_WORDS, LINE_WORDS, NUMBER, ROW, RULE, SHOWN, SHOWN_WORDS
from streams.core.natures import turned
from streams.core.program import Ints, Program
from streams.core.rules import Grouping, Tier
from streams.core.table import Table
from streams.core.tree import InSegment, Leaf
from streams.core.walk import features, moves, operands

MASKED = "***"

EventId = Callable[[int], str | None]  # the messageId that an occurrence, by its place, came with


def is_private(trait: str, private: frozenset[str]) -> bool:
    """Whether a trait is private by its own name or by that of an object it is nested in."""
    parts = trait.split(".")
    return any(".".join(parts[:n]) in private for n in range(1, len(parts) + 1))


@dataclass(frozen=True, slots=True)
class _Shown:
    """How one leaf is shown."""

    text: str
    reads_segment: bool
    moves: bool  # a time that has passed is shown as a float, 7.0; a count as an int
    masked: bool


def _shown(leaf: Leaf, rule: Grouping, private: frozenset[str]) -> _Shown:
    value = next(iter(operands(turned(leaf))), None)
    traits = {f.name for v in operands(leaf) for f in features(v) if isinstance(f, Trait | TraitTime)}
    masked = any(is_private(name, private) for name in traits - set(rule.include))
    return _Shown(leaf.text, isinstance(leaf, InSegment), value is not None and moves(value), masked)


class Reasons:
    """Reads the kernel's lines for one rulebook."""

    def __init__(self, catalog: Catalog, program: Program, private: frozenset[str]):
        self._shown_at, self._included_at = int(program.words[SHOWN]), int(program.words[INCLUDED])
        self._rules = catalog.rulebook.groupings
        self._segments = [("", *rule.segments) for rule in self._rules]
        self._shown = [[_shown(leaf, rule, private) for leaf in rule_leaves(rule)] for rule in self._rules]

    def because(self, table: Table, line: Ints) -> tuple[Reason, ...]:
        """Every condition of the line's rule; those whose truth changed come first."""
        shown = self._shown[line[RULE]]
        words = line[self._shown_at : self._shown_at + SHOWN_WORDS * len(shown)]
        numbers, columns = words.view(np.float64).tolist(), words.tolist()
        reasons = []
        for i, each in enumerate(shown):
            _, kind, was, now = columns[SHOWN_WORDS * i : SHOWN_WORDS * (i + 1)]
            shown_value = self._value(table, each, numbers[SHOWN_WORDS * i], kind, bool(now))
            reasons.append(Reason(each.text, shown_value, bool(was), bool(now)))
        return tuple(sorted(reasons, key=lambda reason: reason.was == reason.now))

    def segment(self, rule: int, level: int) -> str:
        """What a profile at this level of a rule is in; empty at level 0."""
        return self._segments[rule][level]

    def _flip(self, rule: int, level: int, before: int) -> tuple[Type, str, str | None]:
        """Type, segment and previous segment of a change."""
        if isinstance(self._rules[rule], Tier):
            return "segment.changed", self.segment(rule, level), self.segment(rule, before) or None
        return ("segment.entered" if level else "segment.exited"), self._rules[rule].name, None

    @staticmethod
    def _value(table: Table, shown: _Shown, number: float, kind: int, now: bool) -> Value:
        if shown.masked:
            return MASKED
        if shown.reads_segment:
            return now
        if shown.moves and kind == NUMBER:
            return number
        return table.decoded(number, kind)

    def _traits(self, table: Table, line: Ints) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for i, name in enumerate(self._rules[line[RULE]].include):
            at = self._included_at + INCLUDED_WORDS * i
            value = table.decoded(float(line[at : at + 1].view(np.float64)[0]), int(line[at + 1]))
            if value is not None:
                found[name] = value
        return found

    def changes(self, table: Table, lines: Lines, event_id: EventId) -> list[Change]:
        """The changes of all filled lines."""
        filled = lines.words[: lines.filled[0]]
        users = table.users_of(filled[:, ROW])
        return [self._change(table, user, line, event_id) for user, line in zip(users, filled, strict=True)]

    def _change(self, table: Table, user: str, line: Ints, event_id: EventId) -> Change:
        _, rule, at, cause, occurrence, ordinal, level, before = line[:LINE_WORDS].tolist()
        held = line[LINE_WORDS : LINE_WORDS + len(self._rules)].tolist()
        kind, segment, previous = self._flip(rule, level, before)
        return Change(
            user=user,
            rule=self._rules[rule].name,
            type=kind,
            segment=segment,
            previous=previous,
            occurred_at=at,
            cause=CAUSES[cause],
            event_id=event_id(occurrence) if occurrence >= 0 else None,
            ordinal=ordinal,
            rule_version=self._rules[rule].version,
            because=self.because(table, line),
            segments=tuple(filter(None, map(self.segment, range(len(held)), held))),
            traits=self._traits(table, line),
        )
