"""What is live: how the rules run, what each reads and costs, and since when its counts have been kept.

Comes in: the rules as the files say them, and the heads of the shards as workers left them. Goes out: an `Inventory`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from streams.core.calendar import UTC, Calendar
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.fields import field_name
from streams.core.explain.costs import WORD_BYTES, own_bytes
from streams.core.language.render import named, render, render_value
from streams.core.profiles.snapshot import Head, RowSchema
from streams.core.profiles.warmup import covered_from
from streams.core.rules.nodes import Feature, InSegment, Leaf, Value, Window
from streams.core.rules.rulebook import Rule, Rulebook, Scores
from streams.core.rules.traversal import DIMENSIONS, features, leaves, measure, operands, rule_leaves

Readings = Mapping[str, tuple[Feature, ...]]


class FieldRead(NamedTuple):
    """A feature as the language writes it.

    since_ms: from when on every event is in it; None where it has had them all. covered_from_ms: from when on none of
    its windows needs an earlier one; None where there is no window, or none that ever did.
    """

    text: str
    since_ms: int | None
    covered_from_ms: int | None


class LiveRule(NamedTuple):
    """A rule and how it is doing.

    as_said, otherwise: how many shards run it as its file says, and as another version. own_bytes: of the row, what no
    other rule needs.
    """

    rule: Rule
    as_said: int
    otherwise: int
    own_bytes: int
    readings: tuple[FieldRead, ...]

    def warming_until(self, now_ms: int) -> int | None:
        """When every window that it reads is covered; None where they all are."""
        return _covered_after(now_ms, self.readings)


class Inventory(NamedTuple):
    """gone: the rules that shards run and no file says, each with what its members are in. time_ms: how far time has
    come where it has come farthest. row_bytes: of a profile's row, by the files. unevaluated: how many profiles wait to
    be evaluated under rules that were applied.
    """

    rules: tuple[LiveRule, ...]
    gone: Mapping[str, tuple[str, ...]]
    shards: int
    time_ms: int
    row_bytes: int
    unevaluated: int


def take_inventory(rulebook: Rulebook, heads: Sequence[Head], calendar: Calendar = UTC) -> Inventory:
    """heads: of one shard or more, whose days are those of the calendar."""
    schemas = [head.schemas[head.current] for head in heads]
    return Inventory(
        tuple(_live(rulebook, rule, heads, calendar) for rule in rulebook.rules),
        _gone(rulebook, schemas),
        len(heads),
        max(head.time_ms for head in heads),
        _row_bytes(rulebook),
        sum(head.unevaluated for head in heads),
    )


def warming(rulebook: Rulebook, kept_since: Mapping[str, int], calendar: Calendar, now_ms: int) -> Mapping[str, int]:
    """By one shard, of which `kept_since` is as its head has it: the rules of which a window is not covered yet, by
    name, each with the instant (ms) at which all are."""
    if not kept_since:
        return {}
    found = {
        name: _covered_after(now_ms, [_reading(text, parts, [kept_since], calendar) for text, parts in read.items()])
        for name, read in _readings(rulebook).items()
    }
    return {name: until_ms for name, until_ms in found.items() if until_ms is not None}


def read_by(rulebook: Rulebook, rule: Rule) -> Readings:
    """The features that a rule reads, as the language writes them, each with what it is made of."""
    found: dict[str, tuple[Feature, ...]] = {}
    for part in (part for value in _values(rule) for part in named(value)):
        found[render_value(part)] = tuple(features(part, rulebook.scores))
    for leaf in _own_leaves(rule):
        if isinstance(leaf, InSegment):
            asked = read_by(rulebook, rulebook.by_name[leaf.segment])
            found[render(leaf)] = tuple(each for parts in asked.values() for each in parts)
    return found


def _values(rule: Rule) -> Iterator[Value]:
    if isinstance(rule, Scores):
        yield from (measure(rule, dimension) for dimension in DIMENSIONS)
    yield from (value for leaf in _own_leaves(rule) for value in operands(leaf))


def _own_leaves(rule: Rule) -> Iterable[Leaf]:
    """Those of the conditions that somebody wrote."""
    if isinstance(rule, Scores):
        return () if rule.among is None else leaves(rule.among)
    return rule_leaves(rule)


@lru_cache(maxsize=4)
def _row_bytes(rulebook: Rulebook) -> int:
    return row_bytes_of(rulebook.rules)


@lru_cache(maxsize=4)
def _own_bytes(rulebook: Rulebook) -> Mapping[str, int]:
    """Kept, as what is read, for whoever looks again and again."""
    return own_bytes(rulebook)


@lru_cache(maxsize=4)
def _readings(rulebook: Rulebook) -> Mapping[str, Readings]:
    return {rule.name: read_by(rulebook, rule) for rule in rulebook.rules}


def _live(rulebook: Rulebook, rule: Rule, heads: Sequence[Head], calendar: Calendar) -> LiveRule:
    versions = [head.schemas[head.current].rules.get(rule.key) for head in heads]
    as_said = [head for head, version in zip(heads, versions, strict=True) if version == rule.version]
    kept_since = [head.kept_since for head in as_said]
    return LiveRule(
        rule,
        len(as_said),
        len(heads) - len(as_said) - versions.count(None),
        _own_bytes(rulebook)[rule.name],
        tuple(_reading(text, parts, kept_since, calendar) for text, parts in _readings(rulebook)[rule.name].items()),
    )


def _reading(
    text: str, parts: Sequence[Feature], kept_since: Sequence[Mapping[str, int]], calendar: Calendar
) -> FieldRead:
    """kept_since: of each shard, by field, as `Head` has it."""
    kept = [(part, since.get(name)) for part in parts if (name := field_name(part)) for since in kept_since]
    lacking = [(part, since_ms) for part, since_ms in kept if since_ms is not None]
    windows = [covered_from(part, since_ms, calendar) for part, since_ms in lacking if isinstance(part, Window)]
    return FieldRead(text, max((since_ms for _, since_ms in lacking), default=None), max(windows, default=None))


def _covered_after(now_ms: int, readings: Iterable[FieldRead]) -> int | None:
    """When all windows are covered, where one of them is not now."""
    coming = [each.covered_from_ms for each in readings if each.covered_from_ms is not None]
    return max((ms for ms in coming if ms > now_ms), default=None)


def _gone(rulebook: Rulebook, schemas: Sequence[RowSchema]) -> Mapping[str, tuple[str, ...]]:
    found = {rule: segments for schema in schemas for rule, segments in schema.segments.items()}
    return {rule: found[rule] for rule in sorted(found.keys() - {rule.key for rule in rulebook.rules})}


def row_bytes_of(rules: Sequence[Rule]) -> int:
    """Of a profile's row in memory."""
    return WORD_BYTES * Catalog(Rulebook(tuple(rules))).width
