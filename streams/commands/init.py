"""`segmenter init`: a folder of one's own rules."""

import shlex
from pathlib import Path

import click

WHAT = {
    "rules/gone-quiet.yaml": "a rule",
    "rules/gone-quiet.stories.yaml": "what it does, told as stories",
    "rules/README.md": "what is what, for whoever opens the folder",
    "rules/schema.json": "for editors, which complete and check rules by it",
    "rules/stories.schema.json": "the same for stories",
    "test_rules.py": "the stories as tests: pytest",
    ".github/workflows/rules.yml": "the same on GitHub, at each push",
}


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Make DIR, a folder of your own rules: one rule, its stories, and what runs them here, in pytest and on GitHub.

    Where one of its files is there already, nothing is written.

    \b
    Example:
        segmenter init my-segments
    """
    from streams.terminal.columns import in_columns
    from streams.testing.scaffold import make

    made = make(folder)
    click.echo(f"{folder} has now:")
    for line in in_columns([(path, WHAT[path]) for path in made]):
        click.echo(f"    {line}")
    click.echo("Try:")
    if folder != Path():
        click.echo(f"    cd {shlex.quote(str(folder))}")
    click.echo("    segmenter check\n    segmenter test")
