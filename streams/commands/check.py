"""`segmenter check`: are the rules right?"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands.options import REDIS, printing, settings_flags
from streams.errors import SOME_REJECTED, Fault, RuleError
from streams.log import counted
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.core.rules.rulebook import Rulebook
    from streams.delivery.message import Messages
    from streams.eventfiles.observing import InFiles


def _schema() -> str:
    from streams.rulefiles.schema import schema_text

    return schema_text()


def _message_schema() -> str:
    from streams.messagefiles.schema import message_schema_text

    return message_schema_text()


def _language() -> str:
    from streams.core.language.reference import reference

    return reference()


@click.command("check")
@click.argument("path", metavar="[RULES]", required=False, type=click.Path(exists=True, path_type=Path))
@printing("--schema", _schema, "Print a JSON Schema of rule files, for editors.")
@printing("--message-schema", _message_schema, "The same of message files.")
@printing("--language", _language, "Print what an expression can say: each function with an example.")
@click.option("--seen", is_flag=True, help="Hold them against what workers have read, too.")
@click.option(
    "--events",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Hold them against a file of events, too (JSON Lines, plain, .gz or .zst). Repeatable.",
)
@settings_flags("rules", "redis", "group", rest=REDIS)
def command(path: Path | None, seen: bool, files: tuple[Path, ...], settings: Settings) -> None:
    """Check RULES, a folder or one file: all faults at once, each with its place and what to write instead. The
    messages in a folder's messages/ are checked with its rules.

    Exit status 2 if there are any. What is no fault and can hardly be meant is told with a "maybe". Nothing is started,
    nothing is stored.

    With --seen the names that rules read are held against what workers of the group have read on the last seven days
    that they ran, with --events against files. Those never seen are told with the nearest that was, and so are billing
    updates that seem misspelt; exit status 3 if there are any. What is new or rare was never seen either.

    An editor that knows JSON Schemas checks and completes as you type, if a rule's first line says where the schema
    is: "# yaml-language-server: $schema=schema.json".

    \b
    Example:
        segmenter check rules
        segmenter check rules --events events.jsonl
        segmenter check rules --seen --redis redis://localhost:6379/0
        segmenter check --schema > rules/schema.json
    """
    rules = path or settings.rules
    observed = _observed_in(files, settings) if files else None
    try:
        rulebook, messages, doubts = _checked(rules, observed)
    except RuleError as error:
        click.echo(str(error), err=True)
        click.echo(counted(len(error.faults), "fault") + ".", err=True)
        raise click.exceptions.Exit(error.exit_status) from error
    _tell_doubts(doubts)
    right = [_read(rulebook), *([counted(len(messages.messages), "message")] if messages.messages else [])]
    is_one = len(rulebook.rules) + len(messages.messages) == 1
    click.echo(f"{'; '.join(right)} {'is' if is_one else 'are'} right.")
    if seen or observed:
        _hold_against(rules, seen, observed, settings)


def _checked(rules: Path, observed: "InFiles | None") -> "tuple[Rulebook, Messages, list[Fault]]":
    """With doubts. It is read where it lies, so that files that cannot be read are told with all other faults."""
    from streams import messagefiles, rulefiles
    from streams.lifecycle.checking import read_both

    words = observed.texts if observed else None
    return read_both(partial(rulefiles.check, rules, words), partial(messagefiles.load_messages, rules))


def _observed_in(files: Sequence[Path], settings: Settings) -> "InFiles":
    from streams.eventfiles.observing import observed_in
    from streams.sources import InputOptions

    return observed_in(files, InputOptions.of(settings))


def _hold_against(rules: Path, seen: bool, observed: "InFiles | None", settings: Settings) -> None:
    """Exit status 3 if there is anything to say."""
    from streams.observed.report import findings, held_against

    found = [asyncio.run(findings(rules, settings))] if seen else []
    if observed is not None:
        found.append(held_against(observed.names, rules, "the files", "what is in the files"))
        if observed.rejected:
            click.echo(f"{counted(observed.rejected, 'line')} of the files cannot be used.", err=True)
    for each in found:
        _tell_doubts(each.warnings)
        for slip in each.slips:
            click.echo(slip, err=True)
        click.echo(each.summary)
    if any(found):
        raise click.exceptions.Exit(SOME_REJECTED)


def _tell_doubts(doubts: Iterable[Fault]) -> None:
    """What may be meant all the same."""
    for doubt in doubts:
        click.echo(str(replace(doubt, message=f"maybe: {doubt.message}")), err=True)


def _read(rulebook: "Rulebook") -> str:
    """What there is of each sort."""
    from streams.core.rules.rulebook import Scores, Segment, Tier

    nouns = {Segment: "segment", Tier: "tier", Scores: "scores rule"}
    numbers = Counter(map(type, rulebook.rules))
    *most, last = (counted(numbers[sort], noun) for sort, noun in nouns.items() if numbers[sort])
    return f"{', '.join(most)} and {last}" if most else last
