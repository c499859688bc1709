"""`segmenter dead-letters`: records that could not be used, by reason, and once more after mending."""

import asyncio
import time

import click

from streams.commands.options import KAFKA, REDIS, settings_flags
from streams.settings import Settings

TOPICS = ("topic_product_events", "topic_billing_updates", "topic_profile_commands", "topic_dead_letters")
OF_TOPICS = ("topic_prefix", *TOPICS)


@click.group("dead-letters", invoke_without_command=True)
@settings_flags("kafka", "redis", "group", rest=(*KAFKA, *REDIS, *OF_TOPICS))
@click.pass_context
def command(context: click.Context, settings: Settings) -> None:
    """Show how many of the newest 1,000 records that could not be used are there for which reason, and what to do.

    \b
    Example:
        segmenter dead-letters
        segmenter dead-letters again no_rate
    """
    if context.invoked_subcommand is not None:
        return
    from streams.admin.mending import newest, sendings
    from streams.state.opening import opened_store
    from streams.terminal.dead_letters import in_words

    async def found() -> str:
        async with opened_store(settings) as store:
            return in_words(await newest(settings), await sendings(store.group))

    click.echo(asyncio.run(found()), nl=False)


@command.command("again")
@click.argument("reason")
@click.option("--place", metavar="TOPIC/PARTITION/OFFSET", help="This one alone, by where the record stood.")
@click.option("--even-again", is_flag=True, help="Those too that went before.")
@click.option("--author", metavar="NAME", help="Who does it; whoever is logged in here by default.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@settings_flags("kafka", "redis", "group", rest=(*KAFKA, *REDIS, *OF_TOPICS, "partitioner"))
def again(reason: str, place: str | None, even_again: bool, author: str | None, yes: bool, settings: Settings) -> None:
    """Publish records that could not be used to their topics once more, as they were: those of REASON among the newest
    1,000 dead letters. What can be used now counts from when it happened; what cannot is a dead letter again. Each goes
    once, however often this is asked.

    \b
    Example:
        segmenter dead-letters again no_rate
        segmenter dead-letters again no_rate --place product-events/3/1042 --even-again
    """
    from streams.admin.mending import Buried, choose, send_again
    from streams.lifecycle.following import login
    from streams.state.opening import opened_store
    from streams.terminal.dead_letters import chosen_in_words, sent_in_words

    def wanted(each: Buried) -> bool:
        return each.letter.why.code == reason and place in (None, str(each.place))

    async def sent() -> None:
        async with opened_store(settings) as store:
            choice = await choose(settings, store.group, wanted, even_again)
            click.echo(chosen_in_words(choice))
            if not choice.now or not (yes or click.confirm("Send them?")):
                return
            at_ms = time.time_ns() // 1_000_000
            who = author or login()
            click.echo(sent_in_words(await send_again(settings, store.group, choice, who, at_ms, even_again)))

    asyncio.run(sent())
