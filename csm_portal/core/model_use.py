"""What was asked of models in some days, by whom, what for and what it cost: what an admin looks at (SPEC 8)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Avg, Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from csm_portal.core import allowances
from csm_portal.core.models import CallOutcome, ModelAllowance, ModelCall, ModelUsage, Period, Tenant
from csm_portal.core.models.model_use import USED

SPANS: Final = (7, 30, 90)
LATEST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one purpose, person, model or day came to. ``cost`` is in US dollars, None where no call told."""

    name: str
    calls: int
    used: int
    tokens: int
    cost: Decimal | None
    seconds: float | None
    on: date | None = None

    @property
    def used_share(self) -> float | None:
        return self.used / self.calls if self.calls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much of one cap is used. ``cap`` is None where there is none; a cost is in US dollars."""

    what: str
    used: Decimal
    cap: Decimal | None
    is_cost: bool = False

    @property
    def share(self) -> float | None:
        if self.cap is None:
            return None
        return min(1.0, float(self.used / self.cap)) if self.cap else 1.0

    @property
    def is_full(self) -> bool:
        return self.cap is not None and self.used >= self.cap

    @property
    def is_nearly_full(self) -> bool:
        return not self.is_full and self.share is not None and self.share >= 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsePage:
    """Caps and what is used of them, the sums of a span of days, and the latest calls. Seven queries."""

    days: int
    since: date
    today: tuple[Room, ...]
    month: tuple[Room, ...]
    total: Line
    unpriced: int
    waiting: int
    by_purpose: tuple[Line, ...]
    by_person: tuple[Line, ...]
    by_model: tuple[Line, ...]
    by_day: tuple[Line, ...]
    latest: tuple[ModelCall, ...]
    allowance: ModelAllowance

    @property
    def is_over(self) -> bool:
        return any(room.is_full for room in (*self.today, *self.month))


_SUMS: Final[dict[str, Any]] = {
    "calls": Count("pk", filter=~Q(outcome=CallOutcome.OVER_CAP)),
    "used": Count("pk", filter=Q(outcome__in=USED)),
    "read": Sum("prompt_tokens"),
    "written": Sum("completion_tokens"),
    "cost": Sum("cost_usd"),
    "seconds": Avg("seconds"),
}


def page(tenant: Tenant, *, days: int, now: datetime) -> ModelUsePage:
    """Return the page for the last ``days`` local days, today included."""
    today = now.astimezone(tenant.zone).date()
    since = today - timedelta(days=days - 1)
    start = datetime.combine(since, datetime.min.time(), tzinfo=tenant.zone)
    calls = ModelCall.objects.filter(at__gte=start)
    allowance = allowances.in_force()
    by_day = _lines(
        calls.annotate(day=TruncDate("at", tzinfo=tenant.zone))
        .values("day")
        .annotate(**_SUMS)
        .order_by("-day"),
        "day",
    )
    totals = calls.aggregate(
        **_SUMS,
        unpriced=Count("pk", filter=Q(outcome__in=USED, cost_usd=None)),
        waiting=Count("pk", filter=Q(outcome=CallOutcome.ASKED)),
    )
    rooms = _rooms(allowance, today)
    return ModelUsePage(
        days=days,
        since=since,
        today=rooms[Period.DAY],
        month=rooms[Period.MONTH],
        total=_line({**totals, "name": "All"}, "name"),
        unpriced=totals["unpriced"],
        waiting=totals["waiting"],
        by_purpose=_grouped(calls, "purpose"),
        by_person=_grouped(calls, "asked_by__name"),
        by_model=_grouped(calls, "model"),
        by_day=by_day,
        latest=tuple(calls.select_related("asked_by", "job").order_by("-at", "-attempt", "pk")[:LATEST]),
        allowance=allowance,
    )


def _grouped(calls: QuerySet[ModelCall], column: str) -> tuple[Line, ...]:
    return _lines(calls.values(column).annotate(**_SUMS).order_by("-calls", column), column)


def _lines(rows: Iterable[dict[str, Any]], column: str) -> tuple[Line, ...]:
    return tuple(_line(row, column) for row in rows if row["calls"])


def _line(row: dict[str, Any], column: str) -> Line:
    name = row[column]
    return Line(
        name="The schedule" if name is None else str(name),
        calls=row["calls"],
        used=row["used"],
        tokens=(row["read"] or 0) + (row["written"] or 0),
        cost=row["cost"],
        seconds=row["seconds"],
        on=name if isinstance(name, date) else None,
    )


def _rooms(allowance: ModelAllowance, today: date) -> dict[Period, tuple[Room, ...]]:
    found = {
        (usage.period, usage.starts_on): usage
        for usage in ModelUsage.objects.filter(starts_on__in=[today, today.replace(day=1)])
    }
    rooms = {}
    for period, starts_on in ((Period.DAY, today), (Period.MONTH, today.replace(day=1))):
        usage = found.get((period.value, starts_on)) or ModelUsage()
        caps = allowances.caps(allowance, period)
        rooms[period] = tuple(
            Room(
                what=what,
                used=_amount(getattr(usage, column), column),
                cap=None if (cap := caps[column]) is None else _amount(cap, column),
                is_cost=column == "cost_micros",
            )
            for what, column in (("Calls", "calls"), ("Tokens", "tokens"), ("Cost", "cost_micros"))
        )
    return rooms


def _amount(value: int, column: str) -> Decimal:
    return Decimal(value) / allowances.MICROS if column == "cost_micros" else Decimal(value)
