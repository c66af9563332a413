"""Writes outbox rows: call it in the transaction that did what the event tells of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models

from csm_portal.core.models import OutboxEvent


def announce(topic: str, subject: models.Model, *, payload: Mapping[str, Any], now: datetime) -> OutboxEvent:
    """Put an event into the outbox. ``topic`` is ``noun.past``; the payload holds JSON values, no secrets."""
    return OutboxEvent.objects.create(
        topic=topic,
        subject_id=str(subject.pk),
        subject_name=str(subject)[:300],
        payload=dict(payload),
        created_at=now,
    )
