"""`segmenter rules`: what is live, what was, and what is to be."""

import asyncio

import click

from streams.commands.in_force import in_force
from streams.commands.options import REDIS, settings_flags
from streams.commands.rules_history import diff, history, rollback, show
from streams.commands.rules_plan import apply, plan
from streams.settings import Settings


@click.group("rules", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@settings_flags("redis", "rules", "group", rest=REDIS)
def command(as_json: bool, settings: Settings) -> None:
    """What is live: each rule with its members, what it reads and costs, and whether workers run it already.

    It reads what workers have stored. The rules are those of the version that is live; of the folder where none was
    ever applied.

    A count that no rule needed before starts empty, so a rule that was added to a running group is "warming" until
    all of its windows have been counted: who is in it is not all who should be. What has no window, such as
    count("Signed In") or days_since("Signed In"), is then of what happened since, for good.

    The bytes are of a profile's row in a worker's memory. A rule costs what no other rule needs. Redis keeps less,
    because it keeps no zeros. Exit status 1 where no worker of the group has ever run.

    \b
    Example:
        segmenter rules --redis redis://cache:6379/0
        segmenter rules plan rules
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from streams.admin.inventory import awaited_past, stored
    from streams.terminal.inventory import in_json, in_words

    version, checked = in_force(settings)
    found = asyncio.run(stored(settings, checked.rulebook))
    awaited = asyncio.run(awaited_past(settings))
    click.echo(in_json(found, version, awaited) if as_json else in_words(found, version, awaited))


for each in (plan, apply, history, show, diff, rollback):
    command.add_command(each)
