"""Logging, configured in one place and by commands alone.

Comes in: a level. Goes out: lines on stderr: `time level subject - outcome`.
"""

import logging
import sys

from streams.runtime.telemetry import Throttle, log

FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s"
TIME = "%Y-%m-%dT%H:%M:%S"
LEVELS = ("debug", "info", "warning", "error")
OUTAGE_EVERY_S = 30.0
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


class Outages(logging.Handler):
    """Kafka away while a worker runs. aiokafka tries again and raises nothing, so that what it logs, in two lines a
    second, is the only sign: it becomes one of our lines once in a while."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._may_tell = Throttle(OUTAGE_EVERY_S)

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith("Unable connect to") and isinstance(record.args, tuple) and self._may_tell():
            log.warning("Kafka - a broker does not answer, trying again: %s", record.args[-1])


def configure(level: str) -> None:
    """For a worker. With `debug`, all that others log is shown as well, but for what is in records."""
    logging.basicConfig(level=level.upper(), format=FORMAT, datefmt=TIME, stream=sys.stderr, force=True)
    for name, its_level in FOREIGN.items():
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else its_level)
    if level != "debug":
        aiokafka = logging.getLogger("aiokafka")
        aiokafka.setLevel(logging.ERROR)
        aiokafka.handlers, aiokafka.propagate = [Outages()], False
    for name in NEVER_DEBUG if level == "debug" else ():
        logging.getLogger(name).setLevel(logging.INFO)


def be_quiet() -> None:
    """For commands that talk to the user themselves: what goes wrong comes as an error, not as a line of log."""
    for name in FOREIGN:
        logging.getLogger(name).setLevel(logging.CRITICAL)
