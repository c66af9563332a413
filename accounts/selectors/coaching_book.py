"""The coaching plans of the book of business, and the accounts with which one could begin (SPEC 4.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet

from accounts.models import Account, CoachingPlan, PlanState
from accounts.selectors import coaching, portfolio_filters
from accounts.selectors.portfolio_filters import Filters
from csm_portal.core.models import Membership

STATES: Final[Mapping[str, str]] = {
    PlanState.OPEN: "In work",
    PlanState.FINISHED: "Finished",
    PlanState.DROPPED: "Given up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One plan in the list of the book. ``next_on`` is the earliest day of a step that is left."""

    plan_id: UUID
    account_id: UUID
    account: str
    segment: str
    owner: str
    state: str
    label: str
    done: int
    steps: int
    late: int
    next_on: date | None
    created_at: datetime
    closed_at: datetime | None
    closed_because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansPage:
    """The plans in one state, those with the nearest day first. ``left_out`` counts what is beyond the page."""

    rows: tuple[PlanRow, ...]
    state: str
    counts: Mapping[str, int]
    left_out: int
    shows_owner: bool
    today: date


MOST: Final = 200
WITHOUT: Final = "none"
"""The value of the address that asks for accounts without an open plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An account that nobody coaches: its adoption (None: not known) and what lies idle."""

    account_id: UUID
    account: str
    segment: str
    owner: str
    adoption: Decimal | None
    idle: tuple[str, ...]
    names_features: bool
    band: str
    is_last_known: bool
    arr: Decimal | None
    currency: str
    renewal_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatesPage:
    """The accounts without an open plan, the lowest adoption first."""

    rows: tuple[Candidate, ...]
    counts: Mapping[str, int]
    left_out: int
    shows_owner: bool
    today: date
    state: str = WITHOUT


def candidates(membership: Membership, *, filters: Filters, today: date, size: int = 50) -> CandidatesPage:
    """Return where a plan could begin. Three queries however many accounts there are."""
    accounts = portfolio_filters.narrow(
        Account.objects.visible_to(membership).current(), filters, reader_id=membership.user_id, today=today
    )
    asked = accounts.filter(feature_adoption_rate__isnull=False)
    asked = asked.exclude(pk__in=CoachingPlan.objects.filter(state=PlanState.OPEN).values("account_id"))
    rows = (
        asked.select_related("owner", "health")
        .only(*_OF_A_CANDIDATE)
        .order_by("feature_adoption_rate", F("arr").desc(nulls_last=True), "pk")
    )
    shown = tuple(_candidate(row) for row in rows[:size])
    found = CoachingPlan.objects.visible_to(membership).filter(account__in=accounts)
    return CandidatesPage(
        rows=shown,
        counts=_counts(found),
        left_out=max(0, asked.count() - len(shown)) if len(shown) == size else 0,
        shows_owner=filters.scope is portfolio_filters.Scope.ALL,
        today=today,
    )


_OF_A_CANDIDATE: Final = (
    "tenant_id", "name", "segment", "owner__name", "owner_name", "feature_adoption_rate", "features_licensed",
    "features_used", "arr", "currency", "renewal_on", "health__effective_band", "health__is_last_known",
)  # fmt: skip


def _candidate(row: Account) -> Candidate:
    health = getattr(row, "health", None)
    return Candidate(
        account_id=row.pk,
        account=row.name,
        segment=row.segment,
        owner=row.owner.name if row.owner is not None else row.owner_name,
        adoption=row.feature_adoption_rate,
        idle=coaching.idle(row),
        names_features=bool(row.features_licensed) and row.features_used is not None,
        band="" if health is None else health.effective_band,
        is_last_known=health is not None and health.is_last_known,
        arr=row.arr,
        currency=row.currency,
        renewal_on=row.renewal_on,
    )


def _counts(found: QuerySet[CoachingPlan]) -> dict[str, int]:
    counted = found.order_by().values_list("state").annotate(n=Count("pk")).values_list("state", "n")
    return dict.fromkeys(STATES, 0) | dict(counted)


def plans(
    membership: Membership, *, filters: Filters, state: str, today: date, size: int = MOST
) -> PlansPage:
    """Return the plans of the accounts that are asked for. Two queries however many there are."""
    state = state if state in STATES else PlanState.OPEN
    accounts = portfolio_filters.narrow(
        Account.objects.visible_to(membership), filters, reader_id=membership.user_id, today=today
    )
    found = CoachingPlan.objects.visible_to(membership).filter(account__in=accounts)
    counts = _counts(found)
    left = Q(steps__done_at=None)
    rows = (
        found.filter(state=state)
        .select_related("account__owner")
        .annotate(
            count=Count("steps"),
            done=Count("steps", filter=~left),
            late=Count("steps", filter=left & Q(steps__due_on__lt=today)),
            next_on=Min("steps__due_on", filter=left),
        )
        .order_by(
            *([F("next_on").asc(nulls_last=True)] if state == PlanState.OPEN else ["-closed_at"]),
            "-created_at",
            "pk",
        )
    )
    shown = tuple(_row(row) for row in rows[:size])
    return PlansPage(
        rows=shown,
        state=state,
        counts=counts,
        left_out=max(0, counts[state] - len(shown)),
        shows_owner=filters.scope is portfolio_filters.Scope.ALL,
        today=today,
    )


def _row(row: Any) -> PlanRow:
    account = row.account
    return PlanRow(
        plan_id=row.pk,
        account_id=account.pk,
        account=account.name,
        segment=account.segment,
        owner=account.owner.name if account.owner is not None else account.owner_name,
        state=row.state,
        label=STATES[row.state],
        done=row.done,
        steps=row.count,
        late=row.late,
        next_on=row.next_on,
        created_at=row.created_at,
        closed_at=row.closed_at,
        closed_because=row.closed_because,
    )
