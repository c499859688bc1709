"""Watches users enter and leave segments as their events arrive. The path of an event:

sources/     one record's bytes ──▶ a canonical event, or the reason why not
core/        events merged by time, folded into profiles, rules evaluated ──▶ changes (shard.py: read first)
rulefiles/   YAML ──▶ the rulebook that the core runs
state/       rows, offsets and changes into Redis, in one fenced transaction
runtime/     the Faust shell around it: from Kafka, to Kafka
embedded/    a broker, a Redis and a company of one's own, for a laptop
commands/    what the command `segmenter` does
"""

from importlib import import_module

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`streams.app` is made when it is asked for, which is what `faust -A streams worker` does."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("streams.runtime.app").default_app()
