"""`segmenter test`: do the rules do what their stories tell?"""

from pathlib import Path

import click


@click.command("test")
@click.argument("folder", metavar="[RULES]", default="rules", type=click.Path(exists=True, path_type=Path))
def command(folder: Path) -> None:
    """Run the stories that stand beside the rules of a folder: files NAME.stories.yaml, NAME being that of a rule.

    Of a story that goes otherwise, what is told and did not happen is shown with -, what happened and is not told
    with +.

    Exit status 0 if all go as told, 1 if some do not, 2 if a rule or a story is wrong.

    \b
    Example:
        segmenter test rules
    """
    from streams.printable import printable
    from streams.stories import stories

    told = stories(folder)
    differing = {str(story): difference for story in told if (difference := story.difference())}
    for title, difference in differing.items():
        click.echo(title)
        for line in difference:
            click.echo(f"  {printable(line)}")
    if differing:
        click.echo(f"{len(differing)} of {len(told)} stories go otherwise.", err=True)
        raise click.exceptions.Exit(1)
    click.echo("All of 1 story goes as told." if len(told) == 1 else f"All of {len(told)} stories go as told.")
