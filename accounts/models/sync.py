"""What each sync of the mirror did."""

import uuid
from enum import StrEnum

from django.db import models

from csm_portal.core.models import Job, User
from csm_portal.core.scope import TenantModel


class SyncState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    # Too many accounts did not come for the portal to decide by itself (SPEC 2.4).
    ASKS = "asks"


class SyncKind(StrEnum):
    FULL = "full"
    QUICK = "quick"
    PAGES = "pages"


class Answer(StrEnum):
    """What a person says about accounts that the workspace no longer shows."""

    REMOVE = "remove"
    KEEP = "keep"


class SyncRun(TenantModel):
    """One sync of the mirror, with its counts: a full scan, or a refresh of some pages (SPEC 2.4)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=5, default=SyncKind.FULL, choices=[(k.value, k.value) for k in SyncKind]
    )
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
    # How many accounts did not come, of how many that the mirror knows; and what a person said, where it asked.
    missing = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    answer = models.CharField(max_length=6, blank=True, choices=[(a.value, a.value) for a in Answer])
    answered_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)

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
    def question(self) -> str:
        """What the run asks a person, as a sentence; empty where it asks nothing, or not any more."""
        if self.state != SyncState.ASKS:
            return ""
        return (
            f"{self.missing:,} of {self.known:,} accounts did not come. None is removed before somebody says on the "
            "page of this sync whether they may be."
        )

    @property
    def rows(self) -> int:
        return self.created + self.updated + self.unchanged + self.failed
