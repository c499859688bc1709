"""Money: minor units to amounts, and foreign currencies to the one that is reported in.

Comes in: an amount as it was sent, and its currency. Goes out: an amount in the reporting currency. Where none is set
(`SEGMENTER_CURRENCY`), every amount counts as it was stated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from streams.sources.records import Unusable

# Stripe's own list (https://docs.stripe.com/currencies#zero-decimal and #three-decimal). Of those that have no minor
# unit, ISK and UGX are sent with two decimals all the same (#special-cases).
NO_DECIMALS: Final = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMALS: Final = frozenset("BHD JOD KWD OMR TND".split())


def major_units(minor: Fraction, currency: str) -> Fraction:
    """An amount of Stripe's in whole units of its currency.

    >>> [float(major_units(Fraction(1250), each)) for each in ("usd", "jpy", "kwd")]
    [12.5, 1250.0, 1.25]
    """
    code = currency.upper()
    if code in NO_DECIMALS:
        return minor
    return minor / (1_000 if code in THREE_DECIMALS else 100)


@dataclass(frozen=True, slots=True)
class Money:
    """currency: the one that is reported in, in capitals; empty if amounts count as they are stated.
    rates: what one unit of another currency is worth in it.
    """

    currency: str
    rates: Mapping[str, float]

    def reported(self, amount: float, currency: str, path: str) -> float:
        """An amount in the reporting currency; `path` is where its own currency is stated."""
        code = currency.upper()
        if not self.currency or code == self.currency:
            return amount
        if code not in self.rates:
            raise Unusable(
                "no_rate", f"`{path}` is a currency for which SEGMENTER_CURRENCY_RATES has no rate to {self.currency}"
            )
        return amount * self.rates[code]
