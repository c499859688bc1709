"""Rules as data for the kernel: the checked trees of a rulebook written into one flat array of words.

Comes in: a catalog (where each feature lies). Goes out: a `Program` (laid out as `streams.core.layout` says). A new
rule is a new program and compiles nothing.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.core.catalog import (
    NEWEST_ACTIVITY,
    RULES_START,
    WORDS_PER_RULE,
    Catalog,
    Ring,
    features,
    operands,
    rule_leaves,
)
from streams.core.features import EventSet, Feature, IdleSince, LastSeen, Lifetime, Trait, Window
from streams.core.layout import (
    ADD,
    AMOUNT,
    AND,
    BOOLEAN,
    BUCKET,
    COMPARE,
    CONSTANT,
    DIVIDE,
    ELAPSED,
    EQUAL,
    EVER,
    FADING,
    GREATER,
    GREATER_EQUAL,
    HEADER_WORDS,
    HOLDS,
    IDLE,
    IN_SEGMENT,
    INCLUDED_WORDS,
    INDEX,
    INSTRUCTION,
    IS_MISSING,
    LESS,
    LESS_EQUAL,
    LINE,
    LINE_WORDS,
    MISSING,
    MULTIPLY,
    NEWEST,
    NO,
    NOT,
    NUMBER,
    OR,
    PUSH_LEAF,
    PUSH_TRUTH,
    RESTLESS,
    RULE_WORDS,
    SHOWN_WORDS,
    STEADY,
    SUBTRACT,
    SUM,
    TALLY,
    TEXT,
    TOTAL,
    TOUCH_WORDS,
    TOUCHES,
    TRAIT,
    TRUTH,
    UNEQUAL,
    WITHIN,
    WORD,
    YES,
)
from streams.core.tree import (
    All,
    Always,
    Arithmetic,
    Compare,
    Comparison,
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

Ints = npt.NDArray[np.int64]

OPERATORS = {"<": LESS, "<=": LESS_EQUAL, ">": GREATER, ">=": GREATER_EQUAL, "==": EQUAL, "!=": UNEQUAL}
TURNED: dict[Comparison, Comparison] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
ARITHMETIC = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE}
LEAF_KINDS = {Compare: COMPARE, Within: WITHIN, Truth: TRUTH, Missing: IS_MISSING, InSegment: IN_SEGMENT}

Classes = tuple[int, int]


@dataclass(frozen=True)
class Program:
    """One rulebook, as the kernel reads it.

    words: the array. classes: event name -> addresses of its class where the event is no activity, and where it is;
    unread: the same for any name that no rule reads; amounts: the classes whose events' numbers are read.
    rule_words: by rule, its word in the row. line_words, space_words: how long a line of flips and the kernel's space
    are (the ranks of texts come on top).
    """

    words: Ints
    classes: dict[str, Classes]
    unread: Classes
    amounts: frozenset[int]
    rule_words: tuple[int, ...]
    line_words: int
    space_words: int


def number_bits(number: float) -> int:
    """The double's bits as a signed word."""
    bits: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return bits


def moves(value: Value) -> bool:
    """Whether the value itself goes with time, apart from what its windows count."""
    match value:
        case Elapsed():
            return True
        case Arithmetic(left=left, right=right):
            return moves(left) or moves(right)
        case _:
            return False


def windows_read(leaf: Leaf) -> list[Window]:
    return [f for value in operands(leaf) for f in features(value) if isinstance(f, Window)]


def _nature(leaf: Leaf) -> int:
    moving, windows = any(map(moves, operands(leaf))), windows_read(leaf)
    if not moving and not windows:
        return STEADY
    match leaf:
        case Compare(operator="<" | "<=" | ">" | ">=", left=left):
            if not windows:
                return LINE
            faded = isinstance(left, Read) and windows == [left.feature] and windows[0].prop is None
            return FADING if faded and not moving and not windows[0].before else RESTLESS
        case _:
            return RESTLESS


def _truths(leaf: Leaf) -> tuple[int, int]:
    """The truth to note of a leaf where it does not hold, and where it does. A count that fades only falls."""
    nature = _nature(leaf)
    faded = leaf.operator if nature == FADING and isinstance(leaf, Compare) else None
    may_begin = nature != STEADY and faded not in (">", ">=")
    may_end = nature != STEADY and faded not in ("<", "<=")
    return EVER if may_begin else NO, HOLDS | EVER if may_end else YES


def turned(leaf: Leaf) -> Leaf:
    """The same comparison with its constant on the right."""
    match leaf:
        case Compare(operator, Constant() as left, right, text) if not isinstance(right, Constant):
            return Compare(TURNED[operator], right, left, text)
        case _:
            return leaf


def _reading(feature: Feature) -> int:
    match feature:
        case Trait():
            return TRAIT
        case Window(prop=prop) if prop is not None:
            return SUM
        case _:
            return TOTAL


