"""`segmenter rules`: what is live."""

import asyncio

import click

from streams.commands.options import REDIS, settings_flags
from streams.settings import Settings


@click.command("rules")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@settings_flags("redis", "rules", "group", rest=REDIS)
def command(as_json: bool, settings: Settings) -> None:
    """What is live: each rule with its members, what it reads and costs, and whether workers run it as its file says.

    It reads the state in Redis, which a worker writes at every checkpoint, and changes nothing.

    A count that no rule needed before starts empty, so a rule that was added to a running group is "warming" until
    all of its windows have been counted: who is in it is not all who should be. What has no window, such as
    count("Signed In") or days_since("Signed In"), is then of what happened since, for good.

    The bytes are of a profile's row in a worker's memory. A rule costs what no other rule needs. Redis keeps less,
    because it keeps no zeros.

    Workers read the rules when they start. Exit status 1 where no worker of the group has ever run.

    \b
    Example:
        segmenter rules --redis redis://cache:6379/0
        segmenter rules --json
    """
    from streams import rulefiles
    from streams.admin.inventory import stored
    from streams.terminal.inventory import in_json, in_words

    found = asyncio.run(stored(settings, rulefiles.load(settings.rules)))
    click.echo(in_json(found) if as_json else in_words(found))
