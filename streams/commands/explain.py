"""`segmenter explain`: why a user is in a segment, or is not."""

import asyncio

import click

from streams.commands.options import REDIS, settings_flags
from streams.settings import Settings


@click.command("explain")
@click.argument("user")
@settings_flags(*REDIS, "group", "rules", "private_traits")
def command(user: str, settings: Settings) -> None:
    """Why USER is in a segment, or is not: every rule's conditions, with their values now.

    Read from the state in Redis, which a worker writes at every checkpoint; nothing is changed. Exit status 1 where
    nobody of that name is known.

    \b
    Example:
        segmenter explain u-00042 --redis redis://localhost:6379/0
    """
    from streams.commands.explanation import explanation

    for line in asyncio.run(explanation(settings, user)):
        click.echo(line)
