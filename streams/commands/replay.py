"""`segmenter replay`: the rules over files, without Kafka or Redis (docs/semantics.md#replay)."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import click

from streams.commands.options import settings_flags
from streams.core.instants import parse_time
from streams.errors import UsageError
from streams.eventfiles.lines import LineFile
from streams.eventfiles.rejects import RejectedLine
from streams.settings import MEANING, Settings

SOME_REJECTED = 3


class Time(click.ParamType):
    """An instant, as records write it."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        ms = parse_time(value)
        if ms is None:
            self.fail(f"{value!r} is no time such as 2026-03-01 or 2026-03-01T09:00:00Z", param, ctx)
        return ms


@click.command("replay")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--until", "until_ms", type=Time(), help="Let time pass up to here; what happened later is left out.")
@click.option("--dead-letters", metavar="FILE", type=click.Path(path_type=Path), help="Write rejected lines to it.")
@click.option("--words", is_flag=True, help="The changes in words, one a line, as `segmenter watch` shows them.")
@settings_flags("rules", "utc_offset", rest=MEANING)
def command(
    files: tuple[Path, ...], until_ms: int | None, dead_letters: Path | None, words: bool, settings: Settings
) -> None:
    """Run the rules over JSON Lines FILEs (plain or .gz; - is what is piped in) and print the changes as JSON Lines.

    A file may hold product events and billing updates in any mixture. Its lines are taken in its own order, as
    arrivals; several files are merged by the time of the line each has come to, the file named first on a tie.
    At the end time passes up to the newest event, or to --until: later, and users who do nothing any more still
    leave and enter segments; earlier, and you see what was known then.

    Lines that cannot be used are reported on stderr as FILE:LINE: REASON. Exit status 0 if every line was usable,
    3 if some were not, 2 if a rule or an argument is wrong.

    \b
    Example:
        segmenter replay events.jsonl --rules rules --words
        segmenter replay events.jsonl.gz billing.jsonl --until 2026-07-01 \\
            | jq -r '[.occurred_at, .user_id, .type, .segment] | @tsv'
    """
    from streams import rulefiles
    from streams.commands.compiling import compile_later
    from streams.core.changes import to_json
    from streams.core.engine.shard import Shard
    from streams.eventfiles.playback import Playback
    from streams.outputs.wording import decode_change, line_of
    from streams.sources import Decoder, InputOptions

    rulebook = rulefiles.load(settings.rules)
    compile_later()
    with ExitStack() as opened:
        sources = [opened.enter_context(closing(LineFile(path))) for path in files]
        reject = _rejecter(opened, dead_letters)
        shard = Shard(rulebook, settings.utc_offset, settings.private_traits)
        decoder = Decoder(shard.catalog.reads, InputOptions.of(settings))
        playback = Playback(shard, decoder, sources, reject, until_ms)
        write = sys.stdout.buffer.write
        for change in map(to_json, playback.changes()):
            write((line_of(decode_change(change)).encode() if words else change) + b"\n")
        sys.stdout.buffer.flush()
    if playback.rejected:
        click.echo(f"{playback.rejected} of {playback.lines} lines were rejected.", err=True)
        raise click.exceptions.Exit(SOME_REJECTED)


def _rejecter(opened: ExitStack, dead_letters: Path | None) -> Callable[[RejectedLine], object]:
    """Where rejected lines go."""
    if dead_letters is None:
        return lambda rejected: click.echo(str(rejected), err=True)
    try:
        file = opened.enter_context(dead_letters.open("wb"))
    except OSError as error:
        raise UsageError(f"{dead_letters} cannot be written: {error.strerror}") from error
    return lambda rejected: file.write(rejected.to_json() + b"\n")
