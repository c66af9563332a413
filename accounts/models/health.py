"""Scores with their history, the policies they were made under, and the row that lists read."""

import uuid
from typing import Final

from django.db import models
from django.utils import timezone

from accounts.models.account import Account
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.segments import LONGEST_NAME, PolicyBook
from csm_portal.core import keys
from csm_portal.core.models import User
from csm_portal.core.scope import TenantModel

BAND_PLACES: Final = {"Red": 0, "Amber": 200, "Unknown": 400, "Green": 600}
"""Where each effective band begins in ``AccountHealth.worst_first``; the score is added."""


class PolicyVersion(TenantModel):
    """One version of a tenant's thresholds and penalties (SPEC 3.6). The highest number is in force."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField()
    # The standard settings; and in their order the segments that differ from them, each with its rule.
    values = models.JSONField()
    segments = models.JSONField(default=list)
    reason = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["tenant", "number"], name="one_policy_per_number")]

    def __str__(self) -> str:
        return f"Policy {self.number}"

    def book(self) -> PolicyBook:
        """Return the policies of this version."""
        return PolicyBook.from_mapping(self.values, self.segments)


class DraftSource(models.TextChoices):
    """Who wrote a draft."""

    PERSON = "person"
    CALIBRATION = "calibration"


class PolicyDraft(TenantModel):
    """Settings that somebody is still thinking about, or that were fitted: kept, compared, never in force.

    A draft ends when it becomes a version or is thrown away; it is kept after that, for whoever asks where the
    version came from.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    values = models.JSONField()
    segments = models.JSONField(default=list)
    reason = models.CharField(max_length=500, blank=True)
    source = models.CharField(max_length=20, choices=DraftSource.choices, default=DraftSource.PERSON)
    # What a calibration found out about these settings; empty for a person's draft.
    evidence = models.JSONField(default=dict)
    # The version in force when the draft was written last.
    based_on = models.PositiveIntegerField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    became = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+")
    discarded_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["-changed_at", "id"]

    def __str__(self) -> str:
        return self.name

    def book(self) -> PolicyBook:
        """Return the policies of this draft."""
        return PolicyBook.from_mapping(self.values, self.segments)


class HealthScore(TenantModel):
    """One scoring of one account, with all that is needed to do it again (SPEC 3.5)."""

    id = models.UUIDField(primary_key=True, default=keys.ordered, editable=False)
    # Beside the indexes below, one for each key would only make every scan slower.
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="scores", db_index=False)
    scored_on = models.DateField()
    scored_at = models.DateTimeField()
    # A re-run on the same local day is kept beside the first; the last one is the day's.
    is_of_day = models.BooleanField(default=True)
    score = models.PositiveSmallIntegerField()
    computed_band = models.CharField(max_length=7)
    effective_band = models.CharField(max_length=7)
    # The band stands for want of data: what is known today alone would not give it (SPEC 3.3).
    is_last_known = models.BooleanField(default=False)
    band_reason = models.CharField(max_length=1000, blank=True)
    coverage = models.DecimalField(max_digits=4, decimal_places=3)
    previous_score = models.PositiveSmallIntegerField(null=True)
    previous_band = models.CharField(max_length=7, blank=True)
    should_alert = models.BooleanField(default=False)
    inputs = models.JSONField()
    # The last known inputs that the effective band stands on, with the day each was seen (SPEC 3.3); empty
    # where the band stands on this row's own inputs.
    known = models.JSONField(default=dict)
    # Input name -> points, for the inputs that cost something, and the clamp; they sum to 100 − score.
    points = models.JSONField()
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The segment of that version whose rule chose the settings; empty for the standard.
    policy_segment = models.CharField(max_length=LONGEST_NAME, blank=True)
    engine_version = models.CharField(max_length=20)
    arr = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    lifecycle_stage = models.CharField(max_length=200, blank=True)
    renewal_on = models.DateField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["account", "scored_on"],
                condition=models.Q(is_of_day=True),
                name="one_score_per_local_day",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "account", "-scored_on"])]

    def __str__(self) -> str:
        return f"{self.score} on {self.scored_on}"

    def applied(self) -> HealthPolicy:
        """Return the settings that the score was made under. Select the ``policy`` along: it is read here."""
        return self.policy.book().policy(self.policy_segment)


class AccountHealth(TenantModel):
    """What lists show of an account's health: one row each, written by the scan, so that a list joins one row."""

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.CASCADE, related_name="health")
    latest = models.ForeignKey(HealthScore, on_delete=models.PROTECT, related_name="+", db_index=False)
    score = models.PositiveSmallIntegerField()
    computed_band = models.CharField(max_length=7)
    effective_band = models.CharField(max_length=7)
    # The band stands for want of data: what is known today alone would not give it (SPEC 3.3).
    is_last_known = models.BooleanField(default=False)
    band_reason = models.CharField(max_length=1000, blank=True)
    coverage = models.DecimalField(max_digits=4, decimal_places=3)
    previous_score = models.PositiveSmallIntegerField(null=True)
    previous_band = models.CharField(max_length=7, blank=True)
    should_alert = models.BooleanField(default=False)
    scored_on = models.DateField()
    scored_at = models.DateTimeField()
    # [{"signal", "label", "points"}], heaviest first, at most three; points are what it costs.
    drivers = models.JSONField(default=list)
    # The last score of each of the last twelve calendar weeks, oldest first, null where there is none.
    sparkline = models.JSONField(default=list)
    churn_level = models.CharField(max_length=8, blank=True)
    # Low 0 to critical 3, to sort by.
    churn_rank = models.PositiveSmallIntegerField(default=0)
    churn_trigger = models.CharField(max_length=20, blank=True)
    churn_until = models.DateField(null=True)
    # The two orders that no stored column gives, kept by the database itself so that a list can walk an index:
    # worst band first and the lowest score within it, and what the score did since the previous one.
    worst_first = models.GeneratedField(
        expression=models.Case(
            *(
                models.When(effective_band=band, then=BAND_PLACES[band])
                for band in ("Red", "Amber", "Unknown")
            ),
            default=BAND_PLACES["Green"],
            output_field=models.SmallIntegerField(),
        )
        + models.F("score"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    change = models.GeneratedField(
        expression=models.F("score") - models.F("previous_score"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["tenant", "worst_first", "account"]),
            models.Index(fields=["tenant", "change", "account"]),
            models.Index(fields=["tenant", "score", "account"]),
            models.Index(fields=["tenant", "effective_band", "score", "account"]),
            models.Index(fields=["tenant", "-churn_rank", "churn_until", "account"]),
        ]

    def __str__(self) -> str:
        return f"{self.effective_band} {self.score}"
