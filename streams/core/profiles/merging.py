"""Two profiles become one, as if every event of both had been the first one's.

Comes in: two rows in words of today's fields, each with its document, and the instant as of which they are one. Goes
out: the first row and document, changed in place.

What came of events is the same whatever the order in which several profiles become one: of two values the one with the
newer event time stands, on a tie the one whose JSON is greater. Where too much comes together, what is newest stays.
Memberships are the exception: they go by what was told of the first one (`streams.core.engine.merging`).
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.fields import Field, Kind, bucket_of
from streams.core.kernel.layout import CLOCK, NEVER
from streams.core.profiles.document import GROUP, GROUP_ID, MAX_TRAITS, Document, IdAges, above
from streams.core.profiles.kinds import handling
from streams.core.profiles.last_write_wins import Dated
from streams.core.profiles.ledger import Ledger, Said, Subscription

_encode: Final = msgspec.json.Encoder().encode


class Profile(NamedTuple):
    """row: words of today's fields, and perhaps more behind them."""

    row: Ints
    document: Document


def merge(one: Profile, other: Profile, fields: Sequence[Field], at_ms: int, calendar: Calendar) -> None:
    """at_ms: not before the clock of either."""
    for row, _ in (one, other):
        for field in fields:
            handling(field).age(row[None], field, row[[CLOCK]], np.array([at_ms]), calendar)
    for field in fields:
        part = slice(field.start, field.start + field.words)
        handling(field).merge(one.row[part], other.row[part])
    ids = next(field for field in fields if field.kind is Kind.IDS)
    _merge_ids(one, other, slice(ids.start, ids.start + ids.words))
    _merge_documents(one.document, other.document)
    _count_values(one, [field for field in fields if field.kind is Kind.VALUES], at_ms, calendar)


# ----------------------------------------------------------------------------------------------- remembered messageIds


def _merge_ids(one: Profile, other: Profile, part: slice) -> None:
    """Those that either accepted last: the newest of each, then the next of each, as many as there is room for."""
    ages = _ages(other.row[part].tolist(), other.document.ages)
    for each, age in _ages(one.row[part].tolist(), one.document.ages).items():
        ages[each] = min(age, ages.get(each, age))
    kept = sorted(ages, key=lambda each: (ages[each], each))[: part.stop - part.start]
    one.row[part] = 0
    one.row[part.start : part.start + len(kept)] = kept
    found = [ages[each] for each in kept]
    one.document.ages = IdAges(kept[0], found) if found != list(range(len(kept))) else None


def _ages(ids: list[int], known: IdAges | None) -> dict[int, int]:
    """Of each messageId, how many were accepted after it by whoever accepted it."""
    taken = [each for each in ids if each]
    if known is None or known.newest not in taken:
        return {each: age for age, each in enumerate(taken)}
    since = taken.index(known.newest)
    ages = [*range(since), *(since + age for age in known.ages)]
    return dict(zip(taken, ages, strict=False))


# ----------------------------------------------------------------------------------------------------------- documents


def _merge_documents(one: Document, other: Document) -> None:
    one.refused += other.refused
    _merge_traits(one, other)
    one.latest = _newer_of_each(one.latest, other.latest)
    for field, buckets in other.seen.items():
        known = one.seen.setdefault(field, {})
        for spelling, bucket in buckets.items():
            known[spelling] = max(bucket, known.get(spelling, NEVER))
    if other.ledger is not None:
        one.ledger = one.ledger or Ledger()
        _merge_ledgers(one.ledger, other.ledger)


def _merge_traits(one: Document, other: Document) -> None:
    """A value older than what was written above it is gone, as where one profile is told of both."""
    switched_ms = _leave_group(one, other)
    traits = _newer_of_each(one.traits, other.traits)
    if switched_ms is not None:
        traits[GROUP] = _newer(traits.get(GROUP, (None, NEVER)), (None, switched_ms))
    one.traits = {
        name: dated for name, dated in traits.items() if "." not in name or dated[1] >= _written_above(name, traits)
    }
    one.refused += _drop_oldest(one.traits, [name for name, (value, _) in one.traits.items() if value is not None])
    _drop_oldest(one.traits, [name for name, (value, _) in one.traits.items() if value is None])


