"""Records that could not be used: how many for which reason, some of them, and what to do.

Comes in: the newest of the topic of dead letters. Goes out: a `DeadLetters`. Of a record's bytes only JSON is shown,
without what is private; what is none might hold anything.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from streams.admin.advice import ADVICE, NEVER, USUAL_ADVICE
from streams.admin.mending import Sending
from streams.core.engine.privacy import MASKED, is_private
from streams.kafka.batches.record import Record
from streams.outputs.dead_letter import decode_dead_letter
from streams.settings import Settings
from streams.web.views.times import Instant, told

SAMPLES: Final = 5  # of a reason
FOUND: Final = 50  # of a reason, where somebody looks for some
LONGEST_SAMPLE: Final = 2_000
NOTHING_SENT: Final[Mapping[str, Sending]] = {}


class DeadLetterShown(msgspec.Struct, frozen=True, gc=False):
    """at: when it was put there; null where Kafka does not say. value: the record as JSON, private values masked; null
    where it is none. sent_again_at, by: the last time, null if never; perhaps: whether it is not known if it went."""

    reason_code: str
    reason: str
    topic: str
    partition: int
    offset: int
    at: Instant | None
    value: str | None
    sent_again_at: Instant | None = None
    sent_again_by: str | None = None
    perhaps: bool = False


class DeadLettersOf(msgspec.Struct, frozen=True, gc=False):
    """Of one reason. sent_again: how many of them. never: why none of them can be sent again; null where they can.
    samples: the newest."""

    reason_code: str
    count: int
    sent_again: int
    never: str | None
    advice: str
    samples: tuple[DeadLetterShown, ...]


class DeadLetters(msgspec.Struct, frozen=True, gc=False):
    """count: of the newest that are looked at, at most `of_newest`, those that are wanted. to_send: those of them that
    can be sent again and have not been. codes, topics: of all of the newest."""

    count: int
    of_newest: int
    to_send: int
    codes: tuple[str, ...]
    topics: tuple[str, ...]
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


class SendAgain(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Which of the newest: all that is said must hold, and something must be said. search: words that stand in the
    reason. places: these alone, each as topic/partition/offset. even_again: those too that went before."""

    reason_code: str | None = None
    topic: str | None = None
    search: str | None = None
    places: tuple[str, ...] = ()
    even_again: bool = False


class Wanted(NamedTuple):
    """Which are looked at; empty texts are of all. search: words that stand in the reason."""

    reason_code: str = ""
    topic: str = ""
    search: str = ""

    def has(self, code: str, topic: str, reason: str) -> bool:
        said = f"{code} {reason}".casefold()
        by_name = self.reason_code in ("", code) and self.topic in ("", topic)
        return by_name and all(word in said for word in self.search.casefold().split())


ALL: Final = Wanted()


class SentAgain(msgspec.Struct, frozen=True, gc=False):
    """before: so many had gone already, and did not again. never: by place, those that cannot be sent, and why."""

    sent: int
    before: int
    never: dict[str, str]


def by_reason(
    newest: Sequence[DeadLetterShown],
    of_newest: int,
    sent: Mapping[str, Sending] = NOTHING_SENT,
    wanted: Wanted = ALL,
) -> DeadLetters:
    """The most frequent first. sent: by the place of a record, where it was sent again. Of what is looked for more is
    shown than of all."""
    codes, topics = (tuple(sorted({getattr(each, name) for each in newest})) for name in ("reason_code", "topic"))
    newest = [each for each in newest if wanted.has(each.reason_code, each.topic, each.reason)]
    samples = SAMPLES if wanted == ALL else FOUND
    counts = Counter(each.reason_code for each in newest)
    gone = Counter(each.reason_code for each in newest if place_of(each) in sent)
    reasons = (
        DeadLettersOf(
            code,
            count,
            gone[code],
            NEVER.get(code),
            ADVICE.get(code, USUAL_ADVICE),
            tuple(_with(each, sent.get(place_of(each))) for each in newest if each.reason_code == code)[:samples],
        )
        for code, count in counts.most_common()
    )
    to_send = {place_of(each) for each in newest if each.reason_code not in NEVER} - sent.keys()
    return DeadLetters(len(newest), of_newest, len(to_send), codes, topics, tuple(reasons))


def place_of(letter: DeadLetterShown) -> str:
    return f"{letter.topic}/{letter.partition}/{letter.offset}"


def _with(letter: DeadLetterShown, sent: Sending | None) -> DeadLetterShown:
    if sent is None:
        return letter
    said = {"sent_again_at": told(sent.at_ms), "sent_again_by": sent.author, "perhaps": not sent.is_done}
    return msgspec.structs.replace(letter, **said)


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
