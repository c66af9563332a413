"""What adoption coaching goes by: the account as the mirror holds it, and how its segment does (SPEC 1, 4.4)."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

from accounts.models import Account, HealthScore
from accounts.scoring.coaching import Benchmark, Known, Peers
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import inputs

BEFORE: Final = timedelta(weeks=12)
"""Adoption is compared with what it was so long ago; ..."""
AT_MOST: Final = timedelta(weeks=20)
"""... or longer, but no longer than this."""


def known(account: Account, *, today: date) -> Known:
    """Return what is known of an account's adoption on a local day. Four queries, however large the segment is."""
    (snapshot,) = inputs.snapshots([account.pk], as_of=today)
    latest = (
        HealthScore.objects.filter(account=account, is_of_day=True)
        .select_related("policy")
        .order_by("-scored_on")
        .first()
    )
    rates, peers = _segment(account)
    used, purchased = account.seats_used, account.seats_purchased
    return Known(
        signals=snapshot.signals,
        policy=HealthPolicy() if latest is None else latest.applied(),
        as_of=today,
        licensed=account.features_licensed,
        used=account.features_used,
        benchmark=Benchmark(
            segment=account.segment, median=float(median(rates)) if rates else 0.0, accounts=len(rates)
        )
        if account.segment
        else None,
        peers=peers,
        since=_since(account.changed_at, account.tenant.zone),
        before=_before(account, today),
        seats=None if used is None or purchased is None else (used, purchased),
    )


def _segment(account: Account) -> tuple[list[Any], Mapping[str, Peers]]:
    """Return the adoption rates of the account's segment, and of its other accounts who uses which feature."""
    if not account.segment:
        return [], {}
    rows = (
        Account.objects.current()
        .filter(segment=account.segment)
        .values_list("pk", "feature_adoption_rate", "features_licensed", "features_used")
    )
    rates, licensed, used = [], Counter[str](), Counter[str]()
    for pk, rate, has, uses in rows:
        if rate is not None:
            rates.append(rate)
        if pk != account.pk and isinstance(has, list) and isinstance(uses, list):
            names = {_key(name) for name in has}
            licensed.update(names)
            used.update(names & {_key(name) for name in uses})
    wanted = {_key(name) for name in account.features_licensed or ()}
    return rates, {name: Peers(licensed=licensed[name], used=used[name]) for name in wanted if licensed[name]}


def _key(name: Any) -> str:
    return " ".join(str(name).split()).casefold()


def _since(changed_at: Mapping[str, Any], zone: ZoneInfo) -> dict[str, date]:
    found = {}
    for field, moment in changed_at.items():
        try:
            found[field] = datetime.fromisoformat(moment).astimezone(zone).date()
        except (TypeError, ValueError):
            continue
    return found


def _before(account: Account, today: date) -> tuple[date, float] | None:
    """Return the adoption that went into the score of about twelve weeks ago, and that day."""
    rows = (
        HealthScore.objects.filter(
            account=account, is_of_day=True, scored_on__lte=today - BEFORE, scored_on__gte=today - AT_MOST
        )
        .order_by("-scored_on")
        .values_list("scored_on", "inputs")[:1]
    )
    for on, stored in rows:
        rate = stored.get("feature_adoption_rate") if isinstance(stored, dict) else None
        if isinstance(rate, int | float):
            return on, float(rate)
    return None
