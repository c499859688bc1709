"""`segmenter rules history`, `show`, `diff` and `rollback`: what was live, and that it is so again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from streams.commands.options import REDIS, settings_flags
from streams.commands.rules_plan import NEEDED, ask, author_option, planned, tell_applied, yes_option
from streams.errors import SegmenterError, UsageError
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.lifecycle.versions import Version
    from streams.rulefiles.folder import Files
    from streams.state.store import GroupStore

T = TypeVar("T")
DIFFERS = 1


@click.command("history")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, the newest first.")
@settings_flags("redis", "group", rest=REDIS)
def history(as_json: bool, settings: Settings) -> None:
    """Every version of the rules, the newest first: when it was applied, by whom and why; and of one that awaits its
    past how far that is made.

    \b
    Example:
        segmenter rules history
    """
    from streams.lifecycle.awaiting import awaited
    from streams.lifecycle.versions import history
    from streams.terminal.versions import history_in_json, history_in_words

    found, past = _with_group(settings, history), _with_group(settings, awaited)
    click.echo(history_in_json(found, past) if as_json else history_in_words(found, past))


@click.command("show")
@click.argument("number", metavar="[VERSION]", required=False, type=int)
@click.option("--to", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write its files there instead.")
@settings_flags("redis", "group", rest=REDIS)
def show(number: int | None, folder: Path | None, settings: Settings) -> None:
    """The files of a version, by default of the one that is live.

    \b
    Example:
        segmenter rules show 3
        segmenter rules show --to rules-as-they-are
    """
    from streams.lifecycle.awaiting import awaited
    from streams.terminal.versions import shown

    version, files = _with_group(settings, lambda group: _found(group, number))
    if folder is None:
        click.echo(shown(version, files, _with_group(settings, awaited)))
        return
    _write(files, folder)
    click.echo(f"Version {version.number} is in {folder}.")


@click.command("diff")
@click.argument("one", metavar="DIR|VERSION")
@click.argument("other", metavar="[VERSION]", required=False, type=int)
@settings_flags("redis", "group", rest=REDIS)
def diff(one: str, other: int | None, settings: Settings) -> None:
    """How a folder differs from what is live, or one version from another (by default from the one that is live).

    Exit status 1 where they differ, 0 where they do not: by that a job sees that somebody applied what is not in Git.

    \b
    Example:
        segmenter rules diff rules
        segmenter rules diff 3 5
    """
    from streams.lifecycle.checking import readable
    from streams.lifecycle.differences import differences
    from streams.terminal.versions import diff

    number, there = _version_or_folder(one)
    live, files = _with_group(settings, lambda group: _found(group, other))
    if number is not None:
        before, then = _with_group(settings, lambda group: _found(group, number))
        pair, names = (then, files), (f"version-{before.number}", f"version-{live.number}")
    else:
        pair, names = (files, there or {}), (f"version-{live.number}", "folder")
    was, now = map(readable, pair)
    found = diff(*pair, names, None if now is None else differences(was, now))
    if found:
        click.echo(found)
        raise click.exceptions.Exit(DIFFERS)
    click.echo(f"No difference from version {live.number}.")


@click.command("rollback")
@click.argument("number", metavar="VERSION", type=int)
@click.option("--note", metavar="TEXT", default="", help="Why, for the history.")
@author_option
@yes_option
@settings_flags("redis", "group", rest=NEEDED)
def rollback(number: int, note: str, author: str | None, yes: bool, settings: Settings) -> None:
    """Make an old version live again, as a new one. It shows who would enter and leave, as `rules plan` does, and asks.

    \b
    Example:
        segmenter rules rollback 3 --note "too many left"
    """
    from streams.lifecycle.applying import rollback
    from streams.lifecycle.checking import check_files
    from streams.lifecycle.following import login
    from streams.terminal.plan import in_words

    live, _ = _with_group(settings, lambda group: _found(group, None))
    old, files = _with_group(settings, lambda group: _found(group, number))
    if old.digest == live.digest:
        click.echo(f"Version {live.number}, which is live, has just the files of version {number}.")
        return
    click.echo(in_words(planned(check_files(files), settings, all_profiles=False)))
    if not yes:
        ask(f"Make version {number} live again, in the place of version {live.number}?")
    at_ms, why = time.time_ns() // 1_000_000, note or f"back to version {number}"
    who = author or login()
    version = _with_group(
        settings, lambda group: rollback(group, number, after=live, author=who, note=why, at_ms=at_ms)
    )
    tell_applied(version)


def _with_group(settings: Settings, call: "Callable[[GroupStore], Awaitable[T]]") -> T:
    from streams.state.opening import opened_store

    async def called() -> T:
        async with opened_store(settings) as store:
            return await call(store.group)

    return asyncio.run(called())


async def _found(group: "GroupStore", number: int | None) -> "tuple[Version, Files]":
    """A version and its files; the live one where no number is given."""
    from streams.lifecycle.versions import files_of, find, live
    from streams.terminal.versions import NEVER_APPLIED

    version = await (live(group) if number is None else find(group, number))
    if version is None:
        raise SegmenterError(NEVER_APPLIED)
    return version, await files_of(group, version)


def _version_or_folder(text: str) -> "tuple[int | None, Files | None]":
    from streams.rulefiles.folder import read_files

    if text.isdecimal() and not Path(text).exists():
        return int(text), None
    if not Path(text).exists():
        raise UsageError(f"{text} is neither a folder nor the number of a version.")
    return None, read_files(Path(text))


def _write(files: "Files", folder: Path) -> None:
    """UsageError: there is something already, which would be mixed with it."""
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: name a folder that is, or a new one.")
    for path, text in files.items():
        target = folder / path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{path} would lie outside of {folder}.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
