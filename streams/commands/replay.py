"""`segmenter replay`: the rules over files, without Kafka or Redis (docs/semantics.md#replay)."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.commands.options import settings_flags
from streams.commands.params import Time
from streams.errors import SOME_REJECTED, UsageError
from streams.eventfiles.lines import LineFile
from streams.eventfiles.rejects import RejectedLine
from streams.settings import MEANING, Settings

if TYPE_CHECKING:
    from streams.core.changes import Change
    from streams.eventfiles.playback import Playback


@click.command("replay")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--until", "until_ms", type=Time(), help="Let time pass up to here; what happened later is left out.")
@click.option("--dead-letters", metavar="FILE", type=click.Path(path_type=Path), help="Write rejected lines to it.")
@click.option("--words", is_flag=True, help="The changes in words, one a line, as `segmenter watch` shows them.")
@click.option("--as-made", is_flag=True, help="Do not put them in order of time: print each as soon as it is made.")
@settings_flags("rules", "timezone", rest=MEANING)
def command(
    files: tuple[Path, ...],
    until_ms: int | None,
    dead_letters: Path | None,
    words: bool,
    as_made: bool,
    settings: Settings,
) -> None:
    """Run the rules over JSON Lines FILEs (plain, .gz or .zst; - is what is piped in) and print the changes, as JSON
    Lines too.

    A file may hold product events and billing updates in any mixture. Its lines are taken in its own order, as
    arrivals; several files are merged by the time of the line each has come to, the file named first on a tie.
    At the end time passes up to the newest event, or to --until: later, and users who do nothing any more still
    leave and enter segments; earlier, and you see what was known then.

    Changes come in order of time, those of one instant by user, so that none is printed before all is read; what memory
    cannot hold waits in temporary files. With --as-made they come at once, each user's in order, and one that time
    alone brought only with the user's next event, or at the end. They are as a worker publishes them, but without
    "live" and "detected_at": a replay notices nothing late.

    Lines that cannot be used are reported on stderr as FILE:LINE: REASON. Exit status 0 if every line was usable,
    3 if some were not, 2 if a rule or an argument is wrong.

    \b
    Example:
        segmenter replay events.jsonl --rules rules --words
        segmenter replay events.jsonl.gz billing.jsonl --until 2026-07-01 \\
            | jq -r '[.occurred_at, .user_id, .type, .segment] | @tsv'
    """
    from streams import rulefiles
    from streams.commands.engine import compile_later
    from streams.core.engine.shard import Shard
    from streams.eventfiles.playback import Playback
    from streams.eventfiles.summary import beside_the_changes
    from streams.outputs.change import encode_change
    from streams.sources import Decoder, InputOptions

    rulebook = rulefiles.load(settings.rules)
    compile_later()
    with ExitStack() as opened:
        sources = [opened.enter_context(closing(LineFile(path))) for path in files]
        reject = _rejecter(opened, dead_letters)
        ids = settings.remembered_ids
        shard = Shard(rulebook, settings.calendar, settings.private_traits, remembered_ids=ids)
        decoder = Decoder(shard.catalog.reads, InputOptions.of(settings))
        playback = Playback(
            shard,
            decoder,
            sources,
            reject,
            until_ms,
            keep_unlinked_ms=settings.keep_unlinked,
            merge_users=settings.merge_users,
        )
        text_of = _in_words if words else encode_change
        write = sys.stdout.buffer.write
        for line in map(text_of, playback.changes()) if as_made else _in_order_of_time(playback, text_of, opened):
            write(line + b"\n")
        sys.stdout.buffer.flush()
    for sentence in beside_the_changes(playback):
        click.echo(sentence, err=True)
    if playback.rejected:
        click.echo(f"{playback.rejected} of {playback.lines} lines were rejected.", err=True)
        raise click.exceptions.Exit(SOME_REJECTED)


def _in_words(change: "Change") -> bytes:
    from streams.outputs.wording import line_of

    return line_of(change).encode()


def _in_order_of_time(playback: "Playback", text_of: "Callable[[Change], bytes]", opened: ExitStack) -> Iterator[bytes]:
    """Nothing is to be seen of it until all is read, but for how far that is."""
    from streams.eventfiles.timeline import Timeline
    from streams.terminal.progress import reading

    timeline = opened.enter_context(Timeline())
    with reading(playback.files) as playback.progress:
        for change in playback.changes():
            timeline.add(change.occurred_at, change.subject, text_of(change))
    return timeline.lines()


def _rejecter(opened: ExitStack, dead_letters: Path | None) -> Callable[[RejectedLine], object]:
    """Where rejected lines go."""
    if dead_letters is None:
        return lambda rejected: click.echo(str(rejected), err=True)
    try:
        file = opened.enter_context(dead_letters.open("wb"))
    except OSError as error:
        raise UsageError(f"{dead_letters} cannot be written: {error.strerror}") from error
    return lambda rejected: file.write(rejected.to_json() + b"\n")
