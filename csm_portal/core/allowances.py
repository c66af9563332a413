"""How much a tenant may ask of models: reserved before a call, made exact after it (SPEC 10.5, CHECK 20).

A reservation is one conditional update for the month and one for the day, so that however many ask at once, a
cap is passed by one call at the most: the one that was let through while there was room.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from csm_portal.core import audit
from csm_portal.core.models import ModelAllowance, ModelUsage, Period, Tenant, User
from csm_portal.core.scope import current_tenant_id

MICROS: Final = 1_000_000


class OverCap(Exception):
    """A cap is reached; the message says which one, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What one call was let through with. Tokens and millionths of a dollar, as much as it can come to."""

    day: date
    tokens: int
    cost_micros: int


def in_force() -> ModelAllowance:
    """Return the allowance of the scope's tenant, the defaults where none was ever set. One query."""
    return ModelAllowance.objects.first() or ModelAllowance()


class ChangedMeanwhile(Exception):
    """Somebody else has changed the caps since they were read."""


CHANGEABLE: Final = (
    "calls_per_day",
    "calls_per_month",
    "tokens_per_day",
    "tokens_per_month",
    "cost_per_day",
    "cost_per_month",
    "prompt_price",
    "completion_price",
)


@transaction.atomic
def change(values: Mapping[str, Any], *, version: int, actor: User, now: datetime) -> ModelAllowance:
    """Put other caps and prices in force (``CHANGEABLE``; None is no cap, no price).

    Raises ChangedMeanwhile where they are no longer the ``version`` that the person looked at.
    """
    before = in_force()
    if before.version == 0 and before.updated_at is None:
        ModelAllowance.objects.bulk_create([ModelAllowance()], ignore_conflicts=True)
    claimed = ModelAllowance.objects.filter(version=version).update(
        **{name: values[name] for name in CHANGEABLE},
        version=F("version") + 1,
        updated_at=now,
        updated_by=actor,
    )
    if claimed != 1:
        raise ChangedMeanwhile("Somebody has changed the caps since you opened this page.")
    allowance = in_force()
    audit.record(
        "model_caps.changed",
        allowance,
        actor=actor,
        at=now,
        data={
            name: [_told(getattr(before, name)), _told(values[name])]
            for name in CHANGEABLE
            if getattr(before, name) != values[name]
        },
    )
    return allowance


def _told(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def reserve(allowance: ModelAllowance, *, tokens: int, cost_micros: int, now: datetime) -> Reservation:
    """Let one call through, counting at once what it can come to. Raises OverCap where a cap is reached.

    Two updates in a transaction of their own; the month's row first, always.
    """
    day = now.astimezone(Tenant.objects.get(pk=current_tenant_id()).zone).date()
    with transaction.atomic():
        for period in (Period.MONTH, Period.DAY):
            _add(allowance, period, day, tokens=tokens, cost_micros=cost_micros)
    return Reservation(day=day, tokens=tokens, cost_micros=cost_micros)


def settle(reservation: Reservation, *, tokens: int | None, cost_micros: int | None) -> None:
    """Put what a call came to in the place of what was reserved for it; None leaves that as it is."""
    with transaction.atomic():
        for period in (Period.MONTH, Period.DAY):
            _rows(period, reservation.day).update(
                tokens=F("tokens")
                + ((reservation.tokens if tokens is None else tokens) - reservation.tokens),
                cost_micros=F("cost_micros")
                + (
                    (reservation.cost_micros if cost_micros is None else cost_micros)
                    - reservation.cost_micros
                ),
            )


def _add(allowance: ModelAllowance, period: Period, day: date, *, tokens: int, cost_micros: int) -> None:
    rows = _rows(period, day)
    room = {f"{column}__lt": cap for column, cap in caps(allowance, period).items() if cap is not None}
    counted = {
        "calls": F("calls") + 1,
        "tokens": F("tokens") + tokens,
        "cost_micros": F("cost_micros") + cost_micros,
    }
    if rows.filter(**room).update(**counted):
        return
    if not rows.exists():
        # Several may be the first of a day: the database keeps one row, and all go on with that.
        ModelUsage.objects.bulk_create(
            [ModelUsage(period=period, starts_on=_starts_on(period, day))], ignore_conflicts=True
        )
        if rows.filter(**room).update(**counted):
            return
    raise OverCap(_reached(allowance, period, rows.values().get()))


def caps(allowance: ModelAllowance, period: Period) -> dict[str, int | None]:
    """Return the caps of a period by the column that counts towards them; a cost in millionths of a dollar."""
    calls, tokens, cost = (
        getattr(allowance, f"{what}_per_{period.value}") for what in ("calls", "tokens", "cost")
    )
    return {
        "calls": calls,
        "tokens": tokens,
        "cost_micros": None if cost is None else int(Decimal(cost) * MICROS),
    }


def _reached(allowance: ModelAllowance, period: Period, used: dict[str, Any]) -> str:
    when = "today" if period is Period.DAY else "this month"
    for column, cap in caps(allowance, period).items():
        if cap is not None and used[column] >= cap:
            what = f"{cap / MICROS:,.2f} US dollars" if column == "cost_micros" else f"{cap:,} {column}"
            return (
                f"No model was asked: {what} is what may be used {when}, and that is used up. "
                "An admin can raise it under Model use."
            )
    return f"No model was asked: what may be used {when} is used up. An admin can raise it under Model use."


def _rows(period: Period, day: date) -> Any:
    return ModelUsage.objects.filter(period=period, starts_on=_starts_on(period, day))


def _starts_on(period: Period, day: date) -> date:
    return day if period is Period.DAY else day.replace(day=1)
