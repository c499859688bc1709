"""What is odd about records that are taken all the same: counted by kind, and told in a sentence, each once.

Comes in: what decoders notice. Goes out: counts for the metrics, and what the log and `replay` say. No sentence has
anything of a person in it: names of events and properties are the sender's own, cut and escaped.
"""

from collections import Counter
from enum import StrEnum
from functools import lru_cache
from typing import Final

from streams.core.events import Event
from streams.core.language.slips import is_slip
from streams.core.profiles.ledger import BILLING_EVENTS, PROPERTIES
from streams.printable import printable

LONGEST: Final = 80  # of a name, in a sentence
MOST: Final = 20  # sentences: whoever sends more names is told of them by `check --seen`
NAMES: Final = 10_000  # that are looked at once; clients make up names


class Odd(StrEnum):
    """A kind, as the metric calls it."""

    ID_OF_NOBODY = "id_of_nobody"
    MISSPELT_EVENT = "misspelt_event"
    MISSPELT_PROPERTY = "misspelt_property"
    MRR_INCOMPLETE = "mrr_incomplete"
    TRAIT_REFUSED = "trait_refused"


class Warnings:
    """Of one worker or one run, which may have been given what counts them."""

    def __init__(self, counts: Counter[str] | None = None):
        self.counts: Counter[str] = Counter() if counts is None else counts
        self._told: set[str] = set()
        self._untold: list[str] = []

    def note(self, odd: Odd, sentence: str = "") -> None:
        self.counts[odd] += 1
        if sentence and sentence not in self._told and len(self._told) < MOST:
            self._told.add(sentence)
            self._untold.append(sentence)

    def take(self) -> list[str]:
        """The sentences since the last call."""
        taken, self._untold = self._untold, []
        return taken

    def note_slips(self, update: Event) -> None:
        """Names of a plain billing update that most likely were meant to be others."""
        if meant := event_meant(update.name):
            self.note(Odd.MISSPELT_EVENT, f'"{_shown(update.name)}" was read: was "{meant}" meant?')
        if update.name in BILLING_EVENTS:
            for name in update.properties:
                if meant := property_meant(name):
                    what = f'"{_shown(name)}" of "{update.name}" was read: was "{meant}" meant?'
                    self.note(Odd.MISSPELT_PROPERTY, what)


@lru_cache(NAMES)
def event_meant(name: str) -> str | None:
    """
    >>> event_meant("Subscription Strated"), event_meant("Subscription Started"), event_meant("Signed In")
    ('Subscription Started', None, None)
    """
    return _meant(name, BILLING_EVENTS)


@lru_cache(NAMES)
def property_meant(name: str) -> str | None:
    """
    >>> property_meant("trialEnd"), property_meant("trial_end"), property_meant("seat_color")
    ('trial_end', None, None)
    """
    return _meant(name, PROPERTIES)


def _meant(name: str, known: tuple[str, ...]) -> str | None:
    return None if name in known else next((each for each in known if is_slip(name, each)), None)


def _shown(name: str) -> str:
    return printable(name if len(name) <= LONGEST else f"{name[:LONGEST]}…")
