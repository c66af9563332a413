"""What each sync of the mirror did."""

import uuid
from enum import StrEnum

from django.db import models

from csm_portal.core.models import Job
from csm_portal.core.scope import TenantModel


class SyncState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


class SyncRun(TenantModel):
    """One full scan of the accounts data source, with its counts (SPEC 2.4)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10, default=SyncState.RUNNING, choices=[(s.value, s.value) for s in SyncState]
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    # Moves with each page, so that a run whose process died can be told from one at work.
    heartbeat_at = models.DateTimeField(null=True)
    pages_read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    waited_seconds = models.FloatField(default=0)
    # Whole sentences about the run: mapped properties that are gone, rows that could not be read at all.
    problems = models.JSONField(default=list)
    error = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(state="running"), name="one_running_sync_per_tenant"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-started_at", "-id"])]

    def __str__(self) -> str:
        return f"Sync of {self.started_at:%d %b %Y %H:%M}"

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.failed
