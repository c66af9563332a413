"""What became of accounts: renewed or left, when and why; and what past scores were worth, held against it."""

import uuid

from django.db import models

from accounts.models.account import Account
from accounts.models.health import PolicyDraft
from csm_portal.core.models import User
from csm_portal.core.scope import TenantModel


class OutcomeKind(models.TextChoices):
    """How a renewal was decided."""

    RENEWED = "renewed"
    CHURNED = "churned"


class OutcomeImport(TenantModel):
    """One file of outcomes that somebody took in, or what a sync read of them (``imported_by`` None). ``problems`` are the sentences about rows that were left out.

    ``before`` is what was known where the file said something else, so that it can be taken back:
    [{"account", "on", "kind", "reason", "source"}].
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file_name = models.CharField(max_length=200)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    before = models.JSONField(default=list)
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["-imported_at", "-id"]

    def __str__(self) -> str:
        return self.file_name


class Outcome(TenantModel):
    """What became of one account on one day: it renewed, or it left."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="outcomes")
    kind = models.CharField(max_length=7, choices=OutcomeKind.choices)
    happened_on = models.DateField()
    reason = models.CharField(max_length=500, blank=True)
    # The file, or the sync, that said it last.
    source = models.ForeignKey(OutcomeImport, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["account", "happened_on"], name="one_outcome_per_account_and_day")
        ]
        indexes = [models.Index(fields=["tenant", "-happened_on", "account"])]

    def __str__(self) -> str:
        return f"{self.kind} on {self.happened_on}"


class ReportKind(models.TextChoices):
    """What was asked of the history."""

    BACKTEST = "backtest"
    CALIBRATION = "calibration"


class HistoryReport(TenantModel):
    """What the score's history came to when it was held against the outcomes; made by a job, read by a page."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=11, choices=ReportKind.choices)
    figures = models.JSONField()
    policy_number = models.PositiveIntegerField()
    # The policy that a calibration proposes, where it proposes one.
    draft = models.ForeignKey(PolicyDraft, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["-made_at", "-id"]
        indexes = [models.Index(fields=["tenant", "kind", "-made_at"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.made_at:%Y-%m-%d}"
