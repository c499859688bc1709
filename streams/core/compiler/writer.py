"""The records of a program: what of a rulebook is a leaf, a ring, a rule or a class of events, each in words.

Comes in: a catalog. Goes out: their words and addresses, of which `program.py` makes the whole.
"""

from collections.abc import Collection, Iterable

from streams.core.compiler.assembler import Assembler
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.codegen import Coder
from streams.core.compiler.dependencies import evaluation_order, rules_read
from streams.core.compiler.fields import Ring
from streams.core.compiler.time_dependence import (
    may_be_advanced,
    time_dependence,
    truths,
    windows_read,
    with_constant_on_right,
)
from streams.core.kernel.layout import (
    AND,
    BUCKET,
    COMPARE,
    CONSTANT,
    EQUAL,
    GREATER,
    GREATER_EQUAL,
    HAS,
    IN_SEGMENT,
    INDEX,
    IS_MISSING,
    LESS,
    LESS_EQUAL,
    MOVE,
    NEWEST,
    NOT,
    OR,
    PUSH_LEAF,
    PUSH_TRUTH,
    RULE_WORDS,
    RULES_A_WORD,
    TALLY,
    TRUTH,
    UNEQUAL,
    WITHIN,
    WORDS_PER_RULE,
)
from streams.core.rules.nodes import (
    All,
    Always,
    Compare,
    Condition,
    Constant,
    EventSet,
    Has,
    InSegment,
    LastSeen,
    Leaf,
    Lifetime,
    Missing,
    Not,
    Some,
    Trait,
    Truth,
    Window,
    Within,
)
from streams.core.rules.rulebook import Grouping, Scores, Tier
from streams.core.rules.statistics import STATISTICS
from streams.core.rules.traversal import DIMENSIONS, conditions, held, operands, rule_leaves

OPERATORS = {"<": LESS, "<=": LESS_EQUAL, ">": GREATER, ">=": GREATER_EQUAL, "==": EQUAL, "!=": UNEQUAL}
LEAF_KINDS = {Compare: COMPARE, Within: WITHIN, Truth: TRUTH, Has: HAS, Missing: IS_MISSING, InSegment: IN_SEGMENT}

Touch = tuple[int, int, int, int]


