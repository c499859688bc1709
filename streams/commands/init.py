"""`segmenter init`: a folder of rules of one's own."""

from pathlib import Path

import click

from streams.errors import UsageError


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Make DIR, a folder for rules of your own: one rule with stories that say when it speaks, a schema by which
    editors complete rules, a test for pytest, and a workflow that checks all of it on GitHub.

    Nothing that is there is written over.

    \b
    Example:
        segmenter init acme-segments
        segmenter test acme-segments/rules
    """
    from streams.admin.starter import files

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already, and not empty: name another folder.")
    made = files()
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        click.echo(f"{path}")
    click.echo(f"Next: segmenter check {folder / 'rules'} && segmenter test {folder / 'rules'}")
