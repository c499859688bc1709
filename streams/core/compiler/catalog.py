"""The catalog: which features the rules read, and where each has its place in a profile's row.

Comes in: a rulebook. Goes out: the layout of the row, in 8-byte words, and what to decode of an event.
A row has a *kept* part, which is stored, and a *derived* part, which can be made anew from it, the
profile's document and the rules: totals of windows, trait values, and what is known of
the rules and the rings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from streams.core.compiler.event_filters import properties_read
from streams.core.events import Reads
from streams.core.instants import DAY_MS, HOUR_MS
from streams.core.kernel.layout import (
    CLOCK,
    COUNTS,
    FIRST_SEEN,
    GREATEST,
    IDS,
    IDS_KEPT,
    LEAST,
    NEWEST_ACTIVITY,
    RULES_A_WORD,
    RULES_START,
    SUMS,
    WORDS_PER_RULE,
)
from streams.core.language.render import render
from streams.core.rules.nodes import (
    Condition,
    EventSet,
    Feature,
    FirstSeen,
    Holds,
    LastSeen,
    Latest,
    LatestTime,
    Leaf,
    Lifetime,
    Statistic,
    Trait,
    TraitTime,
    Unit,
    Window,
)
from streams.core.rules.rulebook import Grouping, Rulebook, Tier
from streams.core.rules.traversal import DIMENSIONS, events_of, features, leaf_features, leaves, measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONTEXT = "context."  # begins the names of the traits that are kept only where a rule reads them
OF_NUMBERS = frozenset({"sum", "values", "min", "max"})  # the statistics
WORDS_PER_SUM = 2  # whole units and millionths apart: a total of 9e12 has no room for more in one word


@dataclass(frozen=True, slots=True)
class Ring:
    """Buckets of a day or an hour; shared by all windows of a statistic over the same events and property."""

    events: EventSet
    unit: Unit
    statistic: Statistic
    prop: str | None
    length: int

    @property
    def holds(self) -> int:
        """What its buckets hold, as `streams.core.kernel.buckets` says."""
        return {"sum": SUMS, "min": LEAST, "max": GREATEST}.get(self.statistic, COUNTS)

    @property
    def words(self) -> int:
        if self.holds == COUNTS:
            return (self.length + 1) // 2
        return self.length * (WORDS_PER_SUM if self.holds == SUMS else 1)

    @property
    def name(self) -> str:
        """Of its field; not to be changed, because stored rows bear it."""
        about = "" if self.statistic in ("count", "sum") else f" {self.statistic}"
        return f"{self.unit}s {_set_name(self.events)}{about}" + (f" {self.prop!r}" if self.prop else "")


Instants = TypeVar("Instants", int, "NDArray[np.int64]")
RingKey = tuple[EventSet, Unit, Statistic, str | None]


def _ring_key(window: Window) -> RingKey:
    """Active days are read from counts."""
    counted: Statistic = "count" if window.statistic == "active_days" else window.statistic
    return window.events, window.unit, counted, window.prop


class Places(NamedTuple):
    """Where in a row is what follows from a value of the document: the value and its kind, the time that it holds, and
    whether it holds what is spelled so.
    """

    value: int | None
    time: int | None
    holds: tuple[tuple[str, int], ...]


def bucket_of(ms: Instants, is_days: bool, utc_offset_ms: int) -> Instants:
    """The day or the hour of an instant, or of many."""
    return (ms + utc_offset_ms) // DAY_MS if is_days else ms // HOUR_MS


@dataclass(frozen=True, slots=True)
class Field:
    """A named stretch of the kept part, of no words where the document alone has what is kept.

    length: how many buckets a ring has; 0 for all else.
    """

    name: str
    start: int
    words: int
    length: int = 0

    @property
    def is_days(self) -> bool:
        """Of a ring: whether its buckets are days, and not hours."""
        return self.name.startswith("days")

    def oldest_bucket(self, clock_ms: int, utc_offset_ms: int) -> int:
        """The oldest bucket of a ring that still counts."""
        return bucket_of(clock_ms, self.is_days, utc_offset_ms) - self.length + 1


def conditions(rule: Grouping) -> tuple[Condition, ...]:
    """A tier's by level; else `enter`, then `exit`."""
    if isinstance(rule, Tier):
        return tuple(level.condition for level in rule.levels)
    return (rule.enter,) if rule.exit is None else (rule.enter, rule.exit)


