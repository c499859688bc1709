"""What the kernel noted, in words: transitions to changes, with the reason for each.

Comes in: transitions and the table's names. Goes out: `Change` values, and the same transitions for `explain`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, pairwise, repeat

import numpy as np
import numpy.typing as npt

from streams.core.arrays import Ints
from streams.core.changes import CAUSES, Change, Reason, Type
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.program import WRITTEN_KEPT, Program
from streams.core.compiler.time_dependence import with_constant_on_right
from streams.core.engine.privacy import MASKED, may_be_shown
from streams.core.events import Value
from streams.core.kernel.layout import (
    INCLUDED,
    INCLUDED_WORDS,
    MISSING,
    NEW_LEVEL,
    NUMBER,
    ORDINAL,
    ROW,
    RULE,
    SHOWN,
    SHOWN_WORDS,
    TRANSITION_WORDS,
)
from streams.core.kernel.transitions import TransitionBuffer
from streams.core.profiles.table import Table
from streams.core.rules.nodes import InSegment, Leaf, Score
from streams.core.rules.rulebook import Grouping, Rulebook, Tier
from streams.core.rules.traversal import moves, operands, rule_leaves
from streams.core.subjects import USER

Memberships = dict[str, tuple[int, int]]  # segment -> since when (ms), ordinal
EventId = Callable[[int], str | None]  # the messageId that an occurrence, by its place, came with
Why = tuple[tuple[Reason, ...], tuple[str, ...], dict[str, Value]]
"""As fields of a change: the reasons, all segments that the subject is in, and the traits that the rule includes."""
UNSAID: Why = (), (), {}


@dataclass(frozen=True, slots=True)
class _Shown:
    """How one leaf is shown."""

    text: str
    reads_segment: bool
    moves: bool  # a time that has passed is shown as a float, 7.0; a count as an int
    masked: bool
    of_some: bool  # a score that is of nobody who is at no level


def _shown(leaf: Leaf, rule: Grouping, private: frozenset[str]) -> _Shown:
    value = next(iter(operands(with_constant_on_right(leaf))), None)
    is_masked = not may_be_shown(leaf, private, rule.include)
    of_some = isinstance(value, Score) and value.of_grid
    return _Shown(leaf.text, isinstance(leaf, InSegment), value is not None and moves(value), is_masked, of_some)


@lru_cache(maxsize=WRITTEN_KEPT)
def _all_shown(rulebook: Rulebook, private: frozenset[str]) -> Sequence[Sequence[_Shown]]:
    """Of each rule its leaves; kept of the latest few, as their programs are."""
    return [[_shown(leaf, rule, private) for leaf in rule_leaves(rule)] for rule in rulebook.groupings]


class ChangeDecoder:
    """Reads the kernel's transitions for one rulebook. says_why: whether changes bear their `Why`."""

    def __init__(self, catalog: Catalog, program: Program, private: frozenset[str], says_why: bool):
        shown_at, included_at = int(program.words[SHOWN]), int(program.words[INCLUDED])
        self._notes_at, self._traits_at = shown_at, included_at - shown_at
        self._rules = catalog.rulebook.groupings
        self._says_why = says_why
        self._segments = [("", *rule.segments) for rule in self._rules]
        self._names = _by_level(self._segments)
        self._live = np.array([not rule.is_shadow for rule in self._rules], np.bool_)
        self._shown = _all_shown(catalog.rulebook, private)

    def changes(self, table: Table, transitions: TransitionBuffer, event_id: EventId) -> list[Change]:
        """The changes of all filled transitions."""
        filled = transitions.words[: transitions.filled[0]]
        if not len(filled):
            return []  # as of most small steps
        heads = filled[:, :TRANSITION_WORDS].tolist()
        whys = self._whys(table, filled, heads) if self._says_why else repeat(UNSAID, len(heads))
        subjects = table.subjects_of(filled[:, ROW])
        return [self._change(event_id, *each) for each in zip(subjects, heads, whys, strict=True)]

    def _whys(self, table: Table, filled: Ints, heads: Sequence[Sequence[int]]) -> Iterator[Why]:
        held = self.held(filled[:, TRANSITION_WORDS : TRANSITION_WORDS + len(self._rules)])
        for head, segments, words, numbers in zip(heads, held, *self._notes(filled), strict=True):
            _, number, *_, level, before = head
            rule = self._rules[number]
            traits = self._traits(table, rule, words, numbers) if rule.include else {}
            yield self._because(table, number, level, before, words, numbers), segments, traits

    def because(self, table: Table, line: Ints) -> tuple[Reason, ...]:
        """Every condition of the line's rule; those whose truth changed come first."""
        ((words,), (numbers,)) = self._notes(line[None])
        return self._because(table, line[RULE], line[NEW_LEVEL], line[NEW_LEVEL], words, numbers)

    def arrival(
        self, table: Table, line: Ints, subject: str, at_ms: int, segments: tuple[str, ...], before: int
    ) -> Change:
        """By a line of how a rule stands: the change by which the subject has come there from the level `before`,
        because of other rules."""
        ((words,), (numbers,)) = self._notes(line[None])
        number, level = int(line[RULE]), int(line[NEW_LEVEL])
        rule = self._rules[number]
        kind, segment, previous = self._flip(number, level, before)
        return Change(
            subject=subject,
            rule=rule.name,
            type=kind,
            segment=segment,
            previous=previous,
            occurred_at=at_ms,
            cause="rule_change",
            event_id=None,
            ordinal=int(line[ORDINAL]),
            rule_version=rule.version,
            because=self._because(table, number, level, level, words, numbers),
            segments=segments,
            traits=self._traits(table, rule, words, numbers),
            is_shadow=rule.is_shadow,
        )

    def held(self, levels: Ints) -> list[tuple[str, ...]]:
        """What profiles are in, by their levels of all rules (profiles, rules); what is in shadow is nobody's."""
        places, rules = np.nonzero(levels * self._live)
        names = self._names[rules, levels[places, rules]].tolist()
        return [tuple(names[part]) for part in _parts(places, len(levels))]

    def memberships(self, levels: Ints, since: Ints, ordinals: Ints, with_shadow: bool = False) -> list[Memberships]:
        """The same, with what else is kept of each rule (profiles, rules). with_shadow: of those in shadow, too."""
        places, rules = np.nonzero(levels if with_shadow else levels * self._live)
        names = self._names[rules, levels[places, rules]].tolist()
        whole = list(
            zip(names, zip(since[places, rules].tolist(), ordinals[places, rules].tolist(), strict=True), strict=True)
        )
        return [dict(whole[part]) for part in _parts(places, len(levels))]

    def members(self, counts: Sequence[Sequence[int]]) -> dict[str, int]:
        """How many are in each segment, of how many profiles there are at each level of each rule."""
        found = {segment: 0 for _, *segments in self._segments for segment in segments}
        for rule, levels in enumerate(counts):
            for level, members in enumerate(levels[1:], start=1):
                found[self.segment(rule, level)] += members
        return found

    def segment(self, rule: int, level: int) -> str:
        """What a profile at this level of a rule is in; empty at level 0."""
        return self._segments[rule][level]

    def _notes(self, transitions: Ints) -> tuple[list[list[int]], list[list[float]]]:
        """What transitions say of leaves and traits, and the same bits as numbers."""
        notes = transitions[:, self._notes_at :]
        return notes.tolist(), notes.view(np.float64).tolist()

    def _change(self, event_id: EventId, subject: str, head: Sequence[int], why: Why) -> Change:
        _, number, at, cause, occurrence, ordinal, level, before = head
        rule = self._rules[number]
        kind, segment, previous = self._flip(number, level, before)
        return Change(  # by place, which takes a sixth of the time that it takes by name
            subject,
            rule.name,
            kind,
            segment,
            previous,
            at,
            CAUSES[cause],
            event_id(occurrence) if occurrence >= 0 else None,
            ordinal,
            rule.version,
            *why,
            USER,
            None,
            rule.is_shadow,
        )

    def _flip(self, rule: int, level: int, before: int) -> tuple[Type, str, str | None]:
        """Type, segment and previous segment of a change."""
        if isinstance(self._rules[rule], Tier):
            if not level:
                return "segment.exited", self.segment(rule, before), None
            return "segment.changed", self.segment(rule, level), self.segment(rule, before) or None
        return ("segment.entered" if level else "segment.exited"), self._rules[rule].name, None

    def _because(
        self, table: Table, rule: int, level: int, before: int, words: list[int], numbers: list[float]
    ) -> tuple[Reason, ...]:
        flipped: list[Reason] = []
        steady: list[Reason] = []
        for i, shown in zip(count(0, SHOWN_WORDS), self._shown[rule], strict=False):
            kind, was, now = words[i + 1], words[i + 2] != 0, words[i + 3] != 0
            if shown.of_some:
                kind, was, now = kind if level else MISSING, was and before > 0, now and level > 0
            reason = Reason(shown.text, _value(table, shown, numbers[i], kind, now), was, now)
            (steady if was == now else flipped).append(reason)
        return (*flipped, *steady)

    def _traits(self, table: Table, rule: Grouping, words: list[int], numbers: list[float]) -> dict[str, Value]:
        places = zip(rule.include, count(self._traits_at, INCLUDED_WORDS), strict=False)
        found = {name: table.values.decoded(numbers[at], words[at + 1]) for name, at in places}
        return {name: value for name, value in found.items() if value is not None}


def _parts(places: Ints, count: int) -> Iterator[slice]:
    """Of what is listed by place, the part of each of `count` places."""
    ends = np.cumsum(np.bincount(places, minlength=count)).tolist()
    return (slice(start, end) for start, end in pairwise([0, *ends]))


def _by_level(segments: Sequence[Sequence[str]]) -> npt.NDArray[np.object_]:
    """What each level of each rule is called: (rules, levels)."""
    names = np.full((len(segments), max(map(len, segments), default=0)), "", np.object_)
    for rule, levels in enumerate(segments):
        names[rule, : len(levels)] = levels
    return names


def _value(table: Table, shown: _Shown, number: float, kind: int, now: bool) -> Value:
    if shown.masked:
        return MASKED
    if shown.reads_segment:
        return now
    if shown.moves and kind == NUMBER:
        return number
    return table.values.decoded(number, kind)
