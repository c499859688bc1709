"""Decisions about messages in words, for people who watch.

Comes in: decisions. Goes out: a line each, in columns as far as they go.
"""

from streams.core.instants import format_time, parse_time
from streams.delivery.decision import Decision
from streams.delivery.rehearsal import Passed
from streams.outputs.delivery import DeliveryRecord
from streams.printable import command_line, printable

NOT_DECIDED = "no"


def line_of(user: str, decision: Decision) -> str:
    """What was decided, and why; of what is sent its first line."""
    title = f'  "{printable(decision.content.title)}"' if decision.content and decision.content.title else ""
    return _line(decision.at, user, decision.message or "", decision.decision, decision.reason) + title


def line_of_passed(passed: Passed) -> str:
    return _line(passed.at, passed.user, passed.message, NOT_DECIDED, passed.reason)


def line_of_record(record: DeliveryRecord) -> str:
    """As the topic has it; by endpoint where it is about no message."""
    what = record.message or f"webhook {record.endpoint}"
    again = f" (attempt {record.attempt})" if record.attempt > 1 else ""
    at_ms = parse_time(record.at) or 0
    return _line(at_ms, record.user_id, what, record.decision, f"{record.reason}{again}{_way_out(record)}")


def _way_out(record: DeliveryRecord) -> str:
    """Of what failed for good."""
    if record.decision != "failed":
        return ""
    return f"; `{command_line('deliveries', 'again', record.user_id, record.id[:12])}` sends it once more"


def _line(at_ms: int, user: str, message: str, verdict: str, reason: str) -> str:
    when = format_time(at_ms)[:19].replace("T", " ")
    return f"{when}  {printable(user):<12} {message:<20} {verdict:<9} {printable(reason)}".rstrip()
