"""Effects: what an event can change, told by its name and whether it is activity.

Comes in: a catalog. Goes out: the sets such an event may belong to, and the rules to be looked at after it.
"""

from collections.abc import Collection

from streams.core.catalog import Catalog, rule_leaves
from streams.core.features import EventSet, IdleSince
from streams.core.tree import InSegment, Leaf
from streams.core.walk import events_of, leaf_features


def touched_sets(catalog: Catalog, name: str | None, active: bool) -> list[EventSet]:
    """The sets that an event of this name may belong to, its properties permitting. None: a name that no rule reads."""
    return [s for s in catalog.event_sets if (active if s.names is None else name in s.names)]


def _changes(catalog: Catalog, leaf: Leaf, touched: Collection[EventSet], active: bool) -> bool:
    """Whether an event that touches these sets can change a leaf's truth."""
    return any(
        (active if isinstance(feature, IdleSince) else events_of(feature) in touched)
        for feature in leaf_features(leaf, catalog.rulebook.scores)
    )


def changed_rules(catalog: Catalog, touched: Collection[EventSet], active: bool) -> list[str]:
    """The rules that an event which touches these sets can flip: by a leaf of their own, or by one of a rule that they
    read by `in_segment`. In evaluation order.
    """
    leaves = {leaf for leaf in catalog.leaves if _changes(catalog, leaf, touched, active)}
    own = {rule.name: rule_leaves(rule) for rule in catalog.rulebook.groupings}
    found: list[str] = []
    for name in evaluation_order(catalog):
        if leaves.intersection(own[name]) or set(_segments_read(catalog, name)).intersection(found):
            found.append(name)
    return found


def _segments_read(catalog: Catalog, rule: str) -> list[str]:
    own = next(each for each in catalog.rulebook.groupings if each.name == rule)
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
