"""The reviews that nobody has to ask for: each quarter's, and those before a renewal (SPEC 6.4)."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from accounts.models import Account
from csm_portal.core import audit
from csm_portal.core.models import JobState, Tenant, User
from qbr import deadlines, quarters
from qbr.models import QBR, Origin, QBRRevision
from qbr.services import drafting

Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How many accounts a run looked at, and how many reviews it began; the others had theirs already."""

    looked_at: int
    begun: int

    def to_mapping(self) -> dict[str, Any]:
        return {"accounts": self.looked_at, "begun": self.begun, "there already": self.looked_at - self.begun}


def quarterly(tenant: Tenant, *, day: date, now: datetime, progress: Progress | None = None) -> Begun:
    """Begin the review of the quarter that ended before ``day`` for each account that has none, its owner known or not.

    One job each: run again after a crash, it goes on with the accounts that are left. A review whose draft did not
    come about is drafted again.
    """
    quarter = quarters.scheduled_period(day).quarter
    have = QBR.objects.filter(quarter_start=quarter.start).exclude(_never_drafted()).values("account_id")
    accounts = Account.objects.current().select_related("tenant").order_by("name", "pk")
    wanted = list(accounts.exclude(pk__in=have))
    return _begin_each(
        tenant, wanted, accounts.count(), quarter, Origin.QUARTERLY, now=now, progress=progress
    )


def before_renewals(tenant: Tenant, *, day: date, now: datetime, progress: Progress | None = None) -> Begun:
    """Begin the review of the running quarter for each account that renews within 90 days of ``day``.

    Once for an account and a renewal date: a review that was begun for the date in an earlier quarter counts,
    and one of this quarter is used, whatever it was begun for. One of this quarter whose draft did not come about is
    drafted again.
    """
    quarter = quarters.requested_period(day).quarter
    near = list(
        Account.objects.current()
        .filter(renewal_on__gte=day, renewal_on__lte=day + deadlines.RENEWAL_WINDOW)
        .select_related("tenant")
        .order_by("renewal_on", "pk")
    )
    reviews = QBR.objects.filter(account_id__in=[account.pk for account in near])
    done = set(reviews.exclude(renewal_on=None).values_list("account_id", "renewal_on"))
    here = reviews.filter(quarter_start=quarter.start)
    of_quarter = set(here.exclude(_never_drafted()).values_list("account_id", flat=True))
    again = set(here.filter(_never_drafted()).values_list("account_id", flat=True))
    left = [a for a in near if (a.pk, a.renewal_on) not in done or a.pk in again]
    for account in left:
        if account.pk in of_quarter or account.pk in again:
            QBR.objects.filter(account=account, quarter_start=quarter.start).update(
                renewal_on=account.renewal_on
            )
    wanted = [account for account in left if account.pk not in of_quarter]
    return _begin_each(tenant, wanted, len(near), quarter, Origin.RENEWAL, now=now, progress=progress)


def _never_drafted() -> Q:
    """Say of reviews that they have no text and nobody is at work on one."""
    over = [JobState.PARTIAL, JobState.FAILED, JobState.QUARANTINED]
    return Q(draft_job__state__in=over) & ~Q(Exists(QBRRevision.objects.filter(qbr=OuterRef("pk"))))


def start(accounts: Iterable[Account], *, quarter: quarters.Quarter, actor: User, now: datetime) -> Begun:
    """Begin the reviews of a quarter that a person chose on the board; whoever does so has asked for the drafts.

    Raises PermissionDenied where one of them is not theirs to begin; an account that the workspace has lost is left out.
    """
    looked_at = begun = 0
    for account in accounts:
        looked_at += 1
        with contextlib.suppress(drafting.NothingToReview):
            qbr = drafting.begin(account, quarter=quarter, actor=actor, origin=Origin.ON_DEMAND, now=now)
            begun += qbr.created_at == now
    return Begun(looked_at=looked_at, begun=begun)


def _begin_each(
    tenant: Tenant,
    wanted: Iterable[Account],
    looked_at: int,
    quarter: quarters.Quarter,
    origin: Origin,
    *,
    now: datetime,
    progress: Progress | None,
) -> Begun:
    tell = progress or (lambda done, total, message: None)
    accounts = list(wanted)
    for number, account in enumerate(accounts, start=1):
        renewal_on = account.renewal_on if origin is Origin.RENEWAL else None
        drafting.begin(account, quarter=quarter, actor=None, origin=origin, now=now, renewal_on=renewal_on)
        if number % 25 == 0 or number == len(accounts):
            tell(number, len(accounts), f"{quarter.label}: {number} of {len(accounts)} begun")
    begun = Begun(looked_at=looked_at, begun=len(accounts))
    audit.record(
        "qbr.scheduled",
        tenant,
        actor=None,
        at=now,
        by="The schedule",
        data={"quarter": quarter.label, "origin": origin, **begun.to_mapping()},
    )
    return begun
