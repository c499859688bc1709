"""`segmenter erase`: all that is kept of a user."""

import asyncio

import click

from streams.commands.options import KAFKA, REDIS, settings_flags
from streams.commands.params import Duration, Id
from streams.settings import Settings


@click.command("erase")
@click.argument("user", type=Id())
@click.option("--timeout", "timeout_ms", type=Duration(), default="30s", show_default=True, help="How long to wait.")
@settings_flags(
    "kafka", "redis", "group", rest=(*KAFKA, *REDIS, "topic_prefix", "topic_profile_commands", "partitioner")
)
def command(user: str, timeout_ms: int, settings: Settings) -> None:
    """Remove all that is kept of USER, wait until a worker has done it, and say what there was.

    Gone are then the profile, and the user from every segment: in Redis, on segment-memberships (a tombstone), and by a
    change for each segment, with cause "erase"; and the user's id from what backtests of the dashboard found. Of the id
    a hash stays, with the time of the command: events that happened before it are refused from then on, however late
    they come, also where the state is made anew from the topics. What happens later begins a new profile.

    Your topics are yours: product-events, billing-updates, segment-changes and dead-letters keep their records until
    their retention ends or you delete them. The command itself, which names the user, stays in profile-commands.

    It needs Kafka, Redis and a worker. Exit status 0 when it is done, also where nobody of that name was known; 1 where
    no worker did it in time: it is not lost, and is done once one runs.

    \b
    Example:
        segmenter erase u-00042 --kafka kafka-1:9092 --redis redis://cache:6379/0
    """
    from streams.admin.erasure import erase
    from streams.terminal.erasure import in_words

    click.echo(in_words(asyncio.run(erase(settings, user, timeout_ms)), settings))
