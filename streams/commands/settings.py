"""`segmenter settings`: every setting, with its value and where it comes from."""

import click

from streams.commands.options import settings_flags
from streams.settings import Settings
from streams.terminal.columns import in_columns


@click.command("settings")
@settings_flags(rest=Settings.names())
def command(settings: Settings) -> None:
    """Every setting, with its value and where it comes from; secrets are masked.

    \b
    Example:
        SEGMENTER_KAFKA=kafka-1:9092,kafka-2:9092 segmenter settings
    """
    # The values last: some are longer than a line.
    rows = [(variable, origin, value) for variable, value, origin in settings.rows()]
    for line in in_columns([("setting", "from", "value"), *rows]):
        click.echo(line)
    for warning in Settings.unknown_variables():
        click.echo(f"Warning: {warning}", err=True)
