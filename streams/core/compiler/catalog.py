"""The catalog: which features the rules read, and where each has its place in a profile's row.

Comes in: a rulebook. Goes out: the layout of the row, in 8-byte words, and what to decode of an event.
A row has a *kept* part, which is stored, and a *derived* part, which can be made anew from it, the
profile's document and the rules: totals of windows, trait values, and what is known of the rules.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from streams.core.compiler.event_filters import properties_read
from streams.core.compiler.fields import (
    CONTEXT,
    Field,
    Kind,
    Ring,
    RingKey,
    latest_name,
    latest_of,
    own_name,
    ring_key,
    trait_of,
)
from streams.core.events import Reads
from streams.core.kernel.layout import (
    AMOUNT,
    CLOCK,
    FEWEST_IDS,
    FIRST_SEEN,
    IDS,
    NEWEST_ACTIVITY,
    RULES_A_WORD,
    WORDS_PER_RULE,
)
from streams.core.rules.nodes import (
    Condition,
    EventSet,
    Feature,
    FirstSeen,
    Holds,
    How,
    IdleSince,
    LastSeen,
    Latest,
    LatestTime,
    Leaf,
    Lifetime,
    Lowered,
    Trait,
    TraitTime,
    Window,
)
from streams.core.rules.rulebook import Rulebook, Tier
from streams.core.rules.statistics import STATISTICS
from streams.core.rules.traversal import DIMENSIONS, events_of, features, leaf_features, measure, rule_leaves


class Places(NamedTuple):
    """Where in a row is what follows from a value of the document: the value and its kind, the same in small letters,
    the time that it holds, and whether it (or the same in small letters) holds what is wanted.
    """

    value: int | None
    lowered: int | None
    time: int | None
    holds: tuple[tuple[How, str, int], ...]
    lowered_holds: tuple[tuple[How, str, int], ...]


class Catalog:
    """The features of a rulebook and the layout of a row.

    word: feature -> its first word (the newest time, the count, the total, the trait's value).
    kept: words of the kept part; width: words of the whole row. rules_start: where those of the rules begin.
    remembered_ids: of how many accepted ids a row knows.
    time_driven, blocked: the first of `rule_set_words` words with a bit for each rule: whether time alone may change
    its level; whether a leaf without which nobody enters keeps the subject out.
    """

    def __init__(self, rulebook: Rulebook, remembered_ids: int = FEWEST_IDS):
        self.rulebook = rulebook
        self.remembered_ids = remembered_ids
        self.rules_start = IDS + remembered_ids
        self.leaves = self._distinct_leaves()
        self.features = self._distinct_features()
        self.fields = [
            Field("clock", CLOCK, 1, kind=Kind.CLOCK),
            Field("first_seen", FIRST_SEEN, 1, kind=Kind.FIRST),
            Field("newest_activity", NEWEST_ACTIVITY, 1, kind=Kind.NEWEST),
            Field("ids", IDS, remembered_ids, kind=Kind.IDS),
        ]
        self.word: dict[Feature, int] = {FirstSeen(): FIRST_SEEN}
        self.width = self.rules_start
        self.rings = self._rings()
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

    def _rings(self) -> tuple[Ring, ...]:
        return tuple(Ring(*key, length=length) for key, length in ring_lengths(self.features).items())

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        return tuple(f for f in self.features if isinstance(f, Window))

    @cached_property
    def traits(self) -> tuple[str, ...]:
        """The names of all traits that rules read or include."""
        return tuple(dict.fromkeys(name for name in map(trait_of, self.features) if name is not None))

    @cached_property
    def latest(self) -> tuple[Latest, ...]:
        """All that rules read of the newest events."""
        return tuple(dict.fromkeys(latest for latest in map(latest_of, self.features) if latest is not None))

    @cached_property
    def distinct(self) -> tuple[Ring, ...]:
        """The rings in which each value is counted where it was seen last."""
        return tuple(ring for ring in self.rings if ring.kind is Kind.VALUES)

    def ring_of(self, window: Window) -> Ring:
        return next(ring for ring in self.rings if window in self.windows_of(ring))

    def windows_of(self, ring: Ring) -> list[Window]:
        key = ring.events, ring.unit, ring.statistic, ring.prop
        return [window for window in self.windows if ring_key(window) == key]

    def _take(self, words: int) -> int:
        start, self.width = self.width, self.width + words
        return start

    def _keep(self, name: str, kind: Kind, words: int = 0, length: int = 0) -> int:
        start = self._take(words)
        self.fields.append(Field(name, start, words, length, kind))
        return start

    def _place_kept(self) -> None:
        self.width = self.rules_start
        for rule in self.rulebook.groupings:
            self._keep(f"rule {rule.key}", Kind.TIER if isinstance(rule, Tier) else Kind.SEGMENT, WORDS_PER_RULE)
        for feature in self.features:
            match feature:
                case LastSeen():
                    self.word[feature] = self._keep(own_name(feature), Kind.NEWEST, words_of(feature))
                case Lifetime():
                    self.word[feature] = self._keep(own_name(feature), Kind.TALLY, words_of(feature))
                case _:
                    pass
        for ring in self.rings:
            self.ring_start[ring] = self._keep(ring.name, ring.kind, ring.words, ring.length)
        for latest in self.latest:
            self._keep(latest_name(latest), Kind.DOCUMENT)
        for trait in self.traits:
            if trait.startswith(CONTEXT):
                self._keep(trait, Kind.DOCUMENT)

    @cached_property
    def rule_set_words(self) -> int:
        return -(-len(self.rulebook.groupings) // RULES_A_WORD)

    def _place_derived(self) -> None:
        self.time_driven, self.blocked = self._take(self.rule_set_words), self._take(self.rule_set_words)
        for feature in self.features:
            if feature not in self.word and (words := words_of(feature)):
                self.word[feature] = self._take(words)

    def places(self, source: Trait | Latest) -> Places:
        """Where what follows from a trait or a latest property is written."""
        time = TraitTime(source.name) if isinstance(source, Trait) else LatestTime(source.events, source.prop)
        small = Lowered(source)
        value, lowered, instant = (self.word.get(feature) for feature in (source, small, time))
        return Places(value, lowered, instant, self._held(source), self._held(small))

    def _held(self, source: Trait | Latest | Lowered) -> tuple[tuple[How, str, int], ...]:
        found = ((f, at) for f, at in self.word.items() if isinstance(f, Holds) and f.of == source)
        return tuple((f.how, f.wanted, at) for f, at in found)

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
        numbers = [w.prop for w in self.windows if STATISTICS[w.statistic].told_by == AMOUNT and w.prop is not None]
        wheres = [events.where for events in self.event_sets if events.where is not None]
        told: list[str | Condition | Ring] = [*numbers, *wheres, *self.distinct]
        return {each: column for column, each in enumerate(dict.fromkeys(told))}


def words_of(feature: Feature) -> int:
    """Of a feature by itself, beside the ring that it may share with others."""
    match feature:
        case Window(statistic):
            return STATISTICS[statistic].bucket.total_words
        case Trait() | Latest() | Lowered():
            return 2  # the value and its kind
        case LastSeen() | Lifetime() | TraitTime() | LatestTime() | Holds():
            return 1
        case FirstSeen() | IdleSince():
            return 0  # every row has them


def ring_lengths(read: Iterable[Feature]) -> dict[RingKey, int]:
    """How many buckets each ring must have for what is read."""
    lengths: dict[RingKey, int] = {}
    for window in read:
        if isinstance(window, Window):
            key = ring_key(window)
            lengths[key] = max(lengths.get(key, 0), window.length + window.before)
    return lengths