class Writer(Assembler):
    """Writes the records of one rulebook. `text_code` gives a text its number."""

    def __init__(self, catalog: Catalog, text_code: dict[str, int]):
        super().__init__()
        self.code = Coder(self, catalog, text_code)
        self.catalog = catalog
        self.rules = catalog.rulebook.groupings
        self.order = evaluation_order(catalog)
        self.place = {rule.name: place for place, rule in enumerate(self.order)}
        self.leaves = {rule.name: rule_leaves(rule) for rule in self.rules}
        self.readers = self._readers()
        self.rule_at = {rule.name: self.put([0] * RULE_WORDS) for rule in self.rules}
        self.code.gates |= {rule.name: self.rule_at[rule.name] for rule in self.rules if _is_of_some(rule)}
        self.window_at: dict[Window, int] = {}
        self.ring_at = {ring: self._ring(ring) for ring in catalog.rings}
        self.leaf_at = {leaf: self._leaf(i, leaf) for i, leaf in enumerate(catalog.leaves)}

    def _readers(self) -> dict[Leaf | str, list[str]]:
        """By leaf, and by the name of a rule: the rules that it matters to."""
        readers: dict[Leaf | str, list[str]] = {}
        for rule in self.rules:
            for read in (*self.leaves[rule.name], *rules_read(rule, self.catalog.rulebook.scores)):
                readers.setdefault(read, []).append(rule.name)
        return readers

    def put_rule_set(self, rules: Iterable[str]) -> int:
        """A set of rules."""
        bits: dict[int, int] = {}
        for rule in rules:
            word, bit = self._rule_bit(rule)
            bits[word] = bits.get(word, 0) | bit
        return self.put_pairs(sorted(bits.items()))

    def _rule_bit(self, rule: str) -> tuple[int, int]:
        """A rule's own: which word, which bit."""
        word, place = divmod(self.place[rule], RULES_A_WORD)
        return word, 1 << place

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
        readers = self.readers[leaf]
        leaf, scores = with_constant_on_right(leaf), self.catalog.rulebook.scores
        left, right = (*operands(leaf), None, None)[:2]
        reads = [(self.ring_at[self.catalog.ring_of(w)], self.window_at[w]) for w in windows_read(leaf, scores)]
        return self.put(
            [
                *(index, LEAF_KINDS[type(leaf)], self._operator(leaf), time_dependence(leaf, scores)),
                self.code.value(left),
                self.catalog.word[held(leaf)] if isinstance(leaf, Has) else self.code.value(right),
                *(self.code.options(leaf), self.put_pairs(reads), *truths(leaf, scores)),
                *(self.code.scores(leaf), self.put_rule_set(readers)),
            ]
        )

    def _ring(self, ring: Ring) -> int:
        windows = self.catalog.windows_of(ring)
        for w in windows:
            self.window_at[w] = self.put(
                [w.length, w.before, self.catalog.word[w], int(STATISTICS[w.statistic].counts_buckets)]
            )
        listed = self.put_list([self.window_at[w] for w in windows])
        return self.put([int(ring.unit == "day"), ring.holds, self.catalog.ring_start[ring], ring.length, listed])

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

    def _decision(self, rule: Grouping) -> list[int]:
        """What a rule's level is decided by."""
        if isinstance(rule, Tier):
            edges = 0 if rule.scores is None else self.code.edges_at[rule.scores]
            return [0, 0, 0, self.put_list([self._condition(level.condition) for level in rule.levels]), edges]
        written = [self._condition(condition) for condition in conditions(rule)]
        enter, leave = (*written, 0)[:2]
        return [enter, leave, rule.min_stay_ms, 0, 0]

    def _needed(self, rule: Grouping) -> list[Leaf]:
        """The leaves without which nobody enters, and that only events turn."""
        if isinstance(rule, Tier):
            return []
        parts = rule.enter.parts if isinstance(rule.enter, All) else (rule.enter,)
        return [part for part in parts if part in self.leaf_at and self._is_constant(part)]

    def _is_constant(self, leaf: Leaf) -> bool:
        """Whether time alone never flips it."""
        return time_dependence(with_constant_on_right(leaf), self.catalog.rulebook.scores) == CONSTANT

    def put_measures(self, rule: Scores) -> int:
        """The rule that says who is scored; the addresses of the code of what is, in the order of r, f and m."""
        return self.put(
            [self.rule_at[rule.name], *(self.code.measure(rule.name, dimension) for dimension in DIMENSIONS)]
        )

    def fill_rules(self) -> None:
        for i, rule in enumerate(self.rules):
            words = [
                i,
                self.catalog.rules_start + WORDS_PER_RULE * i,
                *self._decision(rule),
                self.put_list([self.leaf_at[leaf] for leaf in self.leaves[rule.name]]),
                self.put_list([self.catalog.word[Trait(name)] for name in rule.include]),
                *self._rule_bit(rule.name),
                self.put_rule_set(self.readers.get(rule.name, ())),
                self.put_list([self.leaf_at[leaf] for leaf in self._needed(rule)]),
                self._among(rule),
            ]
            self.words[self.rule_at[rule.name] : self.rule_at[rule.name] + RULE_WORDS] = words

    def _among(self, rule: Grouping) -> int:
        return self._condition(rule.among) if isinstance(rule, Tier) and rule.among is not None else 0

    def put_class(self, touches: list[Touch], leaves: Iterable[Leaf]) -> int:
        """What events touch, and the leaves that they may turn over."""
        touched, addresses = self.put([len(touches), *(word for touch in touches for word in touch)]), self.leaf_at
        compared: dict[int, list[int]] = {}
        alone: list[int] = []
        hastened: list[int] = []
        for leaf in leaves:
            match with_constant_on_right(leaf):
                case InSegment():
                    continue
                case Compare(left=value, right=Constant()):
                    compared.setdefault(self.code.value(value), []).append(addresses[leaf])
                case _:
                    alone.append(addresses[leaf])
            if may_be_advanced(with_constant_on_right(leaf), self.catalog.rulebook.scores):
                hastened.append(addresses[leaf])
        measured = [self.put([code, self.put_list(found)]) for code, found in compared.items()]
        return self.put([touched, self.put_list(measured), self.put_list(alone), self.put_list(hastened)])

    def touches(self, touched: Collection[EventSet]) -> list[Touch]:
        found: list[Touch] = []
        for feature, word in self.catalog.word.items():
            if isinstance(feature, LastSeen | Lifetime) and feature.events in touched:
                what = NEWEST if isinstance(feature, LastSeen) else TALLY
                found.append((what, word, 0, self._guard(feature.events)))
        for ring, address in self.ring_at.items():
            if ring.events in touched:
                found.append((*self._filling(ring, address), self._guard(ring.events)))
        return found

    def _guard(self, events: EventSet) -> int:
        return -1 if events.where is None else self.catalog.columns[events.where]

    def _filling(self, ring: Ring, address: int) -> tuple[int, int, int]:
        told_by = STATISTICS[ring.statistic].told_by
        if told_by == BUCKET:
            return BUCKET, address, 0
        return told_by, address, self.catalog.columns[ring if told_by == MOVE else ring.prop or ""]


def _is_of_some(rule: Grouping) -> bool:
    return isinstance(rule, Tier) and rule.among is not None
