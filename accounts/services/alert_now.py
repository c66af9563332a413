"""Has the most urgent alert of one account told at once, within the day's five (SPEC 4.2)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.db import transaction

from accounts.models import Account, Alert, AlertPlace
from accounts.models.alerts import A_DAY
from accounts.services import alerts
from csm_portal.core import audit
from csm_portal.core.models import Delivery, User


class Telling(StrEnum):
    """What became of an account's alert."""

    DELIVERED = "delivered"
    ALREADY_DELIVERED = "already_delivered"
    HELD_BACK = "held_back"
    NO_ALERT = "no_alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of it: the alert it is about, its deliveries, and how many places of the day are left."""

    telling: Telling
    alert: Alert | None
    deliveries: tuple[Delivery, ...]
    places_left: int


@transaction.atomic
def tell(account: Account, *, as_of: date, now: datetime, actor: User | None = None) -> Told:
    """Hand the account's most urgent alert that waits over to the channels, if a place of the day is free.

    Asked again on the same day it changes nothing. One audit row where something went out, none else.
    """
    handed_over = alerts.hand_over_the_most_urgent(as_of=as_of, now=now, account_id=account.pk)
    alert = _most_urgent(account)
    telling = _telling(alert, handed_over=bool(handed_over))
    deliveries: tuple[Delivery, ...] = ()
    if alert is not None:
        deliveries = tuple(Delivery.objects.filter(about_id=str(alert.pk)).order_by("channel", "-created_at"))
        if handed_over:
            data = {"account": str(account.pk), "reason": alert.reason}
            audit.record("alert.told", alert, actor=actor, at=now, data=data)
    taken = AlertPlace.objects.filter(local_date=as_of).count()
    return Told(telling=telling, alert=alert, deliveries=deliveries, places_left=A_DAY - taken)


def _most_urgent(account: Account) -> Alert | None:
    """Return the alert that was told last, where one waits or was told; the most urgent one that waits comes after it."""
    running = Alert.objects.running().filter(account=account)
    told = running.exclude(handed_over_at=None).filter(is_waiting=False).order_by("-handed_over_at", "pk")
    return told.first() or running.filter(is_waiting=True).order_by("-urgency", "pk").first()


def _telling(alert: Alert | None, *, handed_over: bool) -> Telling:
    if alert is None:
        return Telling.NO_ALERT
    if handed_over:
        return Telling.DELIVERED
    return Telling.HELD_BACK if alert.is_waiting else Telling.ALREADY_DELIVERED
