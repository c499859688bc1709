"""Where a user is looked up: in what a worker has stored, or in files.

Comes in: a user, the rules, and Redis or JSON Lines files; as of when. Goes out: a shard that knows the user.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from streams.admin.homes import homes_of
from streams.admin.links import AliasOf, Known, aliases_of, known_in, merged_into
from streams.calendars import calendar
from streams.core.engine.erasure import mark_of
from streams.core.engine.shard import Shard
from streams.core.explain.forecast import clock
from streams.core.explain.history import Watching
from streams.core.instants import format_time
from streams.core.links import How
from streams.core.profiles.snapshot import Head
from streams.core.rules.rulebook import Rulebook
from streams.errors import Unknown, UsageError
from streams.eventfiles.lines import LineFile
from streams.eventfiles.playback import Playback
from streams.log import counted
from streams.printable import command_line, printable
from streams.settings import Settings
from streams.sources import Decoder, InputOptions
from streams.state.format import MARKS
from streams.state.opening import opened_store
from streams.state.store import Store


class Found(NamedTuple):
    """A shard that knows the user, and as of when to look (ms).

    remark: what is to be said of it, or nothing. incomplete: whether lines of files were rejected. aliases: the user's.
    """

    shard: Shard
    at_ms: int
    remark: str = ""
    incomplete: bool = False
    aliases: Sequence[AliasOf] = ()


async def stored(settings: Settings, rulebook: Rulebook, user: str, at_ms: int | None) -> Found:
    """As a worker's last checkpoint left the user; now, where no time is given."""
    async with opened_store(settings) as store:
        return await stored_in(store, settings, rulebook, user, at_ms)


async def stored_in(
    store: Store, settings: Settings, rulebook: Rulebook, user: str, at_ms: int | None, now_ms: int | None = None
) -> Found:
    """The same, of a store that is open already. now_ms: where it is another than this machine's clock says."""
    shard = await _restored(store, settings, rulebook, user)
    aliases = await aliases_of(store, settings, user)
    remark = "The rules are others than when this was stored: it is shown as it will be under them." * shard.is_stale
    while shard.is_stale:
        shard.migrate()
    known_ms = clock(shard, user)
    if at_ms is None:
        # On a virtual clock (`segmenter dev`) time is where the worker has come to.
        now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        return Found(shard, max(now_ms, shard.time_ms), remark, aliases=aliases)
    if at_ms < known_ms:
        asked = command_line("explain", user)
        raise UsageError(
            f"The newest that Redis knows of {printable(user)} is of {format_time(known_ms)}, and it keeps nothing"
            f" older. For an earlier time name the files of events: {asked} FILE... --at {format_time(at_ms)}"
        )
    return Found(shard, at_ms, remark, aliases=aliases)


async def _restored(store: Store, settings: Settings, rulebook: Rulebook, user: str) -> Shard:
    """A shard that holds this one user."""
    shards = await homes_of(store, settings, user)
    found = next(filter(None, [await store.shards.profile(shard, user) for shard in shards]), None)
    if found is None:
        into = await merged_into(store, settings, user)
        if into is not None:
            raise _is_merged(user, into)
        _refuse_alias(user, await known_in(store, settings, user))
        marks = [await store.shards.get(shard, MARKS, mark_of(user)) for shard in shards]
        raise Unknown(unknown(settings, user, max(filter(None, marks), default=None)))
    rows, documents = [(user, found.row)], {user: found.document}
    days = calendar(Head.decode(found.head).timezone)
    ids = settings.remembered_ids
    return Shard.restore(rulebook, found.head, rows, documents, days, settings.private_traits, remembered_ids=ids)


def _refuse_alias(alias: str, found: Known) -> None:
    """Unknown: it is an alias, of nobody who is known by that id; whose it is."""
    if said := as_alias(alias, found):
        whose = found.standing.now
        raise Unknown(f"{said}." if whose is None else f"{said}: {command_line('explain', whose)}")


def _is_merged(user: str, into: str) -> Unknown:
    instead = command_line("explain", into)
    return Unknown(f"{printable(user)} was merged into {printable(into)}, and is nobody else: {instead}")


def as_alias(alias: str, found: Known) -> str:
    """That it is no user, and whose it is or what waits there, in words without their end; empty where it is none."""
    who, whose = printable(alias), found.standing.now
    if whose is not None:
        return f"{who} is no user, but an alias of {printable(whose)}, by {found.standing.how}"
    if found.waiting:
        waits = counted(len(found.waiting), "record")
        return f"{who} is no user, but an alias with {waits} under it, which nobody has linked to a user yet"
    return ""


def unknown(settings: Settings, user: str, erased_ms: int | None) -> str:
    """That nobody has this id, in words. erased_ms: up to when what is of them was erased."""
    who = printable(user)
    if erased_ms is None:
        return f"Nobody called {who} is known to the group {settings.group}."
    return f"{who} was erased, with all that happened up to {format_time(erased_ms)}; nothing has come since."


def replayed(settings: Settings, rulebook: Rulebook, user: str, files: Sequence[Path], at_ms: int | None) -> Found:
    """The files as `segmenter replay` plays them, with an eye on one user; up to the newest event, where no time is
    given."""
    shard = Watching(rulebook, user, settings.calendar, settings.private_traits, settings.remembered_ids)
    decoder = Decoder(shard.catalog.reads, InputOptions.of(settings))
    with ExitStack() as opened:
        sources = [opened.enter_context(closing(LineFile(path))) for path in files]
        keep_ms = settings.keep_unlinked
        playback = Playback(
            shard,
            decoder,
            sources,
            lambda _: None,
            at_ms,
            keep_unlinked_ms=keep_ms,
            merge_users=settings.merge_users,
        )
        for _ in playback.changes():
            pass
    identities = playback.identities
    if user not in shard.table:
        found = Known(identities.aliases.standing(user), identities.aliases.records(user))
        if found.standing.how is How.MERGE and found.standing.now is not None:
            raise _is_merged(user, found.standing.now)
        _refuse_alias(user, found)
        until = f" up to {format_time(at_ms)}" if at_ms is not None else ""
        raise Unknown(f"Nobody called {printable(user)} has an event in these files{until}.")
    aliases = [
        AliasOf(alias, one.how, identities.aliases.user_of(alias) == user, identities.aliases.standing(alias).is_shared)
        for alias, one in identities.owners.of(user).items()
        if one.is_hers
    ]
    if not playback.rejected:
        return Found(shard, shard.time_ms, aliases=aliases)
    remark = f"{playback.rejected} of {playback.lines} lines were rejected; `segmenter replay` says why."
    return Found(shard, shard.time_ms, remark, incomplete=True, aliases=aliases)
