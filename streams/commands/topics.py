"""`segmenter topics`: create the topics that are missing, and verify the others."""

import asyncio

import click

from streams.commands.options import KAFKA, NEW_TOPICS, TOPIC_NAMES, settings_flags
from streams.settings import Settings
from streams.terminal.columns import in_columns


@click.command("topics")
@settings_flags("kafka", *NEW_TOPICS, "create_topics", rest=(*KAFKA, *TOPIC_NAMES))
def command(settings: Settings) -> None:
    """Create the topics that are missing, and verify the others; a worker does the same when it starts.

    Inputs, changes and memberships must have equally many partitions, which is how a user's records, state and
    changes stay together. Exit status 2 where they do not fit, and with --no-create-topics where one is missing.

    \b
    Example:
        segmenter topics --kafka localhost:9092 --partitions 12 --replication 3
    """
    from streams.kafka.provisioning import ensure

    rows = [
        (finding.topic, str(finding.partitions), "created" if finding.created else "was there")
        for finding in asyncio.run(ensure(settings))
    ]
    for line in in_columns([("topic", "partitions", ""), *rows]):
        click.echo(line)
