"""What a person says of an account's health beside the score, never instead of it."""

import uuid

from django.db import models

from accounts.models.account import Account
from csm_portal.core.models import User
from csm_portal.core.scope import TenantModel


class BandOverride(TenantModel):
    """A band that a person stands for, why, and until which local day; the score goes on beside it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="overrides")
    band = models.CharField(max_length=5)
    reason = models.CharField(max_length=500)
    # The last local day on which it holds.
    until = models.DateField()
    # What the score said on the day: the report tells from it whether the person proved right.
    score_then = models.PositiveSmallIntegerField()
    band_then = models.CharField(max_length=7)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(ended_at=None), name="one_open_override_per_account"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.band} until {self.until}"
