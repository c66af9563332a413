"""The daily digest: how each person wants it, and which were written."""

import uuid
from datetime import time
from enum import StrEnum

from django.db import models

from csm_portal.core.models import Delivery, User
from csm_portal.core.scope import TenantModel


class DigestChannel(StrEnum):
    """Where a person's digest goes."""

    OFF = "off"
    MAIL = "mail"
    CHAT = "chat"


class DigestChoice(TenantModel):
    """What one person chose: where to, at what local time, on which days. Without a row there is no digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(
        max_length=4, default=DigestChannel.OFF, choices=[(c.value, c.value) for c in DigestChannel]
    )
    at = models.TimeField(default=time(7, 30))
    on_weekends = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.channel} at {self.at:%H:%M}"


class Digest(TenantModel):
    """One person's digest of one local day: the row is written with the outbox, so that there is one at most.

    A day on which there is nothing to say has a row too, and no delivery.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    local_date = models.DateField()
    written_at = models.DateTimeField()
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.PROTECT, related_name="+")
    # How many of what it told: {"new": 3, "due": 2, ...}
    counts = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "person", "local_date"], name="one_digest_per_person_and_day"
            )
        ]

    def __str__(self) -> str:
        return f"Digest of {self.local_date}"
