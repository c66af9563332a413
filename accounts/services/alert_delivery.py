"""Hands an alert over to the channels that tell people of it (SPEC 4.2)."""

from datetime import datetime
from typing import Final

from accounts.models import Alert
from csm_portal.core import outbox

ALERT_RAISED: Final = "alert.raised"


def hand_over(alert: Alert, *, now: datetime) -> None:
    """Put an alert that took one of the day's places into the outbox. Call it in the transaction that took the place.

    The alert comes with its account and the account's owner loaded.
    """
    outbox.announce(
        ALERT_RAISED,
        alert.account,
        payload={
            "alert_id": str(alert.pk),
            "reason": alert.reason,
            "severity": alert.severity,
            "headline": alert.headline,
            "facts": alert.facts,
            "action": alert.action,
            "urgency": int(alert.urgency),
            "until": alert.until.isoformat() if alert.until else None,
            "due_on": alert.due_on.isoformat(),
            "reopened_because": alert.reopened_because or None,
        },
        now=now,
    )
