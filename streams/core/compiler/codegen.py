"""Code: values as the kernel's small stack calculates them, and what else of a leaf is written as code.

Comes in: values of the checked tree. Goes out: the addresses of their code in the program's words.
"""

from collections.abc import Iterable
from itertools import product

from streams.core.compiler.assembler import Assembler, number_bits
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.differences import apart, flickers
from streams.core.compiler.time_dependence import scored, steps
from streams.core.kernel.layout import (
    ADD,
    BOOLEAN,
    DIGITS,
    DIVIDE,
    EDGES_WORDS,
    ELAPSED,
    ELAPSED_AT_EPOCH,
    GATE,
    IDLE,
    IDLE_AT_EPOCH,
    LITERAL,
    MISSING,
    MULTIPLY,
    NAME,
    NEWEST_ACTIVITY,
    NUMBER,
    SCORE,
    SUBTRACT,
    TEXT,
    TOTAL,
    TRAIT,
)
from streams.core.rules.nodes import (
    Arithmetic,
    Constant,
    Elapsed,
    Feature,
    IdleSince,
    Latest,
    Leaf,
    Lifetime,
    Lowered,
    Property,
    Read,
    Score,
    Trait,
    Value,
    Window,
    Within,
)
from streams.core.rules.rfm import Dimension, name_of
from streams.core.rules.statistics import STATISTICS
from streams.core.rules.traversal import DIMENSIONS, dimensions, measure
from streams.core.scores.edges import words_at_all_times

POINTS = range(1, 6)
ARITHMETIC = {"+": ADD, "-": SUBTRACT, "*": MULTIPLY, "/": DIVIDE}


def _reading(feature: Feature) -> int:
    match feature:
        case Trait() | Latest() | Lowered():
            return TRAIT
        case Window(statistic):
            return STATISTICS[statistic].bucket.read_by
        case Lifetime():
            return TOTAL
        case _:
            raise TypeError(f"{feature} is no value by itself")


class Coder:
    """Writes the code of one rulebook. `text_code` gives a text its number.

    edges_at: by scores rule, where its three records of edges are, in the order of r, f, m.
    gates: by scores rule of some only, the rule that says who they are.
    """

    def __init__(self, out: Assembler, catalog: Catalog, text_code: dict[str, int]):
        self._out, self._catalog, self._text_code = out, catalog, text_code
        self.gates: dict[str, int] = {}
        self.edges_at = {
            name: out.put(words_at_all_times(rule.fixed)) for name, rule in catalog.rulebook.scores.items()
        }

    def _constant(self, value: float | str | bool) -> tuple[int, int]:
        """The bits and the kind of a constant."""
        match value:
            case bool():
                return number_bits(float(value)), BOOLEAN
            case str():
                return number_bits(self._text_code.setdefault(value, len(self._text_code))), TEXT
            case _:
                return number_bits(value), NUMBER

    def _instructions(self, value: Value, *, at_epoch: bool = False) -> list[tuple[int, int, int]]:
        """at_epoch: with all times as of 1970."""
        match value:
            case Constant(constant):
                bits, kind = self._constant(constant)
                return [(LITERAL, kind, bits)]
            case Elapsed(instant, unit_ms, sign):
                bits = number_bits(sign * unit_ms)
                if isinstance(instant, IdleSince):
                    return [(IDLE_AT_EPOCH if at_epoch else IDLE, NEWEST_ACTIVITY, bits)]
                return [(ELAPSED_AT_EPOCH if at_epoch else ELAPSED, self._catalog.word[instant], bits)]
            case Read(feature):
                return [(_reading(feature), self._catalog.word[feature], 0)]
            case Score(rule, part, of_grid):
                gated = [] if of_grid or rule not in self.gates else [(GATE, self.gates[rule], 0)]
                return [*self._scoring(rule, part), *gated]
            case Property():
                raise TypeError("a property is of an event and not of a profile")
            case Arithmetic() if flickers(value):
                return self._instructions(apart(value), at_epoch=at_epoch)
            case Arithmetic(operator, left, right):
                both = [*self._instructions(left, at_epoch=at_epoch), *self._instructions(right, at_epoch=at_epoch)]
                return [*both, (ARITHMETIC[operator], 0, 0)]

    def _scoring(self, rule: str, part: str) -> list[tuple[int, int, int]]:
        code: list[tuple[int, int, int]] = []
        for dimension in dimensions(part):
            code += self._measured(rule, dimension)
            code.append((SCORE, self._edges(rule, dimension), int(dimension == "r")))
        match part:
            case "score":
                code.append((DIGITS, self._texts(f"{r}{f}{m}" for r, f, m in product(POINTS, POINTS, POINTS)), 0))
            case "name":
                code.append((NAME, self._texts(name_of(r, f) for r, f in product(POINTS, POINTS)), 0))
        return code

    def _edges(self, rule: str, dimension: Dimension) -> int:
        return self.edges_at[rule] + EDGES_WORDS * DIMENSIONS.index(dimension)

    def _texts(self, texts: Iterable[str]) -> int:
        """A table of the codes of texts."""
        return self._out.put([self._text_code.setdefault(text, len(self._text_code)) for text in texts])

    def scores(self, leaf: Leaf) -> int:
        """The scores of a leaf that time may change."""
        scores = self._catalog.rulebook.scores
        changing = [each for each in scored(leaf, scores) if steps(scores, *each)]
        words: list[int] = []
        for rule, dimension in changing:
            words += [self._edges(rule, dimension), self.measure(rule, dimension), int(dimension == "r")]
        return self._out.share((len(changing), *words))

    def _measured(self, rule: str, dimension: Dimension) -> list[tuple[int, int, int]]:
        """Recency by quintiles is told as of 1970: so neither it nor its edges move with time, and equal ones stay so
        to the last digit."""
        scores = self._catalog.rulebook.scores[rule]
        return self._instructions(measure(scores, dimension), at_epoch=scores.is_by_quintiles and dimension == "r")

    def measure(self, rule: str, dimension: Dimension) -> int:
        """The address of the code of what is scored."""
        return self._share(self._measured(rule, dimension))

    def value(self, value: Value | None) -> int:
        """The address of a value's code; equal values share it."""
        return self._share(self._instructions(value) if value is not None else [])

    def _share(self, code: list[tuple[int, int, int]]) -> int:
        words = (len(code), *(word for instruction in code for word in instruction))
        return self._out.share(words)

    def options(self, leaf: Leaf) -> int:
        coded = list(map(self._constant, leaf.options)) if isinstance(leaf, Within) else []
        return self._out.put([coded[0][1] if coded else MISSING, len(coded), *(bits for bits, _ in coded)])
