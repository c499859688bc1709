"""What a company says of its own input: who is nobody, what is passive, which money and whose events count."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, Self

from streams.settings import (
    DEFAULT_EARLIEST_MS,
    DEFAULT_LINK_TRAITS,
    DEFAULT_NOT_USERS,
    DEFAULT_PASSIVE_EVENTS,
    NO_RATES,
    Settings,
)
from streams.sources.warnings import Odd, Warnings

QUOTES: Final = "\"'`"


class InputOptions(NamedTuple):
    """As the settings of the same names; `earliest_ms` is `earliest`.

    stripe_livemode: "true", "false" or "any". stripe_accounts: the connected accounts whose events count beside one's
    own; with "any" in it, all.
    """

    passive_events: frozenset[str] = DEFAULT_PASSIVE_EVENTS
    not_users: frozenset[str] = DEFAULT_NOT_USERS
    earliest_ms: int = DEFAULT_EARLIEST_MS
    currency: str = ""
    currency_rates: Mapping[str, float] = NO_RATES
    stripe_livemode: Literal["true", "false", "any"] = "true"
    stripe_accounts: frozenset[str] = frozenset()
    link_traits: frozenset[str] = DEFAULT_LINK_TRAITS

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            passive_events=settings.passive_events,
            not_users=settings.not_users,
            earliest_ms=settings.earliest,
            currency=settings.currency,
            currency_rates=settings.currency_rates,
            stripe_livemode=settings.stripe_livemode,
            stripe_accounts=settings.stripe_accounts,
            link_traits=settings.link_traits,
        )


class Nobody:
    """Ids that name nobody: what a client sends for want of one.

    >>> nobody = Nobody(frozenset({"null", "anonymous"}))
    >>> [text in nobody for text in ("", "  ", "NULL", "'null'", "ann")]
    [True, True, True, True, False]
    """

    def __init__(self, not_users: frozenset[str], warnings: Warnings | None = None):
        self._warnings = warnings
        self._not_users = frozenset(each.lower() for each in not_users)
        # Longer ids, as most are, need not be looked at.
        self.longest = max((len(each) for each in not_users), default=0) + 2 * len('"')

    def __contains__(self, text: object) -> bool:
        if not isinstance(text, str):
            return False
        if text in self._not_users or not text or text.isspace():
            return True
        return len(text) <= self.longest and text.strip().strip(QUOTES).lower() in self._not_users

    def lacks(self, text: str | None) -> bool:
        """Whether nobody is named; where something stands that is no id, that is noted."""
        if text is None or text not in self:
            return text is None
        if self._warnings is not None:
            self._warnings.note(Odd.ID_OF_NOBODY)
        return True
