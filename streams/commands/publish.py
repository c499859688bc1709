"""`segmenter publish`: JSON Lines files into the input topics."""

import asyncio
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import click

from streams.commands.options import INPUT_TOPICS, KAFKA, NEW_TOPICS, settings_flags
from streams.errors import SOME_REJECTED
from streams.eventfiles.lines import LineFile
from streams.log import counted
from streams.settings import Settings


@click.command("publish")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--rate", metavar="N", type=click.FloatRange(min=0, min_open=True), help="So many events a second.")
@click.option("--ids", is_flag=True, help="Give each record without a messageId one, made from its content.")
@settings_flags("kafka", rest=(*KAFKA, *INPUT_TOPICS, *NEW_TOPICS, "create_topics", "partitioner"))
def command(files: tuple[Path, ...], rate: float | None, ids: bool, settings: Settings) -> None:
    """Send JSON Lines FILEs (plain, .gz or .zst; - is what is piped in) into the input topics, one file after another.

    Billing updates go to billing-updates, all else to product-events. The key of a record is its user id, or without
    one its anonymousId or Stripe's customer, and its partition the one where the partitioner (by default that of
    Kafka's Java client) puts that key, so that everything of a user is in one place and in order. Lines that are not a
    JSON object are reported as FILE:LINE: REASON, and the others are sent: whether a record means anything is for the
    worker to say, which keeps what it cannot use in dead-letters.

    A record without a messageId cannot be told from a repeat: sent twice, it counts twice. With --ids it gets one, and
    the same record always the same.

    While no broker answers it says so, and tries again until one does, or until Ctrl-C.

    Exit status 0 if everything was sent, 3 if some lines were not.

    \b
    Example:
        segmenter publish events.jsonl.gz billing.jsonl --rate 2000
    """
    from streams.eventfiles.publishing import Sending
    from streams.terminal.progress import reading

    with ExitStack() as opened:
        sources = [opened.enter_context(closing(LineFile(path))) for path in files]
        progress = opened.enter_context(reading(sources))
        say = partial(click.echo, err=True)
        sending = Sending(settings, progress, lambda rejected: say(str(rejected)), say, rate, makes_ids=ids)
        asyncio.run(sending.send(sources))
    if sending.without_id:
        click.echo(
            f"{counted(sending.without_id, 'record')} had no messageId: sent once more, they would count twice."
            " `--ids` makes ids from what records say.",
            err=True,
        )
    click.echo(f"{counted(sending.sent, 'record')} sent in {sending.took_s:.1f} s.", err=True)
    if sending.rejected:
        click.echo(f"{sending.rejected} lines were not sent.", err=True)
        raise click.exceptions.Exit(SOME_REJECTED)
