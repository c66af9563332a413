"""What the mirror knows of each account, as the score reads it on a given local day (SPEC 1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from accounts.models import Account
from accounts.scoring import signals as health_signals
from accounts.scoring.segments import AccountFacts
from accounts.scoring.signals import HealthSignals


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One account on the day of scoring: its signals, and what the history keeps beside a score.

    ``facts`` are what the rules of the policy's segments ask (SPEC 3.6). ``problems`` holds a sentence for each value of the mirror that cannot be one; that input is then not known.
    """

    account_id: UUID
    name: str
    signals: HealthSignals
    facts: AccountFacts
    arr: Decimal | None
    currency: str
    owner_id: UUID | None
    lifecycle_stage: str
    renewal_on: date | None
    notice_on: date | None
    problems: tuple[str, ...] = ()


# Read as they stand; a text column is empty where the value is not known.
_AS_STORED: Final = (
    "feature_adoption_rate",
    "support_ticket_volume",
    "support_sentiment",
    "login_frequency_score",
    "usage_trend",
    "payment_current",
    "stakeholder_engagement_score",
    "nps_score",
    "escalation_history_count",
    "tam_health_rag",
)
_BESIDE: Final = (
    "pk",
    "name",
    "last_interaction_on",
    "renewal_on",
    "notice_on",
    "seats_used",
    "seats_purchased",
    "arr",
    "currency",
    "owner_id",
    "lifecycle_stage",
    "segment",
    "owner_email",
    "owner_name",
)


READ: Final = (*_BESIDE, *_AS_STORED)
"""The columns that a scoring reads of an account."""


def scorable_ids(only: Collection[UUID] | None = None) -> list[UUID]:
    """Return the ids of the accounts that are scored, archived and removed ones left out. One query."""
    ids = Account.objects.current().order_by("pk").values_list("pk", flat=True)
    if only is None:
        return list(ids)
    # Ten thousand ids in a query are more than some builds of SQLite take.
    wanted = set(only)
    return [account_id for account_id in ids if account_id in wanted]


def snapshots(account_ids: Collection[UUID], *, as_of: date) -> list[Snapshot]:
    """Read the named accounts as of a local day. One query however many accounts there are."""
    rows = Account.objects.filter(pk__among=account_ids).order_by("pk").values_list(*READ)
    return [_snapshot(row, as_of=as_of) for row in rows]


def of_day(snapshot: Snapshot, signals: HealthSignals, *, as_of: date) -> Snapshot:
    """Return the account as it was on an earlier day, with the signals of that day.

    The renewal of that day follows from ``renewal_days_out``, and a notice date moves along with it.
    """
    if signals.renewal_days_out is None:
        return replace(snapshot, signals=signals)
    renewal_on = as_of + timedelta(days=int(signals.renewal_days_out))
    notice_on = snapshot.notice_on
    if notice_on is not None and snapshot.renewal_on is not None:
        notice_on += renewal_on - snapshot.renewal_on
    return replace(snapshot, signals=signals, renewal_on=renewal_on, notice_on=notice_on)


def _snapshot(row: tuple[Any, ...], *, as_of: date) -> Snapshot:
    (
        account_id,
        name,
        last_interaction_on,
        renewal_on,
        notice_on,
        seats_used,
        seats_purchased,
        arr,
        currency,
        owner_id,
        lifecycle_stage,
        segment,
        owner_email,
        owner_name,
        *stored,
    ) = row
    values = {field: None if value == "" else value for field, value in zip(_AS_STORED, stored, strict=True)}
    values["last_interaction_days"] = health_signals.days_since(last_interaction_on, as_of=as_of)
    values["renewal_days_out"] = health_signals.days_until(renewal_on, as_of=as_of)
    values["seats_utilization"] = health_signals.utilization(used=seats_used, purchased=seats_purchased)
    signals, problems = _readable(values)
    return Snapshot(
        account_id=account_id,
        name=name,
        signals=signals,
        facts=AccountFacts(
            segment=segment,
            lifecycle_stage=lifecycle_stage,
            owner=owner_email or owner_name,
            arr=arr,
            currency=currency,
        ),
        arr=arr,
        currency=currency,
        owner_id=owner_id,
        lifecycle_stage=lifecycle_stage,
        renewal_on=renewal_on,
        notice_on=notice_on,
        problems=tuple(f"{name}: {problem} It counts as not known." for problem in problems),
    )


def _readable(values: Mapping[str, Any]) -> tuple[HealthSignals, list[str]]:
    """Build the signals; a value that cannot be one costs that value, not the account's score."""
    try:
        return HealthSignals(**values), []
    except ValueError:
        kept, problems = {}, []
        for name, value in values.items():
            try:
                HealthSignals(**{name: value})
            except ValueError as error:
                problems.append(str(error))
            else:
                kept[name] = value
        return HealthSignals(**kept), problems
