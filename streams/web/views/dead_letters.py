"""Records that could not be used: how many for which reason, some of them, and what to do.

Comes in: the newest of the topic of dead letters. Goes out: a `DeadLetters`. Of a record's bytes only JSON is shown,
without what is private; what is none might hold anything.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from streams.core.engine.privacy import MASKED, is_private
from streams.kafka.batches.record import Record
from streams.outputs.dead_letter import decode_dead_letter
from streams.settings import Settings
from streams.web.views.times import Instant, told

SAMPLES: Final = 5  # of a reason
LONGEST_SAMPLE: Final = 2_000
ADVICE: Final = {
    "unreadable": "The batch is damaged, or compressed in a way that is not known: ask whoever produces it, and look at"
    " the broker's disk.",
    "not_json": "The producer writes no JSON: look at its serializer.",
    "no_user": "Records need a userId, an anonymousId or a key: look at what the producer leaves out.",
    "no_time": "Times are ISO 8601, or seconds or milliseconds since 1970: look at the producer's clock, too.",
    "no_rate": "Say what the currency is worth (SEGMENTER_CURRENCY_RATES), and publish the records again.",
    "too_large": "A record has up to 1 MiB: send less in its properties.",
    "thin_event": "Let Stripe send events of the payload style Snapshot.",
    "internal_error": "A fault of segmenter's own: the worker's log has a line to report.",
}
USUAL_ADVICE: Final = "The reason names the field: mend the producer, and publish the record again."


class DeadLetterShown(msgspec.Struct, frozen=True, gc=False):
    """at: when it was put there; null where Kafka does not say. value: the record as JSON, private values masked; null
    where it is none."""

    reason_code: str
    reason: str
    topic: str
    partition: int
    offset: int
    at: Instant | None
    value: str | None


class DeadLettersOf(msgspec.Struct, frozen=True, gc=False):
    """Of one reason. samples: the newest."""

    reason_code: str
    count: int
    advice: str
    samples: tuple[DeadLetterShown, ...]


class DeadLetters(msgspec.Struct, frozen=True, gc=False):
    """count: of the newest that are looked at, at most `of_newest`."""

    count: int
    of_newest: int
    reasons: tuple[DeadLettersOf, ...]


def read_dead_letter(record: Record, settings: Settings) -> tuple[str, DeadLetterShown] | None:
    try:
        letter = decode_dead_letter(record.value, record.headers)
    except (KeyError, ValueError):
        return None
    at = None if record.timestamp is None else told(record.timestamp)
    value = masked(letter.value or b"", settings.private_traits)
    shown = DeadLetterShown(
        letter.why.code, letter.why.reason, letter.topic, letter.partition, letter.offset, at, value
    )
    return f"{letter.topic}/{letter.partition}/{letter.offset}", shown


def by_reason(newest: Sequence[DeadLetterShown], of_newest: int) -> DeadLetters:
    """The most frequent first."""
    counts = Counter(each.reason_code for each in newest)
    reasons = (
        DeadLettersOf(
            code,
            count,
            ADVICE.get(code, USUAL_ADVICE),
            tuple(each for each in newest if each.reason_code == code)[:SAMPLES],
        )
        for code, count in counts.most_common()
    )
    return DeadLetters(len(newest), of_newest, tuple(reasons))


def masked(raw: bytes, private: Collection[str]) -> str | None:
    """
    >>> masked(b'{"userId": "ann", "traits": {"email": "a@b.c", "company": {"address": "x"}}}', {"email", "address"})
    '{"userId":"ann","traits":{"email":"***","company":{"address":"***"}}}'
    >>> masked(b"{", set()) is None
    True
    """
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    text = msgspec.json.encode(_without_private(value, private)).decode()
    return text if len(text) <= LONGEST_SAMPLE else text[: LONGEST_SAMPLE - 1] + "…"


def _without_private(value: Any, private: Collection[str], above: tuple[str, ...] = ()) -> Any:
    if isinstance(value, dict):
        return {
            name: MASKED if _hides((*above, name), private) else _without_private(each, private, (*above, name))
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_without_private(each, private, above) for each in value]
    return value


def _hides(path: tuple[str, ...], private: Collection[str]) -> bool:
    """Whether it would be a private trait, whatever it stands in: a record may hold it anywhere."""
    return any(is_private(".".join(path[start:]), private) for start in range(len(path)))
