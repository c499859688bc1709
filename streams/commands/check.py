"""`segmenter check`: are the rules right?"""

from pathlib import Path

import click

from streams.commands.options import settings_flags
from streams.errors import RuleError
from streams.settings import Settings


@click.command("check")
@click.argument("path", metavar="[RULES]", required=False, type=click.Path(exists=True, path_type=Path))
@settings_flags("rules")
def command(path: Path | None, settings: Settings) -> None:
    """Check RULES, a folder or one file: all faults at once, each with its place and what to write instead.

    Exit status 2 if there are any. Nothing is started, nothing is stored.

    \b
    Example:
        segmenter check rules
    """
    from streams import rulefiles

    try:
        rulebook = rulefiles.load(path or settings.rules)
    except RuleError as error:
        click.echo(str(error), err=True)
        click.echo(_counted(len(error.faults), "fault") + ".", err=True)
        raise click.exceptions.Exit(error.exit_status) from error
    count = len(rulebook.segments)
    click.echo(f"{_counted(count, 'rule')} {'is' if count == 1 else 'are'} right.")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
