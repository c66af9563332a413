"""The append-only audit log (SPEC 10.4)."""

import uuid

from django.db import models

from csm_portal.core.models.people import User
from csm_portal.core.scope import TenantModel


class AuditEvent(TenantModel):
    """Who did what to what, when and from where. Database triggers refuse UPDATE and DELETE."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    # A person's row may not be deleted under the log; the name of the day stands beside the key.
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=200)
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.UUIDField(null=True, default=None)
    event_id = models.UUIDField(default=uuid.uuid4, unique=True)

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["tenant", "-at"]),
            models.Index(fields=["tenant", "object_type", "object_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.verb} {self.object_name}"
