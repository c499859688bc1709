"""`segmenter watch`: changes as they happen."""

import asyncio
import sys

import click

from streams.commands.options import KAFKA, settings_flags
from streams.errors import RuleError, UsageError
from streams.settings import Settings


@click.command("watch")
@click.option("--segment", "segments", metavar="NAME", multiple=True, help="Only it, or a level, like lifecycle/power.")
@click.option("--user", "users", metavar="ID", multiple=True, help="Only this one; may be given several times.")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest change that Kafka still has.")
@click.option("--json", "as_json", is_flag=True, help="The changes as they are in the topic, one JSON object a line.")
@settings_flags("kafka", "rules", rest=(*KAFKA, "topic_prefix", "topic_segment_changes"))
def command(
    segments: tuple[str, ...], users: tuple[str, ...], from_beginning: bool, as_json: bool, settings: Settings
) -> None:
    """Show changes as they happen, a line each, until Ctrl-C: when, who, which segment, and why.

    It reads beside all others: it is in no consumer group, and commits nothing. Of the rules it only wants to know
    whether a segment is misspelt.

    \b
    Example:
        segmenter watch --segment churn-risk --segment lifecycle/power
        segmenter watch --from-beginning --json | jq .because
    """
    from streams.outputs.change_stream import bursts
    from streams.outputs.wording import line_of

    if segments:
        _refuse_unknown(segments, settings)

    async def show() -> None:
        async for burst in bursts(settings, from_beginning):
            for value, change in burst:
                if (not segments or change.concerns(segments)) and (not users or change.subject in users):
                    click.echo(value if as_json else line_of(change))
            sys.stdout.flush()

    try:
        asyncio.run(show())
    except KeyboardInterrupt:
        return


def _refuse_unknown(segments: tuple[str, ...], settings: Settings) -> None:
    """Nobody wants to wait for the changes of a segment that is misspelt. But the folder that happens to be here may
    not be the workers', so what is like none of its names is believed, unless the folder was named."""
    from streams import rulefiles
    from streams.rulefiles.naming import UnknownSegment, rules_called

    try:
        rules_called(rulefiles.load(settings.rules), segments)
    except UnknownSegment as error:
        if settings.is_set("rules") or error.nearest:
            raise UsageError(f"{error} (--rules says where the rules are, if not in {settings.rules}.)") from error
    except RuleError:
        if settings.is_set("rules"):
            raise
