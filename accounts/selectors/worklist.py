"""What somebody has to do today: the accounts with open alerts, ranked, and what else is due (SPEC 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.models import Account, AccountHealth, Alert, Opportunity
from accounts.scoring.alert_states import AlertState
from accounts.scoring.alerts import Severity
from accounts.scoring.bands import Band
from accounts.scoring.expansion_states import ANSWERED, LABELS
from accounts.selectors import alerts
from accounts.selectors.alerts import AlertRow
from accounts.selectors.portfolio_filters import Scope
from csm_portal.core.models import Membership

SHOWN: Final = 8
"""So many accounts are ranked on the page: as many as a screen holds."""

_BESIDE: Final = 5
_SOON: Final = timedelta(days=30)
_ANSWERS_FROM: Final = timedelta(days=14)
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
    """An account whose band rests on old data, or on too little; ``why`` says so in a sentence."""

    account_id: UUID
    account: str
    band: str
    is_last_known: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An opportunity that Sales has answered lately: what they said, who and when."""

    account_id: UUID
    account: str
    headline: str
    state: str
    label: str
    by: str
    note: str
    at: datetime
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One CSM's open alerts."""

    owner_id: UUID | None
    owner: str
    open: int
    critical: int
    late: int


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
    answers: tuple[Answer, ...]
    team: tuple[Book, ...]
    visible: int
    scope: Scope
    today: date

    @property
    def left_over(self) -> int:
        """How many accounts with open alerts stand below the ranked ones."""
        return self.accounts - len(self.tasks)


def worklist(membership: Membership, *, scope: Scope, today: date, now: datetime) -> Worklist:
    """Return what is to be done by this member, or by the team. Eight queries at most, however much there is."""
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
    opportunities = Opportunity.objects.visible_to(membership)
    if scope is Scope.MINE:
        opportunities = opportunities.filter(account__owner_id=membership.user_id)
    return Worklist(
        tasks=_tasks(found, membership, today=today),
        **counts,
        arr=arr,
        coming=coming,
        coming_count=coming_count,
        gaps=gaps,
        gap_count=gap_count,
        answers=_answers(opportunities, now=now),
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
    """Return the accounts whose figures do not stand on data of today, whose renewal is next first.

    Which is a matter of the scores alone, read in one pass; the accounts are looked at for the few that are shown.
    """
    stale = AccountHealth.objects.filter(Q(effective_band=Band.UNKNOWN) | Q(is_last_known=True))
    keys = set(stale.values_list("pk", flat=True))
    if not keys:
        return (), 0
    # By what comes first: amounts of several currencies have no order.
    gone = accounts.filter(pk__among=keys)
    ordered = gone.order_by(F("renewal_on").asc(nulls_last=True), "pk")
    rows = ordered.values_list(
        "pk", "name", "health__effective_band", "health__is_last_known", "health__band_reason"
    )
    shown = [
        Gap(account_id=key, account=name, band=band, is_last_known=is_last_known, why=why or "")
        for key, name, band, is_last_known, why in rows[: _BESIDE + 1]
    ]
    return tuple(shown[:_BESIDE]), gone.count() if len(shown) > _BESIDE else len(shown)


def _answers(opportunities: QuerySet[Any], *, now: datetime) -> tuple[Answer, ...]:
    """Return what Sales said in the last two weeks, the latest first. One query."""
    answered = opportunities.filter(state__in=sorted(ANSWERED), state_at__gt=now - _ANSWERS_FROM)
    rows = answered.order_by("-state_at", "pk").values_list(
        "account_id", "account__name", "headline", "state", "state_by__name", "note", "state_at",
        "won_amount", "won_currency", "amount", "currency",
    )[:_BESIDE]  # fmt: skip
    return tuple(
        Answer(
            account_id=account_id,
            account=account,
            headline=headline,
            state=state,
            label=LABELS[state],
            by=by or "",
            note=note,
            at=at,
            amount=amount if won is None else won,
            currency=currency if won is None else won_currency,
        )
        for account_id, account, headline, state, by, note, at, won, won_currency, amount, currency in rows
    )


def _team(found: QuerySet[Alert], today: date) -> tuple[Book, ...]:
    """Return each owner's open alerts, who has the most late first. One query."""
    rows = (
        found.filter(_OPEN)
        .order_by()
        .values_list("account__owner_id", "account__owner__name")
        .annotate(
            number=Count("pk"),
            critical=Count("pk", filter=Q(severity=Severity.CRITICAL)),
            late=Count("pk", filter=Q(due_on__lt=today)),
        )
    )
    books = [
        Book(owner_id=owner_id, owner=owner or "", open=number, critical=critical, late=late)
        for owner_id, owner, number, critical, late in rows
    ]
    return tuple(
        sorted(books, key=lambda one: (-one.late, -one.critical, -one.open, one.owner, str(one.owner_id)))
    )
