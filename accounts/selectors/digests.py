"""What stands in a person's digest of a day, and whose digest is due now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from accounts.models import Account, Alert, Digest, DigestChannel, DigestChoice
from accounts.scoring.alert_states import AlertState
from accounts.selectors import alerts
from accounts.selectors import team as team_of
from accounts.selectors.alerts import AlertRow
from accounts.selectors.team import Team
from csm_portal.core.models import Membership, Role, Tenant

SHOWN: Final = 6
DATES_WITHIN: Final = timedelta(days=7)
_FIRST_LOOK_BACK: Final = timedelta(days=1)
# Somebody who was away for a month is not told of a month.
_LONGEST_LOOK_BACK: Final = timedelta(days=7)


class Due(StrEnum):
    """Whether a person's digest is to be written, or came too late today."""

    NOW = "now"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDate:
    """A notice date or a renewal within the next seven days."""

    account: str
    on: date
    is_notice: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccounts:
    """What is said of a CSM's own accounts: the rows that are named, and how many there are of each."""

    new: tuple[AlertRow, ...]
    new_count: int
    due: tuple[AlertRow, ...]
    due_count: int
    dates: tuple[ContractDate, ...]
    held_back: int

    @property
    def is_quiet(self) -> bool:
        return not (self.new_count or self.due_count or self.dates)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTeam:
    """What is said to a manager of the team; ``new_count`` are the alerts of everybody since the last digest."""

    team: Team
    new_count: int

    @property
    def is_quiet(self) -> bool:
        return not (self.new_count or self.team.whole.late or self.team.unowned.open)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """All that a digest says of accounts. ``own`` is for CSMs, ``whole`` for managers; one person can be both."""

    since: datetime
    own: OwnAccounts | None
    whole: WholeTeam | None

    @property
    def is_quiet(self) -> bool:
        return all(part is None or part.is_quiet for part in (self.own, self.whole))


def can_have_one(membership: Membership) -> bool:
    """Whether a digest says anything to this member: CSMs hear of their accounts, managers of the team."""
    return bool(membership.roles & {Role.CSM, Role.MANAGER})


def choice(membership: Membership) -> DigestChoice | None:
    """Return what a person chose, or None where they never did. One query."""
    return DigestChoice.objects.filter(person_id=membership.user_id).first()


def latest(membership: Membership) -> Digest | None:
    """Return a person's last digest. One query."""
    return (
        Digest.objects.filter(person_id=membership.user_id)
        .select_related("delivery")
        .order_by("-local_date")
        .first()
    )


def due(tenant: Tenant, *, now: datetime, grace: timedelta, at_once: bool = False) -> Mapping[UUID, Due]:
    """Return whose digest of today is not written although its time has come, by user. Two queries.

    One that is later than ``grace`` is missed, as is any planned run (SPEC 7). Whoever chose a time that had passed
    already begins on the next day. ``at_once`` asks for those of everybody who wants one, whatever their time.
    """
    today = now.astimezone(tenant.zone).date()
    choices = DigestChoice.objects.exclude(channel=DigestChannel.OFF).filter(person__is_active=True)
    if today.weekday() >= 5:
        choices = choices.filter(on_weekends=True)
    wanted = list(choices.values_list("person_id", "at", "updated_at"))
    if not wanted:
        return {}
    written = set(Digest.objects.filter(local_date=today).values_list("person_id", flat=True))
    found = {}
    for person_id, at, updated_at in wanted:
        moment = datetime.combine(today, at, tzinfo=tenant.zone)
        if person_id in written:
            continue
        if at_once:
            found[person_id] = Due.NOW
        elif updated_at <= moment <= now:
            found[person_id] = Due.NOW if now - moment <= grace else Due.MISSED
    return found


def news(membership: Membership, *, today: date, now: datetime) -> News:
    """Return what a digest of today says to a member. At most twelve queries however many accounts there are."""
    since = _since(membership, now=now)
    return News(
        since=since,
        own=_own(membership, since=since, today=today) if Role.CSM in membership.roles else None,
        whole=WholeTeam(
            team=team_of.team(membership, today=today),
            new_count=_new(Alert.objects.visible_to(membership), since).count(),
        )
        if Role.MANAGER in membership.roles
        else None,
    )


def _since(membership: Membership, *, now: datetime) -> datetime:
    """Return from when on something is new: the last digest that was written, missed ones left out.

    Before the first, the day before the person chose to have one.
    """
    told = Digest.objects.filter(person_id=membership.user_id).exclude(counts__has_key="missed")
    last = told.order_by("-local_date").values_list("written_at", flat=True).first()
    if last is None:
        chosen = choice(membership)
        last = (chosen.updated_at if chosen else now) - _FIRST_LOOK_BACK
    return max(last, now - _LONGEST_LOOK_BACK)


def _own(membership: Membership, *, since: datetime, today: date) -> OwnAccounts:
    mine = Alert.objects.visible_to(membership).filter(account__owner_id=membership.user_id)
    new = _new(mine, since)
    # What is new is told once, above.
    is_due = mine.filter(state=AlertState.OPEN, due_on__lte=today).exclude(pk__in=new.values("pk"))
    return OwnAccounts(
        new=_rows(new, membership, today),
        new_count=new.count(),
        due=_rows(is_due, membership, today),
        due_count=is_due.count(),
        dates=_dates(membership, today),
        held_back=mine.filter(alerts.IS_HELD_BACK).count(),
    )


def _new(found: Any, since: datetime) -> Any:
    return found.filter(Q(raised_at__gt=since) | Q(reopened_at__gt=since), state=AlertState.OPEN)


def _rows(found: Any, membership: Membership, today: date) -> tuple[AlertRow, ...]:
    ranked: Any = (
        alerts.shown(found, today=today).order_by("-urgency", "pk").values_list(*alerts.FIELDS)[:SHOWN]
    )
    return tuple(alerts.row(values, membership, today=today) for values in ranked)


def _dates(membership: Membership, today: date) -> tuple[ContractDate, ...]:
    until = today + DATES_WITHIN
    mine = Account.objects.visible_to(membership).current().filter(owner_id=membership.user_id)
    notice = Q(notice_on__gte=today, notice_on__lte=until)
    renewal = Q(renewal_on__gte=today, renewal_on__lte=until)
    rows = mine.filter(notice | renewal).values_list("name", "notice_on", "renewal_on")
    found = []
    for name, notice_on, renewal_on in rows:
        is_notice = notice_on is not None and today <= notice_on <= until
        on = notice_on if is_notice else renewal_on
        if on is not None:
            found.append(ContractDate(account=name, on=on, is_notice=is_notice))
    return tuple(sorted(found, key=lambda one: (one.on, one.account)))


TIMES: Final[tuple[time, ...]] = tuple(
    time(hour, minute) for hour in range(7, 18) for minute in (0, 30) if (hour, minute) >= (7, 30)
)
"""When a digest can come: from 07:30 on, so that the scan of the day, at 07:00, is in it."""
