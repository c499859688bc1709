"""`segmenter test`: do rules do what their stories tell?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands.options import printing, settings_flags
from streams.errors import UsageError
from streams.log import counted
from streams.settings import MEANING, Settings

if TYPE_CHECKING:
    from streams.testing.message_verdicts import MessageVerdict
    from streams.testing.verdicts import Verdict

SOME_DIFFER = 1


def _schema() -> str:
    from streams.testing.story_schema import story_schema_text

    return story_schema_text()


def _message_schema() -> str:
    from streams.testing.story_schema import message_story_schema_text

    return message_story_schema_text()


@click.command("test")
@click.argument("path", metavar="[RULES]", required=False, type=click.Path(exists=True, path_type=Path))
@printing("--schema", _schema, "Print a JSON Schema of story files, for editors.")
@printing("--message-schema", _message_schema, "The same of stories of messages.")
@settings_flags("rules", "timezone", rest=MEANING)
def command(path: Path | None, settings: Settings) -> None:
    """Run the stories that stand beside the rules of RULES, a folder or one file: churn-risk.stories.yaml beside
    churn-risk.yaml. Nothing is started, nothing is stored.

    A story is a sentence, what happened, and what the rule makes of it:

    \b
        a paying customer goes quiet for a week:
          events: |
            2026-03-01 08:00              ann  Subscription Started  mrr=49
            2026-03-01..2026-03-08 09:00  ann  Signed In
          until: 2026-03-31
          changes: |
            2026-03-15 09:00  ann  enters churn-risk  (timer)

    Stories of messages stand beside them in messages/, with `changes` and `messages` in the place of `events` and
    `changes`.

    Where rules do something else, both are shown line by line, with what stands against a change that is told. Exit
    status 1 if any story goes otherwise, 2 if a rule or a story cannot be read.

    \b
    Example:
        segmenter test rules
        segmenter test --schema > rules/stories.schema.json
    """
    from streams.commands.engine import compile_later
    from streams.rulefiles import load
    from streams.testing.message_stories import message_stories_beside
    from streams.testing.message_verdicts import tell_message
    from streams.testing.storyfiles import stories_beside
    from streams.testing.verdicts import LEGEND, tell

    rules = path or settings.rules
    stories = stories_beside(rules)
    of_messages = message_stories_beside(rules)
    if not stories and not of_messages:
        raise UsageError(
            f"There are no stories beside the rules in {rules}. Those of churn-risk.yaml stand beside it in"
            " churn-risk.stories.yaml; `segmenter init` makes a folder that has one."
        )
    compile_later()
    verdicts: list[Verdict | MessageVerdict] = [tell(story, settings) for story in stories]
    verdicts += [tell_message(story) for story in of_messages]
    untold = [name for name in load(rules).names if name not in {story.rule for story in stories}]
    if untold:
        click.echo(f"No story tells of {', '.join(untold)}.", err=True)
    differing = [verdict for verdict in verdicts if not verdict.agrees]
    for verdict in differing:
        click.echo(f"{verdict}\n")
    if differing:
        verb = "goes" if len(differing) == 1 else "go"
        click.echo(f"{LEGEND}\n\n{len(differing)} of {counted(len(verdicts), 'story')} {verb} otherwise.")
        raise click.exceptions.Exit(SOME_DIFFER)
    click.echo(f"{counted(len(verdicts), 'story')} {'goes as it is' if len(verdicts) == 1 else 'go as they are'} told.")
