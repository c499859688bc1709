"""The catalog: which features the rules read, and where each has its place in a profile's row.

Comes in: a rulebook. Goes out: the layout of the row, in 8-byte words, and what to decode of an event.
A row has a *kept* part, which is stored, and a *derived* part, which can be made anew from it, the
profile's document and the rules: totals of windows and trait values.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from streams.core.events import Reads
from streams.core.features import EventSet, Feature, FirstSeen, LastSeen, Lifetime, Trait, TraitTime, Unit, Window
from streams.core.rules import Rulebook, Segment
from streams.core.tree import (
    All,
    Always,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Elapsed,
    InSegment,
    Leaf,
    Missing,
    Not,
    Read,
    Some,
    Truth,
    Value,
    Within,
)

IDS_KEPT = 16  # CONTRACT 2.4: a duplicate is known among the user's last 16 accepted ids
CLOCK, FIRST_SEEN, NEWEST_ACTIVITY, IDS = 0, 1, 2, 3
RULES_START = IDS + IDS_KEPT
WORDS_PER_RULE = 2  # since when, and ordinal * 2 + membership
WORDS_PER_SUM = 2  # whole units and millionths apart: a total of 9e12 has no room for more in one word


@dataclass(frozen=True, slots=True)
class Ring:
    """Buckets of a day or an hour; shared by all windows over the same events and property."""

    events: EventSet
    unit: Unit
    prop: str | None
    length: int

    @property
    def words(self) -> int:
        return self.length * WORDS_PER_SUM if self.prop else (self.length + 1) // 2

    @property
    def key(self) -> tuple[EventSet, Unit, str | None]:
        return self.events, self.unit, self.prop


@dataclass(frozen=True, slots=True)
class Field:
    """A named stretch of the kept part. `length` counts a ring's buckets, and is 0 for all else."""

    name: str
    start: int
    words: int
    length: int = 0


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The comparisons and other conditions with a text of their own, in the order they are written."""
    match condition:
        case All(parts) | Some(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case Always():
            pass
        case _:
            yield condition


def operands(leaf: Leaf) -> tuple[Value, ...]:
    match leaf:
        case Compare(left=left, right=right):
            return left, right
        case Within(item=value) | Truth(value=value) | Missing(value=value):
            return (value,)
        case InSegment():
            return ()


def features(value: Value) -> Iterator[Feature]:
    match value:
        case Read(feature):
            yield feature
        case Elapsed(instant=instant):
            yield instant
        case Arithmetic(left=left, right=right):
            yield from features(left)
            yield from features(right)
        case Constant():
            pass


def rule_leaves(rule: Segment) -> tuple[Leaf, ...]:
    """The leaves of `enter`, then of `exit`; equal texts once."""
    found: dict[str, Leaf] = {}
    for condition in (rule.enter, rule.exit):
        for leaf in leaves(condition) if condition is not None else ():
            found.setdefault(leaf.text, leaf)
    return tuple(found.values())


def _set_name(events: EventSet) -> str:
    return "any" if events.names is None else "|".join(map(repr, events.names))


class Catalog:
    """The features of a rulebook and the layout of a row.

    word: feature -> its first word (the newest time, the count, the total, the trait's value).
    kept: words of the kept part; width: words of the whole row.
    """

    def __init__(self, rulebook: Rulebook):
        self.rulebook = rulebook
        self.leaves = self._distinct_leaves()
        self.features = self._distinct_features()
        self.fields = [
            Field("clock", CLOCK, 1),
            Field("first_seen", FIRST_SEEN, 1),
            Field("newest_activity", NEWEST_ACTIVITY, 1),
            Field("ids", IDS, IDS_KEPT),
        ]
        self.word: dict[Feature, int] = {FirstSeen(): FIRST_SEEN}
        self.width = RULES_START
        self.rings = self._ring_lengths()
        self.ring_start: dict[Ring, int] = {}
        self._place_kept()
        self.kept = self.width
        self._place_derived()

    def _distinct_leaves(self) -> tuple[Leaf, ...]:
        return tuple(dict.fromkeys(leaf for rule in self.rulebook.segments for leaf in rule_leaves(rule)))

    def _distinct_features(self) -> tuple[Feature, ...]:
        read = [f for leaf in self.leaves for value in operands(leaf) for f in features(value)]
        included: list[Feature] = [Trait(name) for rule in self.rulebook.segments for name in rule.include]
        return tuple(dict.fromkeys(read + included))

    def _ring_lengths(self) -> tuple[Ring, ...]:
        lengths: dict[tuple[EventSet, Unit, str | None], int] = {}
        for w in self.windows:
            key = w.events, w.unit, w.prop
            lengths[key] = max(lengths.get(key, 0), w.length + w.before)
        return tuple(Ring(*key, length=length) for key, length in lengths.items())

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        return tuple(f for f in self.features if isinstance(f, Window))

    @cached_property
    def traits(self) -> tuple[str, ...]:
        """The names of all traits that rules read or include."""
        return tuple(dict.fromkeys(f.name for f in self.features if isinstance(f, Trait | TraitTime)))

    def ring_of(self, window: Window) -> Ring:
        return next(ring for ring in self.rings if window in self.windows_of(ring))

    def windows_of(self, ring: Ring) -> list[Window]:
        return [w for w in self.windows if (w.events, w.unit, w.prop) == ring.key]

    def _take(self, words: int) -> int:
        start, self.width = self.width, self.width + words
        return start

    def _keep(self, name: str, words: int, length: int = 0) -> int:
        start = self._take(words)
        self.fields.append(Field(name, start, words, length))
        return start

    def _place_kept(self) -> None:
        self.width = RULES_START
        for rule in self.rulebook.segments:
            self._keep(f"rule {rule.name}", WORDS_PER_RULE)
        for feature in self.features:
            match feature:
                case LastSeen(events):
                    self.word[feature] = self._keep(f"last_seen {_set_name(events)}", 1)
                case Lifetime(events):
                    self.word[feature] = self._keep(f"count {_set_name(events)}", 1)
                case _:
                    pass
        for ring in self.rings:
            name = f"{ring.unit}s {_set_name(ring.events)}" + (f" {ring.prop!r}" if ring.prop else "")
            self.ring_start[ring] = self._keep(name, ring.words, ring.length)

    def _place_derived(self) -> None:
        for feature in self.features:
            match feature:
                case Window(prop=prop):
                    self.word[feature] = self._take(WORDS_PER_SUM if prop else 1)
                case Trait():
                    self.word[feature] = self._take(2)  # the value and its kind
                case TraitTime():
                    self.word[feature] = self._take(1)
                case _:
                    pass

    @cached_property
    def event_names(self) -> tuple[str, ...]:
        """Every event name that a rule reads."""
        sets = [f.events for f in self.features if isinstance(f, Window | Lifetime | LastSeen)]
        return tuple(dict.fromkeys(name for s in sets for name in s.names or ()))

    @cached_property
    def reads(self) -> Reads:
        """What the decoder must read of an event. A sum over `any` reads its property of every event."""
        summed: dict[str, set[str]] = {}
        for window in self.windows:
            if window.prop is not None:
                for name in window.events.names if window.events.names is not None else ("",):
                    summed.setdefault(name, set()).add(window.prop)
        of_any = summed.pop("", set())
        named = {name: frozenset(props | of_any) for name, props in summed.items()}
        context = frozenset(t.removeprefix("context.") for t in self.traits if t.startswith("context."))
        return Reads(properties=named, context=context, of_any=frozenset(of_any))

    @cached_property
    def columns(self) -> dict[str, int]:
        """Property name -> column of an event's numbers."""
        return {p: i for i, p in enumerate(dict.fromkeys(w.prop for w in self.windows if w.prop is not None))}
