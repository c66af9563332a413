"""What comes up for renewal, month by month and band by band, and what was kept of the ARR of a year ago."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import Account, HealthScore
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.selectors.portfolio_filters import Filters, Scope
from csm_portal.core.models import Membership

MONTHS: Final = 12
YEAR: Final = timedelta(weeks=52)
"""A year is 52 weeks, so that the same day of the week is compared."""

_LONGEST: Final = timedelta(weeks=56)
LEAST: Final = 10
"""Under so many accounts a share says more about one of them than about the book."""

BANDS: Final = (Band.RED, Band.AMBER, Band.UNKNOWN, Band.GREEN)
_AT_RISK: Final = frozenset({RiskLevel.HIGH.value, RiskLevel.CRITICAL.value})

Sums = dict[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """One contract that comes up. ``decide_by`` is the notice date where one lies ahead, else the renewal itself."""

    account_id: UUID
    name: str
    owner: str
    renewal_on: date
    decide_by: date
    is_notice: bool
    band: str
    risk: str
    arr: Decimal | None
    currency: str


@dataclass(slots=True, kw_only=True)
class Month:
    """The contracts that renew in one calendar month. ``unknown`` counts those whose ARR nobody knows."""

    first: date
    count: int = 0
    unknown: int = 0
    arr: Sums = field(default_factory=dict)
    at_risk: Sums = field(default_factory=dict)
    by_band: dict[str, int] = field(default_factory=dict)
    arr_by_band: dict[str, Sums] = field(default_factory=dict)
    is_shown: bool = False

    @property
    def key(self) -> str:
        """The month as the address says it: ``2026-11``."""
        return f"{self.first:%Y-%m}"

    @property
    def bands(self) -> list[tuple[str, int, Sums]]:
        """Each band that is there, the worst first, with its number of accounts and their ARR."""
        return [
            (band, self.by_band[band], self.arr_by_band.get(band, {}))
            for band in (*BANDS, "")
            if band in self.by_band
        ]


@dataclass(slots=True, kw_only=True)
class Retention:
    """What was kept of the ARR of a year ago, in one currency.

    GRR counts what was kept and lost, NRR what was added to the same accounts too; accounts that came since count in
    neither. ``lost`` are accounts that are archived or gone from Notion.
    """

    currency: str
    accounts: int = 0
    started: Decimal = Decimal(0)
    kept: Decimal = Decimal(0)
    now: Decimal = Decimal(0)
    lost: int = 0
    unknown: int = 0

    def add(self, *, then: Decimal, now: Decimal, is_lost: bool) -> None:
        """Count one account that had an ARR then."""
        self.accounts += 1
        self.started += then
        self.kept += min(now, then)
        self.now += now
        self.lost += is_lost

    @property
    def is_enough(self) -> bool:
        return self.accounts >= LEAST and self.started > 0

    @property
    def grr(self) -> Decimal:
        return self.kept / self.started

    @property
    def nrr(self) -> Decimal:
        return self.now / self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalsPage:
    """All that the page shows. ``overdue`` stands before the first month; ``rows`` are the contracts of one of them.

    ``contracts`` are all of them, by renewal.
    """

    months: tuple[Month, ...]
    overdue: Month
    rows: tuple[Renewal, ...]
    contracts: tuple[Renewal, ...]
    shown: str
    no_date: int
    arr_at_risk: Mapping[str, Decimal]
    retention: tuple[Retention, ...]
    since: date
    filters: Filters
    visible: int
    today: date


def page(membership: Membership, *, filters: Filters, month: str = "", today: date) -> RenewalsPage:
    """Return the renewals of the next twelve months. Three queries however many accounts there are.

    ``month`` (``2026-11``, or ``overdue``) names the contracts to list; without one it is the first that has any.
    """
    everybody = Account.objects.visible_to(membership)
    if filters.scope is Scope.MINE:
        everybody = everybody.filter(owner_id=membership.user_id)
    found = [_renewal(row, today) for row in _contracts(everybody.current(), today)]
    months = {first: Month(first=first) for first in _firsts(today)}
    overdue = Month(first=today)
    at_risk: Sums = {}
    for one in found:
        if one.risk in _AT_RISK:
            _add(at_risk, one.currency, one.arr)
        _count(overdue if one.renewal_on < today else months[one.renewal_on.replace(day=1)], one)
    shown = _shown(month, overdue, months.values())
    rows = [one for one in found if _stands_in(one, shown, today)]
    for one_month in months.values():
        one_month.is_shown = one_month.key == shown
    overdue.is_shown = shown == "overdue"
    counts = everybody.current()
    since = today - YEAR
    return RenewalsPage(
        months=tuple(months.values()),
        overdue=overdue,
        rows=tuple(sorted(rows, key=lambda one: (one.decide_by, one.name))),
        contracts=tuple(found),
        shown=shown,
        no_date=counts.filter(renewal_on=None).count(),
        arr_at_risk=at_risk,
        retention=_retention(everybody, since=since),
        since=since,
        filters=filters,
        visible=counts.count(),
        today=today,
    )


_FIELDS: Final = (
    "pk",
    "name",
    "owner__name",
    "owner_name",
    "renewal_on",
    "notice_on",
    "shown_band",
    "shown_risk",
    "arr",
    "currency",
)


def _contracts(accounts: QuerySet[Account], today: date) -> Sequence[tuple[Any, ...]]:
    last = _firsts(today)[-1]
    until = (last.replace(day=28) + timedelta(days=4)).replace(day=1)
    return list(accounts.filter(renewal_on__lt=until).order_by("renewal_on", "pk").values_list(*_FIELDS))


def _renewal(row: tuple[Any, ...], today: date) -> Renewal:
    key, name, user_name, owner_name, renewal_on, notice_on, band, risk, arr, currency = row
    is_notice = notice_on is not None and today <= notice_on <= renewal_on
    return Renewal(
        account_id=key,
        name=name,
        owner=user_name or owner_name,
        renewal_on=renewal_on,
        decide_by=notice_on if is_notice else renewal_on,
        is_notice=is_notice,
        band=band,
        risk=risk,
        arr=arr,
        currency=currency,
    )


def _firsts(today: date) -> list[date]:
    """Return the first days of this month and the eleven that follow."""
    count = today.year * 12 + today.month - 1
    return [date(*_of(number)) for number in range(count, count + MONTHS)]


def _of(number: int) -> tuple[int, int, int]:
    return number // 12, number % 12 + 1, 1


def _count(month: Month, one: Renewal) -> None:
    month.count += 1
    month.by_band[one.band] = month.by_band.get(one.band, 0) + 1
    if one.arr is None:
        month.unknown += 1
    _add(month.arr, one.currency, one.arr)
    _add(month.arr_by_band.setdefault(one.band, {}), one.currency, one.arr)
    if one.risk in _AT_RISK:
        _add(month.at_risk, one.currency, one.arr)


def _add(sums: Sums, currency: str, arr: Decimal | None) -> None:
    if arr is not None:
        sums[currency] = sums.get(currency, Decimal(0)) + arr


def _shown(asked: str, overdue: Month, months: Iterable[Month]) -> str:
    known = {"overdue": overdue, **{month.key: month for month in months}}
    if asked in known:
        return asked
    return next((key for key, month in known.items() if month.count), "")


def _stands_in(one: Renewal, shown: str, today: date) -> bool:
    if one.renewal_on < today:
        return shown == "overdue"
    return f"{one.renewal_on:%Y-%m}" == shown


def _retention(everybody: QuerySet[Account], *, since: date) -> tuple[Retention, ...]:
    """Compare each account's ARR of a year ago, as its score of then stored it, with today's. One query."""
    then = HealthScore.objects.filter(
        account=OuterRef("pk"), is_of_day=True, scored_on__lte=since, scored_on__gt=since - (_LONGEST - YEAR)
    ).order_by("-scored_on")
    rows = (
        everybody.annotate(
            arr_then=Subquery(then.values("arr")[:1]), in_then=Subquery(then.values("currency")[:1])
        )
        .filter(Q(arr_then__gt=0))
        .values_list("arr_then", "in_then", "arr", "currency", "is_archived", "removed_at")
    )
    books: dict[str, Retention] = {}
    for arr_then, in_then, arr, currency, is_archived, removed_at in rows:
        book = books.setdefault(in_then, Retention(currency=in_then))
        is_lost = is_archived or removed_at is not None
        if is_lost:
            book.add(then=arr_then, now=Decimal(0), is_lost=True)
        elif arr is None or currency != in_then:
            book.unknown += 1
        else:
            book.add(then=arr_then, now=arr, is_lost=False)
    return tuple(sorted(books.values(), key=lambda book: (-book.started, book.currency)))
