"""`segmenter watch`: changes as they happen."""

import asyncio
import sys

import click

from streams.commands.options import KAFKA, settings_flags
from streams.settings import Settings


@click.command("watch")
@click.option("--segment", "segments", metavar="NAME", multiple=True, help="Only it, or a level, like lifecycle/power.")
@click.option("--user", "users", metavar="ID", multiple=True, help="Only this one; may be given several times.")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest change that Kafka still has.")
@click.option("--json", "as_json", is_flag=True, help="The changes as they are in the topic, one JSON object a line.")
@settings_flags("kafka", rest=(*KAFKA, "topic_prefix", "topic_segment_changes"))
def command(
    segments: tuple[str, ...], users: tuple[str, ...], from_beginning: bool, as_json: bool, settings: Settings
) -> None:
    """Show changes as they happen, a line each, until Ctrl-C: when, who, which segment, and why.

    It reads beside all others: it is in no consumer group, and commits nothing.

    \b
    Example:
        segmenter watch --segment churn-risk --segment lifecycle/power
        segmenter watch --from-beginning --json | jq .because
    """
    from streams.kafka.change_stream import bursts
    from streams.outputs.wording import line_of

    async def show() -> None:
        async for burst in bursts(settings, from_beginning):
            for value, change in burst:
                if (not segments or change.concerns(segments)) and (not users or change.user_id in users):
                    click.echo(value if as_json else line_of(change))
            sys.stdout.flush()

    try:
        asyncio.run(show())
    except KeyboardInterrupt:
        return
