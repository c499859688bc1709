"""`segmenter dev`: a whole company on this machine."""

import asyncio

import click

from streams.commands.options import settings_flags
from streams.core.instants import parse_duration
from streams.demo.environment import KEPT
from streams.settings import Settings


class Speed(click.ParamType):
    """Virtual time that goes by in a second."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        a_second_ms = parse_duration(str(value))
        if not a_second_ms:
            self.fail(f"{value!r} is no duration such as 1s, 30m, 6h or 1d", param, ctx)
        return a_second_ms / 1000


@click.command("dev")
@click.option("--users", type=click.IntRange(1, 1_000_000), default=500, show_default=True, help="To begin with.")
@click.option("--speed", type=Speed(), default="3h", show_default=True, help="What goes by in a second of yours.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another company.")
@click.option(
    "--segment", "segments", metavar="NAME", multiple=True, help="Show it, instead of those asked for most often."
)
@click.option("--for", "for_s", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop by itself after so long.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Kafka's port; any that is free where left out.")
@click.option("--web-port", type=click.IntRange(1, 65_535), help="The app's port; any that is free where left out.")
@settings_flags("rules", rest=KEPT)
def command(
    users: int,
    speed: float,
    seed: int,
    segments: tuple[str, ...],
    for_s: float | None,
    port: int | None,
    web_port: int | None,
    settings: Settings,
) -> None:
    """A whole company on this machine: Kafka, Redis, a worker, and users who sign up, work, pay and go quiet; and its
    app in your browser, where you are one of them, and messages appear.

    Nothing is needed but Python, and nothing is left behind. Time is virtual and fast, so that you see silent exits,
    which no event causes: somebody who has not been there for a week. You see who enters and leaves which segment and
    why; the last lines say how to follow from another terminal. Rules are run as you save them. Ctrl-C stops all of it.

    \b
    Example:
        segmenter dev --users 5000 --speed 1d --rules rules
    """
    click.echo("Starting a company on this machine ...")
    from streams.demo.stack import run

    asyncio.run(
        run(
            settings,
            users=users,
            speed=speed,
            seed=seed,
            segments=segments,
            for_s=for_s,
            port=port,
            web_port=web_port,
        )
    )
