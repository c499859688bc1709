"""Members of segments, written out as they are read: what `segmenter members` prints.

Comes in: segments, and which of their members. Goes out: a line each, in words, CSV or JSON.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

import click
import msgspec

from streams.admin import members_csv
from streams.admin.homes import partitions_of
from streams.admin.members import Member, everyone, page
from streams.core.instants import format_time
from streams.printable import printable
from streams.settings import Settings
from streams.state.opening import opened_store
from streams.state.store import Store
from streams.terminal.dates import in_full

Form = tuple[str, Callable[[str, Member], str]]


def in_words(segment: str, member: Member) -> str:
    since = "" if member.since_ms is None else f"  since {in_full(member.since_ms)}"
    return f"{printable(member.user)}  {segment}{since}"


def in_json(segment: str, member: Member) -> str:
    since = None if member.since_ms is None else format_time(member.since_ms)
    return msgspec.json.encode({"user_id": member.user, "segment": segment, "since": since}).decode()


FORMS: Final[Mapping[str, Form]] = {
    "words": ("", in_words),
    "csv": (members_csv.HEADER, members_csv.line),
    "json": ("", in_json),
}
"""The first line, and how each member is written."""


async def show(
    settings: Settings, segments: Sequence[str], form: Form, after: str, limit: int | None, in_shadow: bool = False
) -> None:
    """in_shadow: whether they are of a rule in shadow. SegmenterError where no worker of the group has ever run."""
    header, written = form
    async with opened_store(settings) as store:
        await partitions_of(store, settings)
        if header:
            click.echo(header)
        for segment in segments:
            async for some in _members(store, segment, after, limit, in_shadow):
                # An id goes as it is where a program reads it; words have none that a terminal obeys.
                click.echo("\n".join(written(segment, member) for member in some), color=True)
                limit = None if limit is None else limit - len(some)
            if limit == 0:
                return


async def _members(
    store: Store, segment: str, after: str, limit: int | None, in_shadow: bool
) -> AsyncIterator[list[Member]]:
    if limit is not None:
        if some := await page(store, segment, after, limit, in_shadow):
            yield some
        return
    async for all_of_some in everyone(store, segment, in_shadow):
        if some := [member for member in all_of_some if member.user > after]:
            yield some
