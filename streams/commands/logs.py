"""Logging, configured in one place and by commands alone.

Comes in: a level. Goes out: lines on stderr: `time level subject - outcome`.
"""

import logging
import sys

FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s"
TIME = "%Y-%m-%dT%H:%M:%S"
LEVELS = ("debug", "info", "warning", "error")
# What they find worth a line is for those who look into them; what concerns our users, we say.
FOREIGN = {
    "aiokafka": logging.CRITICAL,
    "asyncio": logging.ERROR,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "streams.runtime": logging.WARNING,  # what Faust says of those of its services that are ours
}
# At debug these write down whole records, and what is in them is private.
NEVER_DEBUG = ("aiokafka.conn", "aiokafka.producer.producer")


def configure(level: str) -> None:
    """For a worker. With `debug`, all that others log is shown as well, but for what is in records."""
    logging.basicConfig(level=level.upper(), format=FORMAT, datefmt=TIME, stream=sys.stderr, force=True)
    for name, its_level in FOREIGN.items():
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else its_level)
    for name in NEVER_DEBUG if level == "debug" else ():
        logging.getLogger(name).setLevel(logging.INFO)


def be_quiet() -> None:
    """For commands that talk to the user themselves: what goes wrong comes as an error, not as a line of log."""
    for name in FOREIGN:
        logging.getLogger(name).setLevel(logging.CRITICAL)