class _Writer:
    """Writes one rulebook. `text_code` gives a text its number."""

    def __init__(self, catalog: Catalog, text_code: dict[str, int]):
        self.catalog = catalog
        self.rules = catalog.rulebook.segments
        self.text_code = text_code
        self.words: list[int] = [0] * HEADER_WORDS
        self.rule_at = {rule.name: self.put([0] * RULE_WORDS) for rule in self.rules}
        self.window_at: dict[Window, int] = {}
        self.ring_at = {ring: self._ring(ring) for ring in catalog.rings}
        self.leaf_at = {leaf: self._leaf(i, leaf) for i, leaf in enumerate(catalog.leaves)}

    def put(self, words: Iterable[int]) -> int:
        address = len(self.words)
        self.words += words
        return address

    def put_list(self, items: Sequence[int]) -> int:
        return self.put([len(items), *items])

    def constant(self, value: float | str | bool) -> tuple[int, int]:
        """The bits and the kind of a constant."""
        match value:
            case bool():
                return number_bits(float(value)), BOOLEAN
            case str():
                return number_bits(self.text_code.setdefault(value, len(self.text_code))), TEXT
            case _:
                return number_bits(value), NUMBER

    def _instructions(self, value: Value) -> list[tuple[int, int, int]]:
        match value:
            case Constant(constant):
                bits, kind = self.constant(constant)
                return [(CONSTANT, kind, bits)]
            case Elapsed(instant, unit_ms, sign):
                bits = number_bits(sign * unit_ms)
                if isinstance(instant, IdleSince):
                    return [(IDLE, NEWEST_ACTIVITY, bits)]
                return [(ELAPSED, self.catalog.word[instant], bits)]
            case Read(feature):
                return [(_reading(feature), self.catalog.word[feature], 0)]
            case Arithmetic(operator, left, right):
                return [*self._instructions(left), *self._instructions(right), (ARITHMETIC[operator], 0, 0)]

    def _value(self, value: Value | None) -> int:
        code = self._instructions(value) if value is not None else []
        return self.put([len(code), *(word for instruction in code for word in instruction)])

    def _options(self, leaf: Leaf) -> int:
        coded = list(map(self.constant, leaf.options)) if isinstance(leaf, Within) else []
        return self.put([coded[0][1] if coded else MISSING, len(coded), *(bits for bits, _ in coded)])

    def _operator(self, leaf: Leaf) -> int:
        match leaf:
            case Compare(operator=operator):
                return OPERATORS[operator]
            case Within(negated=negated):
                return int(negated)
            case InSegment(segment=segment):
                return self.rule_at[segment]
            case _:
                return 0

    def _leaf(self, index: int, leaf: Leaf) -> int:
        leaf = turned(leaf)
        left, right = (*operands(leaf), None, None)[:2]
        pairs = [(self.ring_at[self.catalog.ring_of(w)], self.window_at[w]) for w in windows_read(leaf)]
        return self.put(
            [
                *(index, LEAF_KINDS[type(leaf)], self._operator(leaf), _nature(leaf)),
                *(self._value(left), self._value(right), self._options(leaf)),
                self.put([len(pairs), *(address for pair in pairs for address in pair)]),
                *_truths(leaf),
            ]
        )

    def _ring(self, ring: Ring) -> int:
        windows = self.catalog.windows_of(ring)
        for w in windows:
            self.window_at[w] = self.put([w.length, w.before, self.catalog.word[w], int(w.statistic == "active_days")])
        listed = self.put_list([self.window_at[w] for w in windows])
        days, sums = int(ring.unit == "day"), int(ring.prop is not None)
        return self.put([days, sums, self.catalog.ring_start[ring], ring.length, listed])

    def _steps(self, condition: Condition) -> list[tuple[int, int]]:
        match condition:
            case All(parts) | Some(parts):
                both = AND if isinstance(condition, All) else OR
                return [*(step for part in parts for step in self._steps(part)), (both, len(parts))]
            case Not(part):
                return [*self._steps(part), (NOT, 0)]
            case Always(truth):
                return [(PUSH_TRUTH, int(truth))]
            case _:
                return [(PUSH_LEAF, self.words[self.leaf_at[condition] + INDEX])]

    def _condition(self, condition: Condition) -> int:
        steps = self._steps(condition)
        return self.put([len(steps), *(word for step in steps for word in step)])

    def fill_rules(self) -> None:
        for i, rule in enumerate(self.rules):
            words = [
                i,
                RULES_START + WORDS_PER_RULE * i,
                self._condition(rule.enter),
                0 if rule.exit is None else self._condition(rule.exit),
                rule.min_stay_ms,
                self.put_list([self.leaf_at[leaf] for leaf in rule_leaves(rule)]),
                self.put_list([self.catalog.word[Trait(name)] for name in rule.include]),
            ]
            self.words[self.rule_at[rule.name] : self.rule_at[rule.name] + RULE_WORDS] = words

    def put_class(self, touches: list[tuple[int, int, int]], rules: Sequence[str]) -> int:
        touched = self.put([len(touches), *(word for touch in touches for word in touch)])
        read = dict.fromkeys(leaf for rule in self.rules if rule.name in rules for leaf in rule_leaves(rule))
        leaves = self.put_list([self.leaf_at[leaf] for leaf in read if not isinstance(leaf, InSegment)])
        return self.put([touched, leaves, self.put_list([self.rule_at[name] for name in rules])])

    def touches(self, touched: set[EventSet]) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = []
        for feature, word in self.catalog.word.items():
            if isinstance(feature, LastSeen | Lifetime) and feature.events in touched:
                found.append((NEWEST if isinstance(feature, LastSeen) else TALLY, word, 0))
        for ring, address in self.ring_at.items():
            if ring.events in touched:
                what, column = (BUCKET, 0) if ring.prop is None else (AMOUNT, self.catalog.columns[ring.prop])
                found.append((what, address, column))
        return found


