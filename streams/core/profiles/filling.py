"""What was not kept before is filled in from rows that have kept it: of the same profiles, under today's rules.

Comes in: rows in words of today's fields, as they were carried over from a schema in which some are missing, with their
documents; and rows of the same profiles that had the same events, and kept them all. Goes out: the first ones, changed
in place. All else stays what it was: what has been kept all along is nobody else's to say.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from streams.core.arrays import Ints
from streams.core.calendar import Calendar
from streams.core.compiler.fields import CONTEXT, Field
from streams.core.instants import HOUR_MS
from streams.core.kernel.layout import CLOCK, NEVER
from streams.core.profiles.document import Document
from streams.core.profiles.kinds import RULE, handling
from streams.core.profiles.snapshot import RowSchema

Bools = npt.NDArray[np.bool_]


def lacking(then: RowSchema, today: Iterable[Field]) -> list[Field]:
    """The fields of today that rows of another schema have not, or not for so long."""
    known = then.by_name
    fields = (field for field in today if not field.name.startswith(RULE))
    return [field for field in fields if field.name not in known or known[field.name].length < field.length]


def fill(
    rows: Ints,
    theirs: Ints,
    fields: Sequence[Field],
    then: RowSchema,
    kept_since: Mapping[str, int],
    calendar: Calendar,
) -> dict[str, Bools]:
    """Bring both to the later clock of each two, and copy what is lacking into `rows`.

    kept_since: by field, from when on `theirs` have every event; others have them all. Gives which rows were filled, by
    field: one that has a part of a ring keeps it where they have no more of it.
    """
    clocks, wanted = rows[:, CLOCK].copy(), lacking(then, fields)
    filled = {field.name: _have_more(field, then, clocks, kept_since, calendar) for field in wanted}
    now = np.maximum(clocks, theirs[:, CLOCK])
    for each in (rows, theirs):
        for field in fields:
            handling(field).age(each, field, each[:, CLOCK].copy(), now, calendar)
        each[:, CLOCK] = now
    for field in wanted:
        part = slice(field.start, field.start + field.words)
        rows[:, part] = np.where(filled[field.name][:, None], theirs[:, part], rows[:, part])
    return filled


def fill_document(document: Document, theirs: Document, fields: Iterable[str]) -> bool:
    """Copy what documents have of these fields; whether there is any."""
    found = False
    for field in fields:
        if field in theirs.latest:
            document.latest[field], found = theirs.latest[field], True
        if field in theirs.seen:
            document.seen[field], found = dict(theirs.seen[field]), True
        if field.startswith(CONTEXT) and field in theirs.traits:
            document.traits[field], found = theirs.traits[field], True
    return found


def _have_more(field: Field, then: RowSchema, clocks: Ints, kept_since: Mapping[str, int], calendar: Calendar) -> Bools:
    since_ms, part = kept_since.get(field.name, NEVER), then.field(field.name)
    if part is None or since_ms == NEVER:
        return np.ones(len(clocks), np.bool_)
    oldest = part.oldest_bucket(clocks, calendar)
    begins = [calendar.begins(int(each)) if field.is_days else int(each) * HOUR_MS for each in oldest]
    return np.array(begins, np.int64) > since_ms
