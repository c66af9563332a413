"""The currencies of the book, and what an admin said that they are worth."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db.models import BigIntegerField, Case, Count, DecimalField, Expression, F, Sum, Value, When
from django.db.models.functions import Cast, Round
from django.db.models.lookups import GreaterThan

from accounts.models import Account, ExchangeRate
from accounts.scoring.currencies import Rates
from csm_portal.core.models import Tenant
from csm_portal.core.scope import current_tenant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyRow:
    """One currency of the book other than the tenant's own. ``rate`` is None where an admin has set none."""

    currency: str
    accounts: int
    arr: Decimal
    in_base: Decimal | None
    rate: Decimal | None
    as_of: date | None
    source: str
    set_by: str
    set_at: datetime | None

    @property
    def shown_rate(self) -> str:
        """The rate without the noughts at its end."""
        return "" if self.rate is None else f"{self.rate.normalize():f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrenciesPage:
    """The tenant's currency with what stands in it, and the others, those without a rate first."""

    base: str
    base_accounts: int
    base_arr: Decimal
    rows: tuple[CurrencyRow, ...]
    total: Decimal | None

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(row.currency for row in self.rows if row.rate is None and row.accounts)


def rates() -> Rates:
    """Return the rates in force of the scope's tenant. Two queries."""
    tenant = Tenant.objects.only("currency").get(pk=current_tenant_id())
    known = ExchangeRate.objects.filter(ended_at=None).values_list("currency", "rate")
    return Rates(base=tenant.currency, per_unit=dict(known))


_MOST: Final = 10**17


def worth(amount: str, currency: str, rates: Rates) -> Expression:
    """Return what orders rows by an amount: hundredths of the tenant's currency, null where no rate leads there.

    Whole numbers, because SQLite multiplies in floating point, and a list is walked by values that must be found again
    exactly. What is more than any book holds counts as that much.
    """
    rate = Case(
        When(**{f"{currency}__in": ("", rates.base)}, then=Value(Decimal(1))),
        *(When(**{currency: code}, then=Value(known)) for code, known in rates.per_unit.items()),
        default=None,
        output_field=DecimalField(max_digits=18, decimal_places=8),
    )
    product = F(amount) * rate * Value(Decimal(100))
    hundredths = Round(
        Cast(product, DecimalField(max_digits=40, decimal_places=10)),
        output_field=DecimalField(max_digits=40, decimal_places=0),
    )
    return Case(
        When(GreaterThan(hundredths, Value(Decimal(_MOST))), then=Value(_MOST)),
        default=Cast(hundredths, BigIntegerField()),
        output_field=BigIntegerField(),
    )


def page() -> CurrenciesPage:
    """Return each currency of the accounts, with its rate. Three queries."""
    base = Tenant.objects.only("currency").get(pk=current_tenant_id()).currency
    counted: dict[str, tuple[int, Decimal]] = {}
    held = Account.objects.current().filter(arr__isnull=False).order_by().values_list("currency")
    for currency, count, arr in held.annotate(n=Count("pk"), sum=Sum("arr")):
        before = counted.get(currency or base, (0, Decimal(0)))
        counted[currency or base] = (before[0] + count, before[1] + arr)
    in_force = {
        row.currency: row for row in ExchangeRate.objects.filter(ended_at=None).select_related("set_by")
    }
    found = [
        _row(currency, counted.get(currency, (0, Decimal(0))), in_force.get(currency))
        for currency in sorted({*counted, *in_force} - {base})
    ]
    count, arr = counted.get(base, (0, Decimal(0)))
    known = Rates(base=base, per_unit={name: row.rate for name, row in in_force.items()})
    return CurrenciesPage(
        base=base,
        base_accounts=count,
        base_arr=arr,
        rows=tuple(sorted(found, key=lambda row: (row.rate is not None, row.currency))),
        total=known.total({currency: sums for currency, (_, sums) in counted.items()}),
    )


def _row(currency: str, held: tuple[int, Decimal], rate: ExchangeRate | None) -> CurrencyRow:
    count, arr = held
    return CurrencyRow(
        currency=currency,
        accounts=count,
        arr=arr,
        in_base=arr * rate.rate if rate else None,
        rate=rate.rate if rate else None,
        as_of=rate.as_of if rate else None,
        source=rate.source if rate else "",
        set_by=str(rate.set_by) if rate else "",
        set_at=rate.set_at if rate else None,
    )
