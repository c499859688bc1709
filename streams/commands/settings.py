"""`segmenter settings`: every setting, with its value and where it comes from."""

import click

from streams.commands.options import settings_flags
from streams.settings import Settings


@click.command("settings")
@settings_flags(*Settings.names())
def command(settings: Settings) -> None:
    """Every setting, with its value and where it comes from; secrets are masked.

    \b
    Example:
        SEGMENTER_KAFKA=kafka-1:9092,kafka-2:9092 segmenter settings
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "value", "from", box=None, pad_edge=False, header_style="bold")
    for variable, value, origin in settings.rows():
        style = "dim" if origin == "default" else None
        table.add_row(variable, value, origin, style=style)
    Console(soft_wrap=True).print(table)
