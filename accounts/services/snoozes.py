"""Ends snoozes on the day after their last one, whether or not a scan runs (SPEC 4.2)."""

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from accounts.models import Alert
from accounts.scoring import alerts as rules
from accounts.scoring.alert_states import AlertState
from accounts.scoring.alerts import Severity
from csm_portal.core import bulk

OVER: Final = "The snooze is over and the cause is still there."
_AT_ONCE: Final = 500
_WRITTEN: Final = (
    "state",
    "state_at",
    "state_by",
    "note",
    "snoozed_until",
    "seen",
    "is_waiting",
    "held_back_on",
    "due_on",
    "reopened_at",
    "reopened_because",
    "version",
)


def end_those_over(*, today: date, now: datetime) -> int:
    """Open the alerts again whose snooze ended before ``today``; return how many.

    They stand in the list from now on, and compete for a place of the day at the next scan. One query where there is
    none, and a second call changes nothing.
    """
    over = Alert.objects.filter(state=AlertState.SNOOZED, snoozed_until__lt=today)
    if not over.exists():
        return 0
    return _open_again(over, today=today, now=now)


@transaction.atomic
def _open_again(over: Any, *, today: date, now: datetime) -> int:
    # In the order in which a scan and people lock them.
    alerts: list[Alert] = list(over.select_for_update().order_by("pk")[:_AT_ONCE])
    for alert in alerts:
        open_again(alert, today=today, now=now)
    bulk.update(alerts, fields=_WRITTEN)
    return len(alerts)


def open_again(alert: Alert, *, today: date, now: datetime) -> None:
    """Let a snoozed alert be open, in memory: what stands in it now is what whoever opens it has seen."""
    alert.state = AlertState.OPEN
    alert.state_at, alert.state_by, alert.note = now, None, ""
    alert.snoozed_until = None
    alert.reopened_at, alert.reopened_because = now, OVER
    alert.due_on = rules.due_on(Severity(alert.severity), as_of=today)
    alert.is_waiting, alert.held_back_on = True, None
    alert.seen = {
        "severity": alert.severity,
        "codes": sorted(fact["code"] for fact in alert.facts),
        "until": alert.until.isoformat() if alert.until else None,
    }
    alert.version += 1
