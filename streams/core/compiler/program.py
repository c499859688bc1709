"""Rules as data for the kernel: the checked trees of a rulebook written into one flat array of words.

Comes in: a catalog (where each feature lies). Goes out: a `Program` (laid out as `streams.core.kernel.layout` says).
A new rule is a new program and compiles nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.catalog import Catalog
from streams.core.compiler.dependencies import changed_leaves, touched_sets
from streams.core.compiler.writer import Writer
from streams.core.kernel.layout import (
    CAPTURED_WORDS,
    HEADER_WORDS,
    INCLUDED_WORDS,
    INSTRUCTION,
    SHOWN_WORDS,
    TRANSITION_WORDS,
    WORD,
)
from streams.core.rules.rulebook import Rulebook

WRITTEN_KEPT = 8  # the rules of a group, with what watches their conditions and their scores; some others

Classes = tuple[int, int]


@dataclass(frozen=True)
class Program:
    """One rulebook, as the kernel reads it.

    calendar: when its days begin. words: the array.
    classes: event name -> addresses of its class where the event is no activity, and where it is;
    unread: the same for any name that no rule reads.
    rule_words: by rule, its word in the row. edges, measures: by scores rule, where its three records of edges are, and
    the rule that says who is scored with the addresses of the code of what is; both in the order of r, f, m.
    transition_words, space_words: how long a transition and the kernel's space are (the ranks of texts come on top).
    """

    calendar: Calendar
    words: Ints
    classes: dict[str, Classes]
    unread: Classes
    rule_words: tuple[int, ...]
    edges: dict[str, int]
    measures: dict[str, int]
    transition_words: int
    space_words: int


def _write_classes(writer: Writer, name: str | None) -> Classes:
    """The classes of events of one name, or of any name that no rule reads: not active, and active."""
    classes: list[int] = []
    for active in (False, True):
        touched = touched_sets(writer.catalog, name, active)
        classes.append(writer.put_class(writer.touches(touched), changed_leaves(writer.catalog, touched, active)))
    return classes[0], classes[1]


@lru_cache(maxsize=WRITTEN_KEPT)
def written(rulebook: Rulebook, calendar: Calendar, remembered_ids: int) -> tuple[Catalog, Program, Mapping[str, int]]:
    """A rulebook's catalog, its program and the codes of the texts that it names, kept of the latest few: whoever looks
    at one profile would write it anew for each. Who runs the program changes its words, and takes a copy."""
    catalog, text_code = Catalog(rulebook, remembered_ids), dict[str, int]()
    return catalog, write_program(catalog, calendar, text_code), text_code


def write_program(catalog: Catalog, calendar: Calendar, text_code: dict[str, int]) -> Program:
    """Write a rulebook's program. Texts that its conditions name are added to `text_code` (text -> code)."""
    rules = catalog.rulebook.groupings
    writer = Writer(catalog, text_code)
    writer.fill_rules()
    unread = _write_classes(writer, None)
    classes = {name: _write_classes(writer, name) for name in catalog.event_names}
    everything = writer.put_class([], catalog.leaves)
    order = writer.put_list([writer.rule_at[rule.name] for rule in writer.order])
    every_rule = writer.put_rule_set(rule.name for rule in rules)
    all_rules, rings = writer.put_list([*writer.rule_at.values()]), writer.put_list([*writer.ring_at.values()])
    measures = {name: writer.put_measures(rule) for name, rule in catalog.rulebook.scores.items()}
    words, leaf_count = writer.words, len(catalog.leaves)
    # No code is longer than the whole program, so that its stack needs no more room than that.
    stack, by_leaf, set_words = INSTRUCTION * len(words), [leaf_count] * 2, catalog.rule_set_words
    places = np.cumsum([0, stack, *by_leaf, len(rules), set_words, CAPTURED_WORDS * leaf_count, leaf_count, 1]).tolist()
    shown = TRANSITION_WORDS + len(rules)
    included = shown + SHOWN_WORDS * max(map(len, writer.leaves.values()), default=0)
    # After the stack is measured: no value is made of these.
    days = 0 if calendar.beginnings is None else writer.put_list(calendar.beginnings.tolist())
    words[:HEADER_WORDS] = [
        calendar.offset_ms,
        leaf_count,
        all_rules,
        rings,
        everything,
        *(order, every_rule, set_words, catalog.time_driven, catalog.blocked),
        *places,
        TRANSITION_WORDS,
        shown,
        included,
        days,
        int(bool(writer.code.gates)),
    ]
    return Program(
        calendar=calendar,
        words=np.array(words, np.int64),
        classes=classes,
        unread=unread,
        rule_words=tuple(words[address + WORD] for address in writer.rule_at.values()),
        edges=writer.code.edges_at,
        measures=measures,
        transition_words=included + INCLUDED_WORDS * max((len(rule.include) for rule in rules), default=0),
        space_words=places[-1],
    )
