"""Whoever is taken out of a shard leaves every segment and level, whatever the rules say; those in shadow too.

Comes in: who, and what she is in. Goes out: the changes by which she leaves it; they carry neither reasons nor traits.
"""

from collections.abc import Mapping

from streams.core.arrays import Ints
from streams.core.changes import Cause, Change
from streams.core.compiler.catalog import Catalog
from streams.core.engine.decoding import Memberships
from streams.core.kernel.layout import LEVEL_BITS
from streams.core.profiles.kinds import RULE
from streams.core.rules.rulebook import Grouping, Rulebook

RuleOf = Mapping[str, Grouping]  # by segment, as `lifecycle/power` of a tier


def rules_by_segment(rulebook: Rulebook) -> RuleOf:
    return {segment: rule for rule in rulebook.groupings for segment in rule.segments}


def beyond(row: Ints | None, catalog: Catalog, told: Memberships) -> Memberships:
    """Of what was told those that a profile, if there is one, has not come to: by a later change of the rule than its
    last. None of a rule that is no more, which ended then."""
    places = {field.name: field.start for field in catalog.fields}
    last = {
        segment: 0 if row is None else int(row[places[RULE + rule.key] + 1]) >> LEVEL_BITS
        for rule in catalog.rulebook.groupings
        for segment in rule.segments
    }
    return {segment: each for segment, each in told.items() if each[1] > last.get(segment, each[1])}


def leave(
    rule_of: RuleOf,
    subject: str,
    held: Memberships,
    at_ms: int,
    cause: Cause,
    message_id: str | None,
    merged_into: str | None = None,
) -> list[Change]:
    """One for each that is held."""
    return [
        Change(
            subject=subject,
            rule=rule_of[segment].name,
            type="segment.exited",
            segment=segment,
            previous=None,
            occurred_at=at_ms,
            cause=cause,
            event_id=message_id,
            ordinal=ordinal + 1,
            rule_version=rule_of[segment].version,
            because=(),
            segments=(),
            traits={},
            merged_into=merged_into,
            is_shadow=rule_of[segment].is_shadow,
        )
        for segment, (_, ordinal) in held.items()
    ]
