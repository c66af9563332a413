"""Sets what other currencies are worth: who, from where, as of which day. What was in force before is kept (SPEC 1)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction

from accounts.models import ExchangeRate
from accounts.scoring import wording
from csm_portal import currency_codes
from csm_portal.core import audit, jobs
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import current_tenant_id

# A rate is for ranking what is owed now; one of ten years ago is a slip of the year.
OLDEST: Final = timedelta(days=3653)


class NotPossible(ValueError):
    """The rate cannot be set as asked for; the message says why and what to do."""


@transaction.atomic
def put(
    currency: str, rate: Decimal, *, as_of: date, source: str, actor: User, today: date, now: datetime
) -> ExchangeRate:
    """Let ``rate`` units of the tenant's currency stand for one of ``currency`` from now on.

    The accounts are scored anew, so that the ranking follows. Raises NotPossible.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    if currency == tenant.currency:
        raise NotPossible(f"{currency} is the company's own currency: it needs no rate.")
    if refusal := currency_codes.refusal(currency):
        raise NotPossible(refusal)
    if as_of > today:
        raise NotPossible("The day of the rate lies ahead. Give the day on which it was taken.")
    if as_of < (first := today - OLDEST):
        raise NotPossible(
            f"The rate is of {wording.day(as_of)}, which is too old to rank by. Give one of {wording.day(first)} or later."
        )
    ExchangeRate.objects.filter(currency=currency, ended_at=None).update(ended_at=now)
    made = ExchangeRate.objects.create(
        currency=currency, rate=rate, as_of=as_of, source=source.strip()[:200], set_by=actor, set_at=now
    )
    audit.record(
        "rate.set",
        made,
        actor=actor,
        at=now,
        data={"currency": currency, "rate": str(rate), "as_of": as_of.isoformat()},
    )
    _rank_anew(tenant, actor=actor, now=now)
    return made


@transaction.atomic
def remove(currency: str, *, actor: User, now: datetime) -> bool:
    """Let a currency have no rate any more; tell whether it had one."""
    tenant = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    found = ExchangeRate.objects.filter(currency=currency, ended_at=None).first()
    if found is None:
        return False
    ExchangeRate.objects.filter(pk=found.pk).update(ended_at=now)
    audit.record("rate.removed", found, actor=actor, at=now, data={"currency": currency})
    _rank_anew(tenant, actor=actor, now=now)
    return True


def _rank_anew(tenant: Tenant, *, actor: User, now: datetime) -> None:
    jobs.enqueue(
        "accounts.tasks.score_all",
        tenant=tenant,
        title="Score all accounts",
        now=now,
        requested_by=actor,
        key="score_all",
    )
