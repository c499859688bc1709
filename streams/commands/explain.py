"""`segmenter explain`: why a user is in a segment, or is not, and what comes next."""

import asyncio
from pathlib import Path

import click

from streams.commands.in_force import in_force
from streams.commands.options import REDIS, settings_flags
from streams.commands.params import Id, Time
from streams.errors import SOME_REJECTED
from streams.settings import MEANING, Settings


@click.command("explain")
@click.argument("user", type=Id())
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--segment", "segments", metavar="NAME", multiple=True, help="This one in full; or a level, as in lifecycle/power."
)
@click.option("--at", "at_ms", type=Time(), help="As of then. Later than now, it is what comes if nothing happens.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all of each change to come.")
@settings_flags("redis", "rules", "group", rest=(*REDIS, "partitioner", *MEANING))
def command(
    user: str,
    files: tuple[Path, ...],
    segments: tuple[str, ...],
    at_ms: int | None,
    as_json: bool,
    settings: Settings,
) -> None:
    """Why USER is in a segment, or is not, and what comes next.

    By each rule: in or out, the conditions that decide it, and what comes next if nothing happens (within ten years,
    the edges of quintiles staying where they are). With --segment all conditions of a rule, and since when each holds.

    Without FILEs it reads what workers have stored in Redis, by the rules that are live, and tells of now or of later.
    With FILEs (JSON Lines, as for replay) it needs neither Kafka nor Redis, goes by the rules of the folder, and tells
    of any time, by default that of the newest event. A stored profile keeps no past; with FILEs it is known since when
    each condition holds.

    Exit status 1 where nobody of that name is known, 2 where no rule makes a segment of that name, 3 if lines of the
    files were rejected.

    \b
    Example:
        segmenter explain u-00042
        segmenter explain u-00042 --segment churn-risk --at 2026-12-24
        segmenter explain u-00042 events.jsonl billing.jsonl.gz --at 2026-03-01
    """
    from streams import rulefiles
    from streams.admin.lookup import replayed, stored
    from streams.commands.engine import compile_later
    from streams.core.explain.explanation import explain
    from streams.rulefiles.naming import rules_called
    from streams.terminal.explanation import in_json, in_words

    rulebook = rulefiles.load(settings.rules) if files else in_force(settings).checked.rulebook
    rules = rules_called(rulebook, segments)
    if files:
        compile_later()
        found = replayed(settings, rulebook, user, files, at_ms)
    else:
        found = asyncio.run(stored(settings, rulebook, user, at_ms))
    told = in_json if as_json else in_words
    click.echo(told(explain(found.shard, user, found.at_ms), rules, found.aliases))
    if found.remark:
        click.echo(found.remark, err=True)
    if found.incomplete:
        raise click.exceptions.Exit(SOME_REJECTED)
