"""`segmenter deliver`: from changes to messages."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from streams.commands.in_force import in_force
from streams.commands.options import KAFKA, REDIS, settings_flags
from streams.errors import SOME_REJECTED, UsageError
from streams.log import LEVELS, configure, counted, log
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.core.changes import Change
    from streams.delivery.message import Messages


@click.group("deliver", invoke_without_command=True)
@click.option(
    "--dry-run",
    "changes",
    metavar="CHANGES",
    type=click.Path(allow_dash=True, dir_okay=False),
    help="Show what would be sent because of these changes (JSON Lines; - is what is piped in), and why not.",
)
@click.option("--everything", is_flag=True, help="Send messages that are off, too: to try them out.")
@click.option(
    "--log-level", metavar="LEVEL", type=click.Choice(LEVELS), default="info", help=f"{', '.join(LEVELS)}. [info]"
)
@settings_flags("kafka", "redis", "rules", "group", rest=Settings.names())
def command(changes: str | None, everything: bool, log_level: str, settings: Settings) -> None:
    """Turn changes into messages until SIGTERM or Ctrl-C: those of the rules that were applied last (segmenter rules
    apply), which are taken over within seconds, or of RULES/messages where none ever were. What is decided about each
    message and user goes to the topic deliveries, with the reason.

    Run as many as there are partitions: they share the work, and when one ends or dies, the others take over where it
    was. Nobody gets a message twice in a feed for it, and nobody misses one.

    With --dry-run nothing is started and nothing is sent: time passes with the changes, which `segmenter replay` makes
    of a history. Exit status 3 if a line is no change.

    \b
    Example:
        segmenter deliver --kafka kafka-1:9092 --redis redis://cache:6379/0
        segmenter replay events.jsonl | segmenter deliver --dry-run - --everything
        segmenter deliver send come-back --to-members
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    if changes is not None:
        messages = _messages(settings.rules, everything)
        try:
            lines = click.open_file(changes, "rb")
        except OSError as error:
            raise UsageError(f"{changes} cannot be read: {error.strerror}") from error
        with lines:
            _rehearse(messages, lines, settings)
        return
    configure(log_level, settings.log)
    for warning in Settings.unknown_variables():
        log.warning("settings - %s", warning)
    log.info("deliver - starts: group %s", settings.group)
    from streams.dispatch.process import run_deliver

    run_deliver(settings, everything)


@command.command("send")
@click.argument("message")
@click.option(
    "--to-members", is_flag=True, required=True, expose_value=False, help="To all who are in its segment now."
)
@settings_flags("kafka", "redis", "rules", "group", rest=(*KAFKA, *REDIS, "topic_prefix", "topic_delivery_commands"))
def send(message: str, settings: Settings) -> None:
    """Send MESSAGE to those who are in its segment already, by way of the segmenter deliver that runs. Its caps, quiet
    hours, holdout and so on hold; its delay and its expiry count from now. Who got it for entering gets it no more.

    \b
    Example:
        segmenter deliver send come-back --to-members
    """
    from streams.admin.sending import send_to_members
    from streams.core.language.faults import did_you_mean

    checked = in_force(settings).checked
    messages = checked.messages.by_name
    if message not in messages:
        raise UsageError(f"There is no message {message}. {did_you_mean(message, messages)}".strip())
    if not messages[message].is_live:
        raise UsageError(f"{message} is off: write `state: live` into its file first.")
    sent = asyncio.run(send_to_members(settings, checked.rulebook, messages[message]))
    click.echo(f"{message} goes to {counted(sent, 'member')}; `segmenter deliveries USER` tells what becomes of it.")


def _messages(rules: Path, everything: bool) -> "Messages":
    from streams import messagefiles, rulefiles

    found = messagefiles.load_messages(rules, rulefiles.load(rules))
    return found.all_live() if everything else found


def _rehearse(messages: "Messages", lines: IO[bytes], settings: Settings) -> None:
    from streams.delivery.rehearsal import Passed, Rehearsal
    from streams.terminal.deliveries import line_of, line_of_passed

    rejected: list[int] = []

    def passed(each: Passed) -> None:
        click.echo(line_of_passed(each))

    rehearsal = Rehearsal(messages, settings.calendar.name, passed)
    for each in rehearsal.run(_changes(lines, rejected)):
        click.echo(line_of(each.user, each.decision))
    if rejected:
        raise click.exceptions.Exit(SOME_REJECTED)


def _changes(lines: IO[bytes], rejected: list[int]) -> "Iterator[tuple[Change, bool]]":
    """Each with whether it is live, as which a replay's count."""
    import msgspec

    from streams.outputs.change import decode_noticed

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            noticed = decode_noticed(line)
        except msgspec.DecodeError as error:
            rejected.append(number)
            click.echo(f"line {number}: this is no change: {error}", err=True)
            continue
        yield noticed.change, noticed.is_live is not False
