"""The command `segmenter`: a group of commands, each in a file of its own in `streams.commands`.

Comes in: the command line. Goes out: an exit status: 0 done, 2 the call, a setting or a rule is wrong, 3 some
input was rejected, 1 anything else; errors in the user's words, on stderr.
"""

import difflib
import errno
import os
import sys
from importlib import import_module
from typing import Any, Final

import click

from streams import __version__
from streams.errors import SegmenterError

FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# A command's module is imported when the command is asked for; this list alone answers `segmenter --help`.
SUMMARIES = {
    "dev": "A whole company on this machine, for a first look.",
    "worker": "Run the rules over Kafka, until it is told to stop.",
    "deliver": "Turn changes into messages, until it is told to stop.",
    "deliveries": "What was decided about a user's messages; how endpoints do.",
    "web": "Serve HTTP, until it is told to stop.",
    "publish": "Send JSON Lines files into the input topics.",
    "watch": "Show changes as they happen.",
    "replay": "Run the rules over JSON Lines files, without Kafka or Redis.",
    "backtest": "What rules would have done, over a history of events.",
    "explain": "Why a user is in a segment, or is not, and what comes next.",
    "init": "Make a folder of rules of your own, with stories and a test.",
    "check": "Are the rules right? All faults at once.",
    "test": "Do the rules do what their stories tell?",
    "rules": "What is live: members, what rules read, what is warming.",
    "members": "Who is in a segment, and since when.",
    "erase": "Remove all that is kept of a user.",
    "merge": "Make one user of two.",
    "links": "Whose an alias is, and what waits under it.",
    "dead-letters": "Records that could not be used; sent again after mending.",
    "topics": "Create the topics that are missing, and verify the others.",
    "compile": "Compile the engine ahead of its first use.",
    "settings": "Every setting, with its value and where it comes from.",
}

HELP = """Keeps users in segments while their events stream in: who entered and left, and why.

\b
Start here:  segmenter dev
Then:        segmenter init my-segments
             segmenter replay events.jsonl billing.jsonl.gz --words
             segmenter worker --kafka kafka-1:9092 --redis redis://cache:6379/0

Each option is an environment variable too: see `segmenter settings`.
Exit status: 0 done, 2 wrong call or rule, 3 input rejected, 1 anything else.
"""
Resolved = tuple[str | None, click.Command | None, list[str]]
WIDE = {"max_content_width": 110}


class Commands(click.Group):
    """Imports a command only when it is used, and says what went wrong without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUMMARIES:
            return None
        command: click.Command = import_module(f"streams.commands.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Resolved:
        near = difflib.get_close_matches(args[0], SUMMARIES, n=1)
        if near and args[0] not in SUMMARIES:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SegmenterError as error:
            failure = click.ClickException(str(error))
            failure.exit_code = error.exit_status
            raise failure from error
        except BrokenPipeError:
            _print_no_more()  # `segmenter replay ... | head` has seen enough
            return None
        except OSError as error:
            if error.errno not in FULL:
                raise
            _print_no_more()
            raise click.ClickException(f"What is printed cannot be written: {error.strerror}") from error


def _print_no_more() -> None:
    """What is still buffered must not fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"segmenter {__version__}")
        ctx.exit()


@click.group(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"], **WIDE})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=show_version, help="Show it.")
def main() -> None:
    """What all commands have in common."""
    from streams.log import be_quiet

    be_quiet()
