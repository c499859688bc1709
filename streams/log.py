"""Log lines with one grammar: `subject - outcome` (`shard 3 - loaded 120,000 profiles in 1.2 s`).

Commands alone configure where lines go and what stands before them: `time level subject - outcome`, on stderr.
"""

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import Final

from streams.errors import origin

OURS: Final = "streams"
log: Final = logging.getLogger(OURS)
TIME = "%Y-%m-%dT%H:%M:%S"
LEVELS = ("debug", "info", "warning", "error")
OUTAGE_EVERY_S = 30.0
# What they find worth a line is for those who look into them; what concerns our users, we say.
FOREIGN = {
    "aiokafka": logging.CRITICAL,
    "asyncio": logging.ERROR,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "mode.timers": logging.ERROR,  # that one of Faust's timers is late is no news to anybody
    "uvicorn": logging.CRITICAL,  # a traceback of it would quote what was sent
    "streams.runtime": logging.WARNING,  # what Faust says of those of its services that are ours
}
# Of a process that stood still, or was given its shards twice in a row: nobody can do anything about what Faust says.
NO_NEWS = ("Thread keepalive is not responding", "Missing sensor state for rebalance")
# At debug these write down whole records, and what is in them is private.
NEVER_DEBUG = ("aiokafka.conn", "aiokafka.producer.producer")


def counted(count: int, noun: str) -> str:
    """
    >>> counted(1, "rule"), counted(1_200, "rule"), counted(2, "story")
    ('1 rule', '1,200 rules', '2 stories')
    """
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun.removesuffix('y')}ies" if noun.endswith("ry") else f"{count:,} {noun}s"


class Throttle:
    """Lets a repeated line through once in a while: an outage is told, not poured out."""

    def __init__(self, every_s: float = OUTAGE_EVERY_S):
        self._every_s = every_s
        self._next = 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._every_s
        return True


def seconds(since: float) -> str:
    """How long ago `since` (of `time.monotonic`) is, for a log line."""
    return f"{time.monotonic() - since:.1f} s"


def _reason(error: object) -> str:
    """Of an answer that did not come in time the text is empty."""
    return str(error) or type(error).__name__


class Outages(logging.Handler):
    """Kafka away while a worker runs. aiokafka tries again and raises nothing, so that what it logs, in two lines a
    second, is the only sign: it becomes one of our lines once in a while."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._may_tell = Throttle()

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith("Unable connect to") and isinstance(record.args, tuple) and self._may_tell():
            log.warning("Kafka - a broker does not answer, trying again: %s", _reason(record.args[-1]))


def concerns_us(record: logging.LogRecord) -> bool:
    """aiokafka drops a connection whose making is cancelled before the first answer. It closes it then, and tells that
    as an error."""
    return not record.getMessage().startswith("Unclosed AIOKafkaConnection")


NO_TRACE: Final = {"args": (), "exc_info": None, "exc_text": None, "stack_info": None}


class Text(logging.Formatter):
    """`time level subject - outcome`, one line each: whatever others log with a traceback is told in words, but where
    `with_traces` asks for it."""

    def __init__(self, with_traces: bool):
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", TIME)
        self._with_traces = with_traces

    def format(self, record: logging.LogRecord) -> str:
        if self._with_traces:
            return super().format(record)
        return super().format(logging.makeLogRecord({**vars(record), **NO_TRACE, "msg": _in_one_line(_said(record))}))


class Json(logging.Formatter):
    """An object a line: time (UTC), level, subject, message; `trace` where `with_traces` asks for it."""

    def __init__(self, with_traces: bool):
        super().__init__()
        self._with_traces = with_traces

    def format(self, record: logging.LogRecord) -> str:
        subject, dash, outcome = _said(record).partition(" - ")
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": time.replace("+00:00", "Z"), "level": record.levelname.lower()}
        said |= {"subject": subject, "message": outcome} if dash else {"subject": "", "message": subject}
        if self._with_traces and record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def _said(record: logging.LogRecord) -> str:
    """By our grammar, whoever says it."""
    said = record.getMessage()
    if record.name != OURS:
        said = f"{record.name.partition('.')[0]} - {' '.join(said.split())}"
    error = record.exc_info[1] if record.exc_info else None
    return said if error is None else f"{said}: {origin(error)}"


def _in_one_line(said: str) -> str:
    """
    >>> _in_one_line("these have others:\\n  product-events: 8\\nNothing is lost.")
    'these have others: product-events: 8; Nothing is lost.'
    """
    return re.sub(r"\s*\n\s*", "; ", said.strip()).replace(":; ", ": ").replace(".; ", ". ")


def _is_news(record: logging.LogRecord) -> bool:
    return record.name == OURS or not any(each in str(record.msg) for each in NO_NEWS)


FORMS: Final = {"text": Text, "json": Json}


def configure(level: str, form: str = "text") -> None:
    """For a worker: lines of text, or JSON. With `debug`, all that others log is shown as well, but for what is in
    records."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMS[form](with_traces=level == "debug"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, its_level in FOREIGN.items():
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else its_level)
    if level != "debug":
        handler.addFilter(_is_news)
        aiokafka = logging.getLogger("aiokafka")
        aiokafka.setLevel(logging.ERROR)
        aiokafka.handlers, aiokafka.propagate = [Outages()], False
        logging.getLogger("asyncio").addFilter(concerns_us)
    for name in NEVER_DEBUG if level == "debug" else ():
        logging.getLogger(name).setLevel(logging.INFO)


def be_quiet() -> None:
    """For commands that talk to the user themselves: what goes wrong comes as an error, not as a line of log."""
    for name in FOREIGN:
        logging.getLogger(name).setLevel(logging.CRITICAL)
