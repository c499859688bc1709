"""`segmenter backtest`: what rules would have done, over a history."""

import asyncio
import os
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from streams.commands.options import KAFKA, settings_flags
from streams.commands.params import Duration, Time
from streams.core.instants import DAY_MS
from streams.errors import SOME_REJECTED, UsageError
from streams.settings import MEANING, Settings

if TYPE_CHECKING:
    from streams.backtest.question import Question
    from streams.backtest.report import Report

TOPIC_SETTINGS = ("topic_product_events", "topic_billing_updates", "topic_profile_commands")


@click.command("backtest")
@click.argument("history", metavar="[HISTORY...]", nargs=-1, type=click.Path(path_type=Path))
@click.option("--from-kafka", is_flag=True, help="The history is what stands in the input topics.")
@click.option("--against", metavar="OLD", type=click.Path(exists=True, path_type=Path), help="Rules to compare with.")
@click.option("--outcome", metavar="EVENT", help="An event to foretell: a name, or as rules write it.")
@click.option("--within", type=Duration(), default=30 * DAY_MS, help="In which it is to follow. [30d]")
@click.option("--until", "until_ms", type=Time(), help="Let time pass up to here.")
@click.option("--jobs", metavar="N", type=click.IntRange(min=1), help="So many processes. [as many as cores]")
@click.option(
    "--html", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write it as a page, too."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@settings_flags("rules", "timezone", rest=(*KAFKA, *MEANING, "topic_prefix", *TOPIC_SETTINGS))
def command(
    history: tuple[Path, ...],
    from_kafka: bool,
    jobs: int | None,
    html: Path | None,
    as_json: bool,
    settings: Settings,
    **asked: Any,
) -> None:
    """Play --rules over a HISTORY of events, as `segmenter replay` does, and tell what would have come of it: of each
    segment its members by day, who entered and left, how long people stay, how many come and go.

    With --against other rules, such as those that are live: who would be in under one and not under the other, with
    the reasons. With --outcome: how well entering a segment foretold an event. Then what it does not know.

    HISTORY is JSON Lines, plain, .gz or .zst, or Parquet; --from-kafka takes
    the input topics instead.

    Exit status 3 if some lines were rejected, 2 if a rule or an argument is wrong.

    \b
    Example:
        segmenter backtest --rules new --against rules events.jsonl.gz
        segmenter backtest events.jsonl billing.jsonl \\
            --outcome "Subscription Cancelled" --within 30d
    """
    import msgspec

    from streams.terminal.backtest import in_words

    if from_kafka == bool(history):
        raise click.UsageError("Name the files of a HISTORY, or say --from-kafka.")
    if html is not None and not html.absolute().parent.is_dir():
        raise UsageError(f"{html} cannot be written: there is no folder {html.parent}")
    with ExitStack() as stack:
        question = _question(settings, history, **asked)
        if from_kafka:
            question = _from_topics(question, Path(stack.enter_context(TemporaryDirectory(prefix="segmenter-"))))
        found = _played(question, jobs)
    click.echo(msgspec.json.encode(found) if as_json else in_words(found))
    if html is not None:
        _write_page(html, found)
    if found.coverage.rejected:
        click.echo(f"{found.coverage.rejected} of {found.coverage.lines} lines were rejected.", err=True)
        raise click.exceptions.Exit(SOME_REJECTED)


def _write_page(html: Path, found: "Report") -> None:
    """The whole page, or nothing."""
    from streams.backtest.page import page

    try:
        html.write_text(page(found), encoding="utf-8")
    except OSError as error:
        with suppress(OSError):
            os.truncate(html, 0)
        raise UsageError(f"{html} cannot be written: {error.strerror}") from error


def _played(question: "Question", jobs: int | None) -> "Report":
    from streams.backtest.processes import play, processes_for, size_of
    from streams.backtest.report import report
    from streams.commands.engine import compile_later, compile_now
    from streams.terminal.progress import read_so_far

    processes = jobs or processes_for(question, size_of(question))
    (compile_later if processes == 1 else compile_now)()
    with read_so_far() as progress:
        return report(question, play(question, processes, progress))


def _from_topics(question: "Question", folder: Path) -> "Question":
    """What stands in the topics is read once, into a folder."""
    from streams.backtest.topics import fetch

    files, erased, lost = asyncio.run(fetch(question.settings, folder))
    return replace(question, files=files, erased=erased, lost=lost)


def _question(
    settings: Settings,
    history: tuple[Path, ...],
    *,
    against: Path | None,
    outcome: str | None,
    within: int,
    until_ms: int | None,
) -> "Question":
    from streams import rulefiles
    from streams.backtest.question import Question, outcome_rules

    return Question(
        settings,
        tuple(map(str, history)),
        rulefiles.load(settings.rules),
        None if against is None else rulefiles.load(against),
        until_ms,
        None if outcome is None else outcome_rules(outcome),
        outcome or "",
        within,
    )
