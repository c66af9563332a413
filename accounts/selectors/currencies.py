"""The currencies of the book, and what an admin said that they are worth."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Sum

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
