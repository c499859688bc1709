"""What the kernel noted, in words: flips to changes, with the reason for each.

Comes in: lines of flips and the table's names. Goes out: `Change` values, and the same lines for `explain`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from streams.core.catalog import Catalog, features, operands, rule_leaves
from streams.core.changes import CAUSES, Change, Reason
from streams.core.events import Value
from streams.core.features import Trait, TraitTime
from streams.core.flips import Lines
from streams.core.layout import INCLUDED, INCLUDED_WORDS, LINE_WORDS, NUMBER, RULE, SHOWN, SHOWN_WORDS
from streams.core.program import Ints, Program, moves, turned
from streams.core.rules import Segment
from streams.core.table import Table
from streams.core.tree import InSegment, Leaf

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


def _shown(leaf: Leaf, rule: Segment, private: frozenset[str]) -> _Shown:
    value = next(iter(operands(turned(leaf))), None)
    traits = {f.name for v in operands(leaf) for f in features(v) if isinstance(f, Trait | TraitTime)}
    masked = any(is_private(name, private) for name in traits - set(rule.include))
    return _Shown(leaf.text, isinstance(leaf, InSegment), value is not None and moves(value), masked)


class Reasons:
    """Reads the kernel's lines for one rulebook."""

    def __init__(self, catalog: Catalog, program: Program, private: frozenset[str]):
        self._shown_at, self._included_at = int(program.words[SHOWN]), int(program.words[INCLUDED])
        self._rules = catalog.rulebook.segments
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
        return [self._change(table, line, event_id) for line in lines.words[: lines.filled[0]]]

    def _change(self, table: Table, line: Ints, event_id: EventId) -> Change:
        row, rule, at, cause, occurrence, ordinal, entered = line[:LINE_WORDS].tolist()
        members = line[LINE_WORDS : LINE_WORDS + len(self._rules)].tolist()
        return Change(
            user=table.users[row],
            rule=self._rules[rule].name,
            entered=bool(entered),
            occurred_at=at,
            cause=CAUSES[cause],
            event_id=event_id(occurrence) if occurrence >= 0 else None,
            ordinal=ordinal,
            rule_version=self._rules[rule].version,
            because=self.because(table, line),
            segments=tuple(each.name for each, member in zip(self._rules, members, strict=True) if member),
            traits=self._traits(table, line),
        )
