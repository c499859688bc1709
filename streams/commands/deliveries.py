"""`segmenter deliveries`: what was decided about a user's messages, what goes again, and how endpoints do."""

import asyncio

import click

from streams.commands.in_force import in_force
from streams.commands.options import KAFKA, REDIS, settings_flags
from streams.commands.params import Id
from streams.settings import Settings

FAILED = 1
OF_TOPICS = ("topic_prefix", "topic_deliveries")


class _OrUser(click.Group):
    """What is no command of its own is a user."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["of", *args]
        return super().resolve_command(ctx, args)


@click.group("deliveries", cls=_OrUser)
def command() -> None:
    """Show what was decided about a user's messages: segmenter deliveries USER. A user who is called as a command is
    shown by segmenter deliveries of USER.

    \b
    Example:
        segmenter deliveries u-00042
        segmenter deliveries again u-00042 5e0c11d0a7f2
        segmenter deliveries test crm
        segmenter deliveries endpoints
        segmenter deliveries enable crm
    """


@command.command("of", hidden=True)
@click.argument("user", type=Id())
@click.option("--json", "as_json", is_flag=True, help="As JSON Lines, as the topic has them.")
@settings_flags("kafka", "group", rest=(*KAFKA, *OF_TOPICS))
def of(user: str, as_json: bool, settings: Settings) -> None:
    """What was decided about USER's messages, the oldest first, as far as the topic deliveries reaches back."""
    import msgspec

    from streams.admin.deliveries import decisions
    from streams.printable import printable
    from streams.terminal.deliveries import line_of_record

    found = asyncio.run(decisions(settings, user))
    for record in found:
        click.echo(msgspec.json.encode(record).decode() if as_json else line_of_record(record))
    if not found:
        click.echo(f"Nothing was decided about {printable(user)} that is still known.", err=True)


@command.command("again")
@click.argument("user", type=Id())
@click.argument("delivery", metavar="ID")
@click.option("--endpoint", default="", metavar="NAME", help="Of a change that goes to several endpoints, to which.")
@settings_flags(
    "kafka",
    "redis",
    "group",
    "rules",
    rest=(*KAFKA, *REDIS, *OF_TOPICS, "topic_segment_changes", "topic_delivery_commands", "partitioner"),
)
def again(user: str, delivery: str, endpoint: str, settings: Settings) -> None:
    """Send a delivery of USER's once more, by the segmenter deliver that runs: a webhook, under its own webhook-id, or
    a message that was not sent. No cap and no quiet hours are in its way. ID is what its id begins with.

    \b
    Example:
        segmenter deliveries u-00042 --json
        segmenter deliveries again u-00042 5e0c11d0a7f2
    """
    from streams.admin.sending_again import send_again
    from streams.printable import command_line, printable

    it = asyncio.run(send_again(settings, in_force(settings).checked.messages, user, delivery, endpoint))
    whom, tells = printable(it.endpoint or user), command_line("deliveries", user)
    click.echo(f"{it.message or 'The change'} goes to {whom} again; `{tells}` tells.")


@command.command("test")
@click.argument("endpoint")
@settings_flags("rules", "redis", "group", rest=(*REDIS, "webhook_private"))
def test(endpoint: str, settings: Settings) -> None:
    """Post something to ENDPOINT of webhooks.yaml that is about nobody, signed as all is: as the live version of the
    rules has it, or RULES where nothing was ever applied. Exit status 1 if it does not take it."""
    from streams.admin.deliveries import endpoint_called, try_endpoint

    posted = asyncio.run(try_endpoint(settings, endpoint_called(in_force(settings).checked.messages, endpoint)))
    click.echo(f"{endpoint}: {posted.said}")
    if not posted.is_done:
        raise click.exceptions.Exit(FAILED)


@command.command("endpoints")
@settings_flags("rules", "redis", "group", rest=REDIS)
def endpoints(settings: Settings) -> None:
    """How each endpoint does."""
    from streams.admin.deliveries import standings
    from streams.core.instants import format_time
    from streams.terminal.columns import in_columns

    messages = in_force(settings).checked.messages
    rows = [("endpoint", "address", "does")]
    for name, standing in asyncio.run(standings(settings, messages)).items():
        failing = "well" if standing.failing_since is None else f"fails since {format_time(standing.failing_since)}"
        does = f"disabled: {standing.disabled}" if standing.disabled else failing
        rows.append((name, messages.endpoints[name].url, does))
    for line in in_columns(rows):
        click.echo(line)


@command.command("enable")
@click.argument("endpoint")
@settings_flags("rules", "redis", "group", rest=REDIS)
def enable(endpoint: str, settings: Settings) -> None:
    """Post to ENDPOINT again after it was disabled. What failed meanwhile is not sent again."""
    from streams.admin.deliveries import enable, endpoint_called

    asyncio.run(enable(settings, endpoint_called(in_force(settings).checked.messages, endpoint)))
    click.echo(f"{endpoint} is enabled.")
