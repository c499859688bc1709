"""Watches users enter and leave segments as their events arrive. CONTRIBUTING.md has the map; the path of an event:

sources/     one record's bytes ──▶ a canonical event, or the reason why not
core/        events merged by time, folded into profiles, rules evaluated ──▶ changes (engine/shard.py: read first)
native/      the core's loop over events as machine code
rulefiles/   YAML ──▶ the rulebook that the core runs
kafka/       how to reach Kafka, its topics, whose partition
state/       rows, offsets and changes into Redis, in one fenced transaction
runtime/     the Faust shell around it: from Kafka, to Kafka
observed/    what producers really send, and rules held against it
embedded/    a broker and a Redis of one's own, for a laptop; demo/: a company to watch on them
commands/    what the command `segmenter` does
"""

from importlib import import_module

__version__ = "0.2.0"


def __getattr__(name: str) -> object:
    """`streams.app` is made when it is asked for, which is what `faust -A streams worker` does."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("streams.runtime.app").default_app()