def _segments_read(catalog: Catalog, rule: str) -> list[str]:
    own = next(each for each in catalog.rulebook.segments if each.name == rule)
    return [leaf.segment for leaf in rule_leaves(own) if isinstance(leaf, InSegment)]


def evaluation_order(catalog: Catalog) -> list[str]:
    """The rules' names, each after those it reads by `in_segment`; else in order."""
    order: list[str] = []

    def visit(rule: str) -> None:
        for other in _segments_read(catalog, rule):
            visit(other)
        if rule not in order:
            order.append(rule)

    for name in catalog.rulebook.names:
        visit(name)
    return order


def _changes(leaf: Leaf, touched: set[EventSet], active: bool) -> bool:
    """Whether an event that touches these sets can change a leaf's truth."""
    for feature in (f for value in operands(leaf) for f in features(value)):
        if isinstance(feature, Window | Lifetime | LastSeen) and feature.events in touched:
            return True
        if isinstance(feature, IdleSince) and active:
            return True
    return False


def _rules_with(catalog: Catalog, leaves: set[Leaf]) -> list[str]:
    """The rules with one of these leaves, and those that read such a rule by in_segment, in evaluation order."""
    own = {rule.name: rule_leaves(rule) for rule in catalog.rulebook.segments}
    found: list[str] = []
    for name in evaluation_order(catalog):
        if leaves.intersection(own[name]) or set(_segments_read(catalog, name)).intersection(found):
            found.append(name)
    return found


def _write_classes(writer: _Writer, name: str | None) -> Classes:
    """The classes of events of one name, or of any name that no rule reads: not active, and active."""
    catalog = writer.catalog
    sets = {f.events for f in catalog.features if isinstance(f, Window | Lifetime | LastSeen)}
    classes: list[int] = []
    for active in (False, True):
        touched = {each for each in sets if (active if each.names is None else name in each.names)}
        rules = _rules_with(catalog, {leaf for leaf in catalog.leaves if _changes(leaf, touched, active)})
        classes.append(writer.put_class(writer.touches(touched), rules))
    return classes[0], classes[1]


def _amounts(words: list[int], classes: Iterable[int]) -> frozenset[int]:
    def reads_a_number(address: int) -> bool:
        touches = words[address + TOUCHES]
        return any(words[touches + 1 + TOUCH_WORDS * i] == AMOUNT for i in range(words[touches]))

    return frozenset(filter(reads_a_number, classes))


def write_program(catalog: Catalog, utc_offset_ms: int, text_code: dict[str, int]) -> Program:
    """Write a rulebook's program. Texts that its conditions name are added to `text_code` (text -> code)."""
    rules = catalog.rulebook.segments
    writer = _Writer(catalog, text_code)
    writer.fill_rules()
    unread = _write_classes(writer, None)
    classes = {name: _write_classes(writer, name) for name in catalog.event_names}
    everything = writer.put_class([], evaluation_order(catalog))
    all_rules, rings = writer.put_list([*writer.rule_at.values()]), writer.put_list([*writer.ring_at.values()])
    words, leaf_count = writer.words, len(catalog.leaves)
    # No code is longer than the whole program, so that its stack needs no more room than that.
    places = np.cumsum([0, INSTRUCTION * len(words), leaf_count, leaf_count, leaf_count, len(rules)]).tolist()
    shown = LINE_WORDS + len(rules)
    included = shown + SHOWN_WORDS * max((len(rule_leaves(rule)) for rule in rules), default=0)
    words[:HEADER_WORDS] = [
        utc_offset_ms,
        leaf_count,
        all_rules,
        rings,
        everything,
        *places,
        LINE_WORDS,
        shown,
        included,
    ]
    return Program(
        words=np.array(words, np.int64),
        classes=classes,
        unread=unread,
        amounts=_amounts(words, [*unread, *(each for pair in classes.values() for each in pair)]),
        rule_words=tuple(words[address + WORD] for address in writer.rule_at.values()),
        line_words=included + INCLUDED_WORDS * max((len(rule.include) for rule in rules), default=0),
        space_words=places[-1],
    )
