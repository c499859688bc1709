"""`segmenter rules plan` and `apply`: what a folder would change, and that it does."""

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from streams.commands.options import KAFKA, REDIS, settings_flags
from streams.commands.params import Percent
from streams.errors import UsageError
from streams.lifecycle.moves import too_far
from streams.settings import MEANING, Settings
from streams.topics import READ_BY_WORKERS

if TYPE_CHECKING:
    from streams.lifecycle.checking import Checked
    from streams.lifecycle.planning import Plan
    from streams.lifecycle.versions import Version

READ_AGAIN = tuple(topic.setting for topic in READ_BY_WORKERS)
NEEDED = (*REDIS, *KAFKA, "topic_prefix", *READ_AGAIN, *MEANING)

folder = click.argument("path", metavar="[DIR]", required=False, type=click.Path(exists=True, path_type=Path))
every_profile = click.option("--all", "all_profiles", is_flag=True, help="Look at each profile, however many.")
author_option = click.option("--author", metavar="NAME", help="Who applies them; whoever is logged in here by default.")
yes_option = click.option("--yes", is_flag=True, help="Ask nothing.")


class Said(TypedDict):
    """How a version is applied, by whom and why."""

    note: str
    author: str | None
    at_once: bool


@click.command("plan")
@folder
@every_profile
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@settings_flags("redis", "rules", "group", rest=NEEDED)
def plan(path: Path | None, all_profiles: bool, as_json: bool, settings: Settings) -> None:
    """What would happen if the rules and messages in DIR were applied now; nothing is changed.

    What differs from what is live: added, changed in meaning, described anew, removed. Who would enter and leave which
    segment at once, by what workers have stored: of more than 50,000 profiles some are looked at and the numbers scaled
    up, unless --all says otherwise. Which rules would await their past, as what they count was not kept before; how far
    topics reach back for it, and from when on what they lack all the same is whole.

    The last line is the plan's id: `apply --plan ID` does just this, or refuses.

    \b
    Example:
        segmenter rules plan rules
    """
    from streams.printable import command_line
    from streams.terminal.plan import in_json, in_words

    found = planned(_checked(path, settings), settings, all_profiles)
    click.echo(in_json(found) if as_json else in_words(found))
    if not as_json and not found.is_empty:
        click.echo(f"\nPlan {found.plan_id}. To do it: {command_line('rules', 'apply', str(path or settings.rules))}")


@click.command("apply")
@folder
@click.option("--note", metavar="TEXT", default="", help="Why, for the history: a commit, a ticket, a sentence.")
@author_option
@yes_option
@click.option("--plan", "plan_id", metavar="ID", help="Only if it is still what `rules plan` showed.")
@click.option("--max-change", type=Percent(), help="Refuse what moves more than so many of any segment, such as 5%.")
@every_profile
@click.option("--at-once", is_flag=True, help="Do not await the past: what was not kept before begins empty.")
@settings_flags("redis", "rules", "group", rest=NEEDED)
def apply(
    path: Path | None,
    yes: bool,
    plan_id: str | None,
    max_change: float | None,
    all_profiles: bool,
    settings: Settings,
    **said: Unpack[Said],
) -> None:
    """Make the rules and messages in DIR live, as a new version: running workers take them over within seconds.

    Rules that read what was not kept before await their past: workers make it of the topics, beside what they do, and
    then the version is live. `segmenter rules` shows how far that is.

    It shows what `plan` shows, and asks. Who enters or leaves by it is told with the cause rule_change, and gets no
    message for it. Exit status 2 where the rules have faults, where somebody else has applied others meanwhile, or
    where --plan or --max-change refuses; then nothing is changed. --max-change looks at each profile; the segments of
    rules that are new may have as many members as they like.

    \b
    Example:
        segmenter rules apply rules --note "quiet after 5 days"
        segmenter rules apply rules --yes --note "$GIT_SHA" --max-change 5%
    """
    from streams.terminal.plan import in_words

    checked = _checked(path, settings)
    found = planned(checked, settings, all_profiles or max_change is not None)
    click.echo(in_words(found))
    _refuse_other_plan(found, plan_id)
    if found.is_empty:
        return
    _refuse_too_much(found, max_change, said["at_once"])
    if not yes:
        ask("Make it live?")
    version = asyncio.run(_applied(checked, found.live, said, settings, max_change))
    tell_applied(version)


def ask(question: str) -> None:
    """UsageError: nobody answers, or says no."""
    try:
        if click.confirm(f"\n{question}", err=True):
            return
    except click.Abort:
        click.echo(err=True)
        raise UsageError("Nothing is changed: nobody was there to answer. In a script say --yes.") from None
    raise UsageError("Nothing is changed.")


def tell_applied(version: "Version") -> None:
    if version.awaits:
        click.echo(
            f"\nVersion {version.number} awaits its past, which workers make now; what is live stays so until then:"
            " segmenter rules shows how far they are."
        )
        return
    click.echo(
        f"\nVersion {version.number} is live. Running workers take it over within seconds: segmenter rules shows how"
        " far they are."
    )


def _checked(path: Path | None, settings: Settings) -> "Checked":
    from streams.lifecycle.checking import check_folder

    return check_folder(path or settings.rules)


def planned(checked: "Checked", settings: Settings, all_profiles: bool) -> "Plan":
    from streams.commands.engine import compile_later
    from streams.lifecycle.estimate import SAMPLE
    from streams.lifecycle.planning import make_plan
    from streams.lifecycle.reach import how_far
    from streams.state.opening import opened_store

    async def found() -> "Plan":
        async with opened_store(settings) as store:
            sample = None if all_profiles else SAMPLE
            return await make_plan(store, settings, checked, sample, partial(how_far, settings))

    compile_later()
    return asyncio.run(found())


def _refuse_other_plan(found: "Plan", plan_id: str | None) -> None:
    if plan_id is not None and plan_id != found.plan_id:
        raise UsageError(
            f"Nothing is applied: this is plan {found.plan_id} and not {plan_id}. The folder has changed since, or"
            " somebody applied something else (segmenter rules history)."
        )


def _refuse_too_much(found: "Plan", share: float | None, at_once: bool) -> None:
    if share is None:
        return
    waits = found.unknown if found.awaits and not at_once else []  # they are compared once their past is there
    if beyond := found.beyond(share, waits):
        raise UsageError(
            f"Nothing is applied: it would move {too_far(beyond, share)}. If that is meant, say a greater --max-change,"
            " or none."
        )


async def _applied(
    checked: "Checked", live: "Version | None", said: Said, settings: Settings, max_change: float | None
) -> "Version":
    from streams.lifecycle.applying import apply
    from streams.lifecycle.following import login
    from streams.state.opening import opened_store

    at_ms = time.time_ns() // 1_000_000
    async with opened_store(settings) as store:
        who = said["author"] or login()
        return await apply(
            *(store.group, checked),
            after=live,
            author=who,
            note=said["note"],
            at_ms=at_ms,
            at_once=said["at_once"],
            max_change=max_change,
        )
