"""Dependencies: what an event can change, told by its name and whether it is activity.

Comes in: a catalog. Goes out: the sets such an event may belong to, the leaves it may flip, and the order in which
rules are evaluated.
"""

from collections.abc import Collection

from streams.core.compiler.catalog import Catalog
from streams.core.rules.nodes import EventSet, IdleSince, InSegment, Leaf, Score
from streams.core.rules.rulebook import Grouping, Rulebook
from streams.core.rules.traversal import Books, events_of, gates, leaf_features, operands, rule_leaves, terms


def touched_sets(catalog: Catalog, name: str | None, active: bool) -> list[EventSet]:
    """The sets that an event of this name may belong to, its properties permitting. None: a name that no rule reads."""
    return [s for s in catalog.event_sets if (active if s.names is None else name in s.names)]


def _changes(catalog: Catalog, leaf: Leaf, touched: Collection[EventSet], active: bool) -> bool:
    """Whether an event that touches these sets can change a leaf's truth."""
    return any(
        (active if isinstance(feature, IdleSince) else events_of(feature) in touched)
        for feature in leaf_features(leaf, catalog.rulebook.scores)
    )


def changed_leaves(catalog: Catalog, touched: Collection[EventSet], active: bool) -> list[Leaf]:
    """The leaves that an event which touches these sets can flip."""
    return [leaf for leaf in catalog.leaves if _changes(catalog, leaf, touched, active)]


def rules_read(rule: Grouping, scores: Books) -> list[str]:
    """The segments that it asks for, and the grids that say who has the scores that it reads."""
    found = dict.fromkeys(leaf.segment for leaf in rule_leaves(rule) if isinstance(leaf, InSegment))
    for leaf in rule_leaves(rule):
        found |= dict.fromkeys(sorted(gates(leaf, scores)))
    return list(found)


def by_quintiles(rulebook: Rulebook) -> set[str]:
    """The rules whose levels hang on quintiles, their own or those of rules that they ask for."""
    found = {rule.name for rule in rulebook.by_quintiles}
    groupings = {rule.name: rule for rule in rulebook.groupings}
    while more := {name for name, rule in groupings.items() if name not in found and found & _asks_for(rule, rulebook)}:
        found |= more
    return found


def _asks_for(rule: Grouping, rulebook: Rulebook) -> set[str]:
    values = (term for leaf in rule_leaves(rule) for value in operands(leaf) for term in terms(value))
    return {term.rule for term in values if isinstance(term, Score)} | set(rules_read(rule, rulebook.scores))


def evaluation_order(catalog: Catalog) -> list[Grouping]:
    """The rules, each after those it reads; else by their names."""
    rules = {rule.name: rule for rule in catalog.rulebook.groupings}
    order: dict[str, Grouping] = {}

    def visit(rule: Grouping) -> None:
        for name in rules_read(rule, catalog.rulebook.scores):
            visit(rules[name])
        order.setdefault(rule.name, rule)

    for rule in rules.values():
        visit(rule)
    return list(order.values())