def rule_leaves(rule: Grouping) -> tuple[Leaf, ...]:
    """The leaves of all conditions of a rule; equal texts once."""
    found: dict[str, Leaf] = {}
    for condition in conditions(rule):
        for leaf in leaves(condition):
            found.setdefault(leaf.text, leaf)
    return tuple(found.values())


def _set_name(events: EventSet) -> str:
    names = "any" if events.names is None else "|".join(map(repr, events.names))
    return names if events.where is None else f"{names} where {render(events.where)}"


def latest_name(latest: Latest) -> str:
    """Of its field; not to be changed, because stored documents bear it."""
    return f"latest {_set_name(latest.events)} {latest.prop!r}"


def _own_name(feature: LastSeen | Lifetime) -> str:
    """Of its field; not to be changed, because stored rows bear it."""
    return f"{'last_seen' if isinstance(feature, LastSeen) else 'count'} {_set_name(feature.events)}"


def _trait_of(feature: Feature) -> str | None:
    match feature:
        case Trait(name) | TraitTime(name) | Holds(of=Trait(name)):
            return name
    return None


def _latest_of(feature: Feature) -> Latest | None:
    match feature:
        case Latest(events, prop) | LatestTime(events, prop) | Holds(of=Latest(events, prop)):
            return Latest(events, prop)
    return None


def field_name(feature: Feature) -> str | None:
    """The field with what a feature is made of, which is kept because a rule reads it; None where it always is."""
    match feature:
        case Window():
            return Ring(*_ring_key(feature), length=feature.length + feature.before).name
        case LastSeen() | Lifetime():
            return _own_name(feature)
    latest, trait = _latest_of(feature), _trait_of(feature)
    if latest is not None:
        return latest_name(latest)
    return trait if trait is not None and trait.startswith(CONTEXT) else None


