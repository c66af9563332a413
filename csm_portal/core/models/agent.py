"""What the agent was asked to do and what came of it, and the keys by which other agents ask (SPEC 5)."""

import uuid
from enum import StrEnum

from django.db import models
from django.utils import timezone

from csm_portal.core import keys
from csm_portal.core.models.jobs import Job
from csm_portal.core.models.people import User
from csm_portal.core.scope import TenantModel


class AgentKey(TenantModel):
    """What another agent shows instead of a password. Of the key itself only a hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    # The part of the key by which its row is found; the rest is the secret, and stands in the digest alone.
    public = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    task_types = models.JSONField(default=list)
    per_minute = models.PositiveSmallIntegerField(default=60)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    last_used_at = models.DateTimeField(null=True)
    # How often it was used in the minute that began then.
    minute = models.DateTimeField(null=True)
    used_in_minute = models.PositiveIntegerField(default=0)
    # The same for looking: what there is to ask for, and what came of a run.
    reads_minute = models.DateTimeField(null=True)
    reads_in_minute = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["tenant", "-created_at", "id"])]

    def __str__(self) -> str:
        return self.name


class RunOrigin(StrEnum):
    """Who asked for a run."""

    PERSON = "person"
    KEY = "key"
    SCHEDULE = "schedule"
    COMMAND = "command"
    PROGRAM = "program"  # code of this installation, such as a graph in a shell

    @property
    def label(self) -> str:
        return {"key": "Agent key", "program": "Program"}.get(self.value, self.value.capitalize())


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    REFUSED = "refused"  # there was nothing to do, or it may not be done
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        return self not in (RunState.QUEUED, RunState.RUNNING)


class AgentRun(TenantModel):
    """One task that the agent was given: who asked, how long it took, what it cost, what came of it."""

    id = models.UUIDField(primary_key=True, default=keys.ordered, editable=False)
    task_type = models.CharField(max_length=40)
    # The task as it was given and checked; ids and words of the portal's own, no customer's text.
    task = models.JSONField(default=dict)
    # What the task named and what that is called here; empty where it is about all accounts.
    account_ref = models.CharField(max_length=64, blank=True)
    account_name = models.CharField(max_length=300, blank=True)
    origin = models.CharField(max_length=10, choices=[(o.value, o.label) for o in RunOrigin])
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    key = models.ForeignKey(AgentKey, null=True, on_delete=models.PROTECT, related_name="runs")
    caller_name = models.CharField(max_length=200)
    state = models.CharField(
        max_length=8, default=RunState.QUEUED, choices=[(s.value, s.value) for s in RunState]
    )
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # The calls of a model that were made for it; None where nobody counted.
    model_calls = models.PositiveIntegerField(null=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    # The same task under the same idempotency key is done once; the hash tells a different body.
    # Whether the caller was answered with an address to poll: whoever asks again is answered alike.
    is_queued = models.BooleanField(default=False)
    idempotency_key = models.CharField(max_length=200, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["key", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="one_run_per_idempotency_key",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-asked_at", "-id"]),
            models.Index(fields=["tenant", "task_type", "-asked_at", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.task_type}: {self.state}"

    @property
    def is_over(self) -> bool:
        return RunState(self.state).is_over
