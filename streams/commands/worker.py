"""`segmenter worker`: the rules over Kafka."""

import sys

import click

from streams.commands.in_force import refuse_faults
from streams.commands.options import settings_flags
from streams.errors import SegmenterError
from streams.log import LEVELS, configure, log
from streams.settings import Settings


@click.command("worker")
@click.option(
    "--log-level", metavar="LEVEL", type=click.Choice(LEVELS), default="info", help=f"{', '.join(LEVELS)}. [info]"
)
@settings_flags("kafka", "redis", "rules", "group", "start", rest=Settings.names())
def command(log_level: str, settings: Settings) -> None:
    """Run the rules over Kafka until SIGTERM or Ctrl-C: what changes goes to the topic segment-changes.

    Run as many as there are partitions: they share the work, and when one ends or dies, the others take over
    where it was. Kafka or Redis may be away for a while; a worker waits for them and goes on. It does not start
    with a Redis that may forget.

    It runs the rules that are live in its group, and takes over others within seconds (`segmenter rules apply`). Where
    none were ever applied it applies those of the folder, unless they have faults, as the first version.

    \b
    Example:
        segmenter worker --kafka kafka-1:9092 --redis redis://cache:6379/0
    """
    refuse_faults(settings)
    configure(log_level, settings.log)
    for warning in Settings.unknown_variables():
        log.warning("settings - %s", warning)
    log.info("worker - starts: %s", _what(settings))

    from streams.runtime.app import create_app
    from streams.runtime.running import run_worker
    from streams.runtime.watching import watched
    from streams.state.opening import redis_store

    try:
        monitor = watched(settings)
        run_worker(lambda: create_app(settings, redis_store(settings), monitor=monitor))
    except SegmenterError as error:
        # Its last word is a line of the log as all others are, for whoever reads that by the line.
        log.error("worker - ends: %s", error)
        sys.exit(error.exit_status)


def _what(settings: Settings) -> str:
    """What an operator looks for first where a worker does not do what it should."""
    redis = settings.shown("redis_cluster" if settings.redis_cluster else "redis")
    return f"rules in {settings.rules}, group {settings.group}, Kafka at {settings.kafka}, Redis at {redis}"