class Catalog:
    """The features of a rulebook and the layout of a row.

    word: feature -> its first word (the newest time, the count, the total, the trait's value).
    kept: words of the kept part; width: words of the whole row.
    time_driven, blocked: the first of `rule_set_words` words with a bit for each rule: whether time alone may change
    its level; whether a leaf without which nobody enters keeps the subject out.
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
        return tuple(dict.fromkeys(leaf for rule in self.rulebook.groupings for leaf in rule_leaves(rule)))

    def _distinct_features(self) -> tuple[Feature, ...]:
        read = [feature for leaf in self.leaves for feature in leaf_features(leaf, self.rulebook.scores)]
        for rule in self.rulebook.scores.values():
            read += [feature for dimension in DIMENSIONS for feature in features(measure(rule, dimension))]
        included: list[Feature] = [Trait(name) for rule in self.rulebook.groupings for name in rule.include]
        return tuple(dict.fromkeys(read + included))

    def _ring_lengths(self) -> tuple[Ring, ...]:
        lengths: dict[RingKey, int] = {}
        for window in self.windows:
            key = _ring_key(window)
            lengths[key] = max(lengths.get(key, 0), window.length + window.before)
        return tuple(Ring(*key, length=length) for key, length in lengths.items())

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        return tuple(f for f in self.features if isinstance(f, Window))

    @cached_property
    def traits(self) -> tuple[str, ...]:
        """The names of all traits that rules read or include."""
        return tuple(dict.fromkeys(name for name in map(_trait_of, self.features) if name is not None))

    @cached_property
    def latest(self) -> tuple[Latest, ...]:
        """All that rules read of the newest events."""
        return tuple(dict.fromkeys(latest for latest in map(_latest_of, self.features) if latest is not None))

    @cached_property
    def distinct(self) -> tuple[Ring, ...]:
        """The rings in which each value is counted where it was seen last."""
        return tuple(ring for ring in self.rings if ring.statistic == "distinct")

    def ring_of(self, window: Window) -> Ring:
        return next(ring for ring in self.rings if window in self.windows_of(ring))

    def windows_of(self, ring: Ring) -> list[Window]:
        key = ring.events, ring.unit, ring.statistic, ring.prop
        return [window for window in self.windows if _ring_key(window) == key]

    def _take(self, words: int) -> int:
        start, self.width = self.width, self.width + words
        return start

    def _keep(self, name: str, words: int, length: int = 0) -> int:
        start = self._take(words)
        self.fields.append(Field(name, start, words, length))
        return start

    def _place_kept(self) -> None:
        self.width = RULES_START
        for name in self.rulebook.names:
            self._keep(f"rule {name}", WORDS_PER_RULE)
        for feature in self.features:
            match feature:
                case LastSeen() | Lifetime():
                    self.word[feature] = self._keep(_own_name(feature), 1)
                case _:
                    pass
        for ring in self.rings:
            self.ring_start[ring] = self._keep(ring.name, ring.words, ring.length)
        for latest in self.latest:
            self._keep(latest_name(latest), 0)
        for trait in self.traits:
            if trait.startswith(CONTEXT):
                self._keep(trait, 0)

    @cached_property
    def rule_set_words(self) -> int:
        return -(-len(self.rulebook.groupings) // RULES_A_WORD)

    def _place_derived(self) -> None:
        self.time_driven, self.blocked = self._take(self.rule_set_words), self._take(self.rule_set_words)
        self.ring_oldest = {ring: self._take(1) for ring in self.rings}
        for feature in self.features:
            match feature:
                case Window("sum"):
                    self.word[feature] = self._take(WORDS_PER_SUM)
                case Trait() | Latest():
                    self.word[feature] = self._take(2)  # the value and its kind
                case Window() | TraitTime() | LatestTime() | Holds():
                    self.word[feature] = self._take(1)
                case _:
                    pass

    def places(self, source: Trait | Latest) -> Places:
        """Where what follows from a trait or a latest property is written."""
        time = TraitTime(source.name) if isinstance(source, Trait) else LatestTime(source.events, source.prop)
        held = tuple((f.wanted, at) for f, at in self.word.items() if isinstance(f, Holds) and f.of == source)
        return Places(self.word.get(source), self.word.get(time), held)

    @cached_property
    def event_sets(self) -> tuple[EventSet, ...]:
        """Every set of events that a feature is about."""
        return tuple(dict.fromkeys(s for s in map(events_of, self.features) if s is not None))

    @cached_property
    def event_names(self) -> tuple[str, ...]:
        """Every event name that a rule reads."""
        return tuple(dict.fromkeys(name for s in self.event_sets for name in s.names or ()))

    @cached_property
    def reads(self) -> Reads:
        """What the decoder must read of an event. What is read of `any` is read of every event."""
        of_name: dict[str, set[str]] = {}
        for events, prop in self._properties_read():
            for name in events.names if events.names is not None else ("",):
                of_name.setdefault(name, set()).add(prop)
        of_any = of_name.pop("", set())
        named = {name: frozenset(props | of_any) for name, props in of_name.items()}
        context = frozenset(t.removeprefix(CONTEXT) for t in self.traits if t.startswith(CONTEXT))
        return Reads(properties=named, context=context, of_any=frozenset(of_any))

    def _properties_read(self) -> Iterator[tuple[EventSet, str]]:
        for window in self.windows:
            if window.prop is not None:
                yield window.events, window.prop
        for latest in self.latest:
            yield latest.events, latest.prop
        for events in self.event_sets:
            for prop in properties_read(events.where) if events.where is not None else ():
                yield events, prop

    @cached_property
    def columns(self) -> Mapping[str | Condition | Ring, int]:
        """What the kernel is told of an event, each in a column: numbers by property, whether a `where` holds, in which
        bucket the value that a ring counts was counted until now.
        """
        numbers = [w.prop for w in self.windows if w.statistic in OF_NUMBERS and w.prop is not None]
        wheres = [events.where for events in self.event_sets if events.where is not None]
        told: list[str | Condition | Ring] = [*numbers, *wheres, *self.distinct]
        return {each: column for column, each in enumerate(dict.fromkeys(told))}
