"""`segmenter links`: whose an alias is, and what waits under it."""

import asyncio

import click

from streams.commands.options import REDIS, settings_flags
from streams.commands.params import Id
from streams.settings import Settings


@click.command("links")
@click.argument("alias", required=False, type=Id())
@click.option("--refused", is_flag=True, help="Links that were refused, and why.")
@settings_flags("redis", "group", rest=(*REDIS, "partitioner"))
def command(alias: str | None, refused: bool, settings: Settings) -> None:
    """Whose ALIAS is, and what waits under it: an anonymousId, a Stripe customer, a previousId.

    With --refused, the links of all aliases that were refused: those that would have made one of two users, and those
    of users who have a hundred ids already. Of a user, `segmenter explain` shows the aliases.

    \b
    Example:
        segmenter links cus_QXg1o8vcGmoR32
        segmenter links --refused
    """
    from streams.admin import links
    from streams.terminal.links import in_words, refusals_in_words

    if refused == (alias is not None):
        raise click.UsageError("Name an ALIAS, or ask for those that were --refused.")
    if alias is None:
        click.echo(refusals_in_words(asyncio.run(links.refused(settings))))
    else:
        click.echo(in_words(alias, asyncio.run(links.known(settings, alias))))
