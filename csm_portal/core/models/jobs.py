"""Jobs of our own under every queued task, and the slots of the schedule (ARCHITECTURE, decision 7)."""

import uuid
from enum import StrEnum

from django.db import models
from django.utils import timezone

from csm_portal.core.models.people import User
from csm_portal.core.scope import TenantModel


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    QUARANTINED = "quarantined"

    @property
    def is_over(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


class Job(TenantModel):
    """One piece of work in the background: attempts, progress and outcome, kept whatever the queue forgets."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    params = models.JSONField(default=dict)
    state = models.CharField(
        max_length=12, default=JobState.QUEUED, choices=[(s.value, s.value) for s in JobState]
    )
    # While a job with a key is queued or running, asking for the same again gives back that job.
    key = models.CharField(max_length=200, blank=True)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    enqueued_at = models.DateTimeField(default=timezone.now)
    # A job that was put off waits outside the queue until then.
    due_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True)
    progress_message = models.CharField(max_length=300, blank=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                condition=~models.Q(key="") & models.Q(state__in=["queued", "running"]),
                name="one_active_job_per_key",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"]),
            models.Index(fields=["state", "heartbeat_at"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_over(self) -> bool:
        return JobState(self.state).is_over


class SlotState(StrEnum):
    CLAIMED = "claimed"
    MISSED = "missed"


class ScheduleSlot(TenantModel):
    """One planned run: unique per tenant, job and local date, so that none runs twice (SPEC 7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    local_date = models.DateField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in SlotState])
    claimed_at = models.DateTimeField()
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "name", "local_date"], name="one_slot_per_job_and_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.local_date}"
