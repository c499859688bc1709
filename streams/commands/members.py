"""`segmenter members`: who is in a segment."""

import asyncio

import click

from streams.commands.in_force import in_force
from streams.commands.options import REDIS, settings_flags
from streams.settings import Settings


@click.command("members")
@click.argument("segment")
@click.option("--csv", "as_csv", is_flag=True, help="With a header: user_id,segment,since.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="So many of them.")
@click.option("--after", metavar="USER", default="", help="Those whose ids come after this one: the next page.")
@settings_flags("redis", "rules", "group", rest=REDIS)
def command(segment: str, as_csv: bool, as_json: bool, limit: int | None, after: str, settings: Settings) -> None:
    """Who is in SEGMENT, by id, and since when: as the workers have stored it.

    SEGMENT is a segment, a level as in lifecycle/power, or a tier, which is all its levels. All members are written out
    as they are read; with --limit, and --after the last id of the page before, a page of them. Of a rule in shadow
    nobody is told since when. In CSV, which is for spreadsheets, an id that one would take for a formula (it begins
    with = + - @) has an apostrophe before it; JSON has each id as it is.

    Exit status 1 where no worker of the group has ever run, 2 where no rule makes a segment of that name.

    \b
    Example:
        segmenter members churn-risk
        segmenter members lifecycle/power --csv > power.csv
        segmenter members churn-risk --limit 100 --after u-00042 --json
    """
    from streams.rulefiles.naming import segments_called
    from streams.terminal.members import FORMS, show

    if as_csv and as_json:
        raise click.UsageError("--csv or --json, not both.")
    rulebook = in_force(settings).checked.rulebook
    segments = segments_called(rulebook, segment)
    in_shadow = any(rule.is_shadow for rule in rulebook.groupings if segments[0] in rule.segments)
    if after and len(segments) > 1:
        raise click.UsageError(f"--after goes on within one level: name it, such as {segments[0]}.")
    form = FORMS["csv" if as_csv else "json" if as_json else "words"]
    asyncio.run(show(settings, segments, form, after, limit, in_shadow))
