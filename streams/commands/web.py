"""`segmenter web`: HTTP, in and out."""

import click

from streams.commands.options import settings_flags
from streams.log import LEVELS, configure, log
from streams.settings import Settings


@click.command("web")
@click.option(
    "--parts",
    metavar="NAME,..",
    help="What is served; on an address that others reach, this must be said. [all]",
)
@click.option(
    "--log-level", metavar="LEVEL", type=click.Choice(LEVELS), default="info", help=f"{', '.join(LEVELS)}. [info]"
)
@settings_flags("web", "kafka", "redis", "group", rest=Settings.names())
def command(parts: str | None, log_level: str, settings: Settings) -> None:
    """Serve HTTP until SIGTERM or Ctrl-C. Whatever is on, `/health` tells whether it can do its work.

    Run as many as you like, behind a proxy that speaks TLS; they share nothing but Kafka and Redis.

    \b
    Example:
        segmenter web
        segmenter web --web 0.0.0.0:8080 --parts collect
    """
    from streams.web.parts import PARTS, parts_called
    from streams.web.server import serve

    if parts is None and not settings.web.is_loopback:
        names = ",".join(part.name for part in PARTS)
        raise click.UsageError(f"Others can reach {settings.web}: say what is to be served there (--parts {names}).")
    wanted = parts_called(parts.split(",")) if parts is not None else list(PARTS)
    configure(log_level, settings.log)
    if parts is None:
        for part in PARTS:
            if not part.is_possible(settings):
                log.info("web - without %s: SEGMENTER_%s is not set", part.name, part.needs.upper())
        wanted = [part for part in PARTS if part.is_possible(settings)]
    for warning in Settings.unknown_variables():
        log.warning("settings - %s", warning)
    serve(settings, wanted)
