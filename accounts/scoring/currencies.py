"""Amounts of several currencies made comparable by the admin's rates, and by nothing else (SPEC 1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """So many units of ``base``, the tenant's currency, for one unit of each other currency that has a rate."""

    base: str
    per_unit: Mapping[str, Decimal] = field(default_factory=dict)

    def rate(self, currency: str) -> Decimal | None:
        """Return what an amount of this currency is multiplied by, or None where no rate leads there.

        An amount that names no currency is in the tenant's.
        """
        if currency in ("", self.base):
            return Decimal(1)
        return self.per_unit.get(currency)

    def in_base(self, amount: Decimal, currency: str) -> Decimal | None:
        """Return an amount in the tenant's currency, or None where no rate leads there."""
        rate = self.rate(currency)
        return None if rate is None else amount * rate

    def total(self, sums: Mapping[str, Decimal]) -> Decimal | None:
        """Return the sum of several currencies in the tenant's, or None where one of them has no rate."""
        found = [self.in_base(amount, currency) for currency, amount in sums.items()]
        known = [amount for amount in found if amount is not None]
        return sum(known, Decimal(0)) if len(known) == len(found) else None

    def missing(self, currencies: Iterable[str]) -> tuple[str, ...]:
        """Return the currencies among these that no rate leads from, in the order of the alphabet."""
        return tuple(sorted({one for one in currencies if self.rate(one) is None}))
