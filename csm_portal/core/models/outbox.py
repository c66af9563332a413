"""The transactional outbox: what is to go out is written with the fact that caused it, then delivered."""

import uuid
from enum import StrEnum

from django.db import models
from django.utils import timezone

from csm_portal.core.models.jobs import Job
from csm_portal.core.models.people import User
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


class ChannelName(StrEnum):
    """Where a delivery goes (SPEC 4.2)."""

    NOTION = "notion"
    EVENTS = "events"
    MAIL = "mail"
    CHAT = "chat"

    @property
    def label(self) -> str:
        return {"notion": "Notion", "events": "Event bus", "mail": "Gmail draft", "chat": "Chat"}[self.value]


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"  # there was nobody to send it to, and ``last_error`` says what to do


ATTEMPTS = 8


class Delivery(TenantModel):
    """One event on its way to one channel, retried and shown on its own (SPEC 4.2).

    SENDING is written before the call outside, the outcome after it: one that is found SENDING although nobody is at it
    may have arrived (``is_doubtful``), and is looked for before it is sent again. ``may_be_twice`` says that it was sent
    again where the channel can neither be asked nor promises to drop the second.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=20, choices=[(c.value, c.label) for c in ChannelName])
    # What goes out, word for word, as it was when the event happened: each attempt says the same.
    message = models.JSONField(default=dict)
    # What the delivery tells of, for the page of that thing.
    about_id = models.CharField(max_length=64, blank=True)
    # Whom it concerns; a draft goes to their mailbox.
    person = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(
        max_length=10, default=DeliveryState.PENDING, choices=[(s.value, s.value) for s in DeliveryState]
    )
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    attempts_allowed = models.PositiveSmallIntegerField(default=ATTEMPTS)
    not_before = models.DateTimeField(default=timezone.now)
    sending_since = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    is_doubtful = models.BooleanField(default=False)
    may_be_twice = models.BooleanField(default=False)
    receipt = models.CharField(max_length=300, blank=True)
    last_error = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["event", "channel"], name="one_delivery_per_channel")]
        indexes = [
            models.Index(fields=["state", "not_before"]),
            models.Index(fields=["tenant", "about_id"]),
            models.Index(fields=["tenant", "channel", "-created_at", "id"]),
        ]

    def __str__(self) -> str:
        return f"{ChannelName(self.channel).label}: {self.state}"


class ChannelConnection(TenantModel):
    """How a tenant's channel leaves the portal, or that it stays in it. Its secrets are TenantSecrets, never columns."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=20, choices=[(c.value, c.label) for c in ChannelName])
    mode = models.CharField(max_length=20)
    # What is no secret: a client's id, a space's name, the host of an address.
    settings = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["tenant", "channel"], name="one_connection_per_channel")
        ]

    def __str__(self) -> str:
        return ChannelName(self.channel).label
