"""What the rules said about an account's risk of leaving, and on what facts."""

from django.db import models

from accounts.models.account import Account
from accounts.models.health import HealthScore
from csm_portal.core import keys
from csm_portal.core.scope import TenantModel


class ChurnAssessment(TenantModel):
    """The churn risk of an account on a local day (SPEC 4.1)."""

    id = models.UUIDField(primary_key=True, default=keys.ordered, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="churn_assessments", db_index=False
    )
    score = models.ForeignKey(HealthScore, on_delete=models.PROTECT, related_name="+", db_index=False)
    assessed_on = models.DateField()
    assessed_at = models.DateTimeField()
    level = models.CharField(max_length=8)
    trigger = models.CharField(max_length=20, blank=True)
    # The dated facts that fired, in words, heaviest first.
    facts = models.JSONField(default=list)
    narrative = models.TextField(blank=True)
    actions = models.JSONField(default=list)
    written_by = models.CharField(max_length=100, default="templates")
    until = models.DateField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["account", "assessed_on"], name="one_assessment_per_local_day"),
        ]

    def __str__(self) -> str:
        return f"{self.level} on {self.assessed_on}"


class ChurnStory(TenantModel):
    """What a model wrote about an account's risk, with the facts cited by id; shown while ``basis`` is still the case.

    The figures are put in when it is shown. ``narrative`` is empty where no usable answer came: the model is not asked
    again about the same basis, and the page says so.
    """

    id = models.UUIDField(primary_key=True, default=keys.ordered, editable=False)
    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="churn_story")
    # The hash of level, trigger and kinds of facts that it was written about.
    basis = models.CharField(max_length=64)
    narrative = models.TextField(blank=True)
    actions = models.JSONField(default=list)
    written_by = models.CharField(max_length=100)
    facts_checked = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField()
    trouble = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"written by {self.written_by}"
