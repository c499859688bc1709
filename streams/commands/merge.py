"""`segmenter merge`: two users become one."""

import asyncio

import click

from streams.commands.options import KAFKA, REDIS, settings_flags
from streams.commands.params import Duration, Id
from streams.settings import Settings


@click.command("merge")
@click.argument("gone", type=Id())
@click.option("--into", type=Id(), required=True, metavar="STAYS", help="Who stays, with all that was kept of both.")
@click.option("--timeout", "timeout_ms", type=Duration(), default="30s", show_default=True, help="How long to wait.")
@settings_flags(
    "kafka", "redis", "group", rest=(*KAFKA, *REDIS, "topic_prefix", "topic_profile_commands", "partitioner")
)
def command(gone: str, into: str, timeout_ms: int, settings: Settings) -> None:
    """Make one user of two, and wait until workers have done it. Nothing undoes it.

    STAYS has from then on what was kept of both, as if every event of GONE had been theirs: counts, traits,
    subscriptions, segments. What that changes for STAYS is told once, with cause "merge". GONE leaves every segment,
    and records that still bear GONE are those of STAYS. A user is merged once; a chain of merges is followed.

    It needs Kafka, Redis and workers. Exit status 0 when it is done; 1 where it cannot be, as where either is unknown,
    or where no worker did it in time: then it is not lost, and is done once they run.

    \b
    Example:
        segmenter merge u-00042 --into u-00007
    """
    from streams.admin.merging import merge
    from streams.printable import printable

    survivor = asyncio.run(merge(settings, gone, into, timeout_ms))
    click.echo(f"{printable(gone)} is {printable(survivor)} from now on.")
