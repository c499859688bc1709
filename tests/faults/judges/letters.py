"""Dead letters: one for each record that cannot be used, whole, and none for others."""

from collections import Counter
from collections.abc import Sequence

from tests.e2e.pipeline import Seen
from tests.faults.judges.verdict import Verdict
from tests.faults.people import BAD
from tests.faults.stream import Wanted


def judge_letters(verdict: Verdict, seen: Sequence[Seen], wanted: Wanted) -> None:
    places = Counter(map(place, seen))
    verdict.counts["repeats of dead letters"] = places.total() - len(places)
    if len(places) != wanted.bad:
        verdict.blame("too many or too few dead letters", (len(places), wanted.bad))
    for one in seen:
        if one.value != BAD or one.headers["reason_code"] != b"wrong_type":
            verdict.blame("dead letters of what can be used", one)


def place(letter: Seen) -> tuple[bytes, ...]:
    """Where the record stands that could not be used."""
    return letter.headers["topic"], letter.headers["partition"], letter.headers["offset"]
