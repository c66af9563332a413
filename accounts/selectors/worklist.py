"""What somebody has to do today: the accounts with open alerts, ranked, and what else is due (SPEC 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from accounts.models import Account, Alert
from accounts.scoring.alert_states import AlertState
from accounts.scoring.alerts import Severity
from accounts.scoring.bands import Band
from accounts.selectors import alerts
from accounts.selectors.alerts import AlertRow
from accounts.selectors.portfolio_filters import Scope
from csm_portal.core.models import Membership

SHOWN: Final = 8
"""So many accounts are ranked on the page: as many as a screen holds."""

_BESIDE: Final = 5
_SOON: Final = timedelta(days=30)
# The alerts of one account are at most as many as there are reasons.
_READ: Final = SHOWN * 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One account that needs somebody: its most urgent alert, and the others that are open."""

    rank: int
    alert: AlertRow
    others: tuple[AlertRow, ...]

    @property
    def tick(self) -> tuple[str, ...]:
        """What is dealt with when the account is: all of its alerts."""
        return tuple(row.ticked for row in (self.alert, *self.others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A contract date that comes up, or passed. ``is_notice`` tells a notice date from a renewal."""

    account_id: UUID
    account: str
    on: date
    is_notice: bool
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """An account whose band rests on old data, or on too little."""

    account_id: UUID
    account: str
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One CSM's part of the team's work."""

    owner_id: UUID | None
    owner: str
    accounts: int
    critical: int
    late: int
    acknowledged: int
    oldest_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """All that the page shows of the accounts. ``arr`` sums each account once, by currency."""

    tasks: tuple[Task, ...]
    accounts: int
    open: int
    late: int
    acknowledged: int
    snoozed: int
    held_back: int
    arr: Mapping[str, Decimal]
    coming: tuple[Coming, ...]
    coming_count: int
    gaps: tuple[Gap, ...]
    gap_count: int
    team: tuple[Book, ...]
    visible: int
    scope: Scope
    today: date

    @property
    def left_over(self) -> int:
        """How many accounts with open alerts stand below the ranked ones."""
        return self.accounts - len(self.tasks)


def worklist(membership: Membership, *, scope: Scope, today: date) -> Worklist:
    """Return what is to be done by this member, or by the team. Seven queries at most, however much there is."""
    accounts = Account.objects.visible_to(membership).current()
    found = Alert.objects.visible_to(membership)
    if scope is Scope.MINE:
        accounts = accounts.filter(owner_id=membership.user_id)
        found = found.filter(account__owner_id=membership.user_id)
    counts = found.aggregate(
        accounts=Count("account", distinct=True, filter=_OPEN),
        open=Count("pk", filter=_OPEN),
        late=Count("account", distinct=True, filter=_OPEN & Q(due_on__lt=today)),
        acknowledged=Count("pk", filter=Q(state=AlertState.ACKNOWLEDGED)),
        snoozed=Count("pk", filter=Q(state=AlertState.SNOOZED)),
        held_back=Count("pk", filter=alerts.IS_HELD_BACK),
    )
    arr = dict(
        accounts.filter(pk__in=found.filter(_OPEN).values("account"), arr__isnull=False)
        .values_list("currency")
        .annotate(total=Sum("arr"))
        .order_by()
    )
    coming, coming_count = _coming(accounts, today)
    gaps, gap_count = _gaps(accounts)
    return Worklist(
        tasks=_tasks(found, membership, today=today),
        **counts,
        arr=arr,
        coming=coming,
        coming_count=coming_count,
        gaps=gaps,
        gap_count=gap_count,
        team=_team(found, today) if scope is Scope.ALL else (),
        visible=accounts.count(),
        scope=scope,
        today=today,
    )


_OPEN: Final = Q(state=AlertState.OPEN)


def _tasks(found: QuerySet[Alert], membership: Membership, *, today: date) -> tuple[Task, ...]:
    ranked = alerts.shown(found.filter(_OPEN), today=today).order_by("-urgency", "-severity_weight", "pk")
    values = ranked.values_list(*alerts.FIELDS)
    by_account: dict[UUID, list[AlertRow]] = {}
    for row in values[:_READ]:
        shown = alerts.row(row, membership, today=today)
        by_account.setdefault(shown.account_id, []).append(shown)
    return tuple(
        Task(rank=rank, alert=first, others=tuple(others))
        for rank, (first, *others) in enumerate(list(by_account.values())[:SHOWN], start=1)
    )


def _coming(accounts: QuerySet[Account], today: date) -> tuple[tuple[Coming, ...], int]:
    """Return the contract dates of the next 30 days, notice dates before renewals."""
    until = today + _SOON
    notice = Q(notice_on__gte=today, notice_on__lte=until)
    renewal = Q(renewal_on__gte=today, renewal_on__lte=until)
    soon = accounts.filter(notice | renewal)
    rows = soon.values_list("pk", "name", "notice_on", "renewal_on", "shown_band")
    coming = []
    for key, name, notice_on, renewal_on, band in rows:
        is_notice = notice_on is not None and today <= notice_on <= until
        on = notice_on if is_notice else renewal_on
        if on is not None:
            coming.append(
                Coming(
                    account_id=key,
                    account=name,
                    on=on,
                    is_notice=is_notice,
                    band=band,
                )
            )
    coming.sort(key=lambda one: (one.on, str(one.account_id)))
    return tuple(coming[:_BESIDE]), len(coming)


def _gaps(accounts: QuerySet[Account]) -> tuple[tuple[Gap, ...], int]:
    gone = accounts.filter(Q(health__effective_band=Band.UNKNOWN) | Q(health__is_last_known=True))
    # By what comes first: amounts of several currencies have no order.
    rows = gone.order_by(F("renewal_on").asc(nulls_last=True), "pk").values_list(
        "pk", "name", "health__effective_band"
    )
    shown = [Gap(account_id=key, account=name, band=band) for key, name, band in rows[: _BESIDE + 1]]
    return tuple(shown[:_BESIDE]), gone.count() if len(shown) > _BESIDE else len(shown)


def _team(found: QuerySet[Alert], today: date) -> tuple[Book, ...]:
    """Return each owner's open work, the most critical first. One query."""
    rows = (
        found.filter(state__in=[AlertState.OPEN, AlertState.ACKNOWLEDGED])
        .values("account__owner_id", "account__owner__name")
        .annotate(
            accounts=Count("account", distinct=True, filter=_OPEN),
            critical=Count("account", distinct=True, filter=_OPEN & Q(severity=Severity.CRITICAL)),
            late=Count("account", distinct=True, filter=_OPEN & Q(due_on__lt=today)),
            acknowledged=Count("pk", filter=Q(state=AlertState.ACKNOWLEDGED)),
            oldest=Min("raised_on", filter=_OPEN),
        )
        .order_by("-critical", "-late", "-accounts", "account__owner__name", "account__owner_id")
    )
    return tuple(
        Book(
            owner_id=row["account__owner_id"],
            owner=row["account__owner__name"] or "",
            accounts=row["accounts"],
            critical=row["critical"],
            late=row["late"],
            acknowledged=row["acknowledged"],
            oldest_on=row["oldest"],
        )
        for row in rows
    )
