"""The transactional outbox: what is to go out is written with the fact that caused it, then delivered."""

import uuid
from enum import StrEnum

from django.db import models
from django.utils import timezone

from csm_portal.core.scope import TenantModel


class OutboxEvent(TenantModel):
    """Something that happened and that others may want to hear of. The embedded event bus is this table."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    subject_name = models.CharField(max_length=300)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["tenant", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.topic}: {self.subject_name}"


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(TenantModel):
    """One event on its way to one channel, retried and shown on its own (SPEC 4.2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=20)
    state = models.CharField(
        max_length=10, default=DeliveryState.PENDING, choices=[(s.value, s.value) for s in DeliveryState]
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    receipt = models.CharField(max_length=300, blank=True)
    last_error = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["event", "channel"], name="one_delivery_per_channel")]
        indexes = [models.Index(fields=["state", "not_before"])]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"