def _leave_group(one: Document, other: Document) -> int | None:
    """Where their groups differ, what is known of the one that was left is gone. Returns when it was last heard of."""
    mine, theirs = (each.traits.get(GROUP_ID, (None, NEVER)) for each in (one, other))
    if mine[0] is None or theirs[0] is None or mine[0] == theirs[0]:
        return None
    left = one if _newer(mine, theirs) == theirs else other
    since_ms = left.traits[GROUP_ID][1]
    for name in [name for name in left.traits if name.startswith(f"{GROUP}.") and name != GROUP_ID]:
        if left.traits[name][1] <= since_ms:
            del left.traits[name]
    return since_ms


def _written_above(name: str, traits: Mapping[str, Dated]) -> int:
    """When something was last written to a name above this one (ms)."""
    return max((traits[parent][1] for parent in above(name) if parent in traits), default=NEVER)


def _drop_oldest(traits: dict[str, Dated], names: list[str]) -> int:
    """Those that are more than there is room for; how many."""
    beyond = max(0, len(names) - MAX_TRAITS)
    for name in sorted(names, key=lambda name: (traits[name][1], name))[:beyond] if beyond else ():
        del traits[name]
    return beyond


def _newer_of_each(one: Mapping[str, Dated], other: Mapping[str, Dated]) -> dict[str, Dated]:
    return {**one, **{name: _newer(one[name], dated) if name in one else dated for name, dated in other.items()}}


def _newer(one: Dated, other: Dated) -> Dated:
    if one[1] != other[1]:
        return one if one[1] > other[1] else other
    return one if _encode(one[0]) >= _encode(other[0]) else other


# ------------------------------------------------------------------------------------------------------------- ledgers


def _merge_ledgers(one: Ledger, other: Ledger) -> None:
    one.has_paid = one.has_paid or other.has_paid
    for identifier, subscription in other.subscriptions.items():
        known = one.subscriptions.setdefault(identifier, subscription)
        if known is not subscription:
            _merge_subscriptions(known, subscription)
    one.drop_beyond()


def _merge_subscriptions(one: Subscription, other: Subscription) -> None:
    """What the one handed over to the other is her own."""
    handed_over = max((each.handed_over for each in (one, other) if each.handed_over is not None), default=None)
    taken = max((each.newest for each in (one, other) if each.handed_over is None), default=None)
    one.handed_over = None if handed_over is None or (taken is not None and taken >= handed_over) else handed_over
    one.updated = max(one.updated, other.updated)
    for name, said in other.properties.items():
        known = one.properties.get(name)
        if known is None or _is_newer(said, known):
            one.properties[name] = said


def _is_newer(said: Said, known: Said) -> bool:
    if (said.ts, said.order) != (known.ts, known.order):
        return (said.ts, said.order) > (known.ts, known.order)
    return _encode(said.value) > _encode(known.value)


# ------------------------------------------------------------------------------------------------------ distinct values


def _count_values(one: Profile, rings: Sequence[Field], at_ms: int, calendar: Calendar) -> None:
    """How many values were seen last in each bucket, as the merged document has it."""
    document = one.document
    document.forget_before({ring.name: ring.oldest_bucket(at_ms, calendar) for ring in rings})
    for ring in rings:
        counts = np.zeros(2 * ring.words, np.uint32)
        oldest = bucket_of(at_ms, ring.is_days, calendar) - ring.length
        seen = [bucket % ring.length for bucket in document.seen.get(ring.name, {}).values() if bucket > oldest]
        np.add.at(counts, seen, 1)
        one.row[ring.start : ring.start + ring.words] = counts.view(np.int64)
