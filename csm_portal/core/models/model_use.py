"""What a tenant asks of models, what that cost, and how much it may be (SPEC 8, 10.5)."""

import uuid
from decimal import Decimal
from enum import StrEnum

from django.db import models

from csm_portal.core.models.jobs import Job
from csm_portal.core.models.people import User
from csm_portal.core.scope import TenantModel


class CallOutcome(StrEnum):
    """How one call of a model ended. One that is still ``asked`` after minutes lost its worker."""

    ASKED = "asked"
    ANSWERED = "answered"
    PARTLY = "partly"
    UNUSABLE = "unusable"
    REJECTED = "rejected"
    FAILED = "failed"
    OVER_CAP = "over_cap"

    @property
    def label(self) -> str:
        return {
            "asked": "Waiting",
            "answered": "Used",
            "partly": "Used in part",
            "unusable": "Wrong form",
            "rejected": "Failed the check",
            "failed": "No answer",
            "over_cap": "Not asked: cap reached",
        }[self.value]


USED = (CallOutcome.ANSWERED, CallOutcome.PARTLY)
"""The outcomes of calls of which something was used."""


class ModelCall(TenantModel):
    """One call of a model, written down before it is made. Never the words that went there or came back."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=40)
    model = models.CharField(max_length=200)
    attempt = models.PositiveSmallIntegerField(default=1)
    prompt_hash = models.CharField(max_length=64)
    inputs_hash = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(
        max_length=10, default=CallOutcome.ASKED, choices=[(o.value, o.value) for o in CallOutcome]
    )
    # Why there was no answer, or which part of it was used, as a sentence; nothing that a model or a customer wrote.
    trouble = models.CharField(max_length=300, blank=True)
    # None where the provider did not tell, or where nothing was asked.
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    seconds = models.FloatField(null=True)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    # The run of an agent that it belongs to, and the row that it is about: ``qbr.qbr:<id>``.
    run_id = models.UUIDField(null=True)
    about = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["tenant", "-at", "id"], name="model_calls_by_time"),
            models.Index(fields=["tenant", "about"], name="model_calls_by_subject"),
            models.Index(fields=["tenant", "run_id"], name="model_calls_by_run"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} asked of {self.model}"

    @property
    def outcome_label(self) -> str:
        return CallOutcome(self.outcome).label

    @property
    def tokens(self) -> int:
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)


class ModelAllowance(TenantModel):
    """How much a tenant may ask of models; None is no cap. Without a row the defaults hold.

    Costs are US dollars. The prices, per million tokens, are for models whose price LiteLLM does not know.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    calls_per_day = models.PositiveIntegerField(null=True, default=5_000)
    calls_per_month = models.PositiveIntegerField(null=True, default=50_000)
    tokens_per_day = models.PositiveBigIntegerField(null=True, default=50_000_000)
    tokens_per_month = models.PositiveBigIntegerField(null=True, default=500_000_000)
    cost_per_day = models.DecimalField(max_digits=10, decimal_places=2, null=True, default=Decimal(100))
    cost_per_month = models.DecimalField(max_digits=10, decimal_places=2, null=True, default=Decimal(1_000))
    prompt_price = models.DecimalField(max_digits=10, decimal_places=4, null=True)
    completion_price = models.DecimalField(max_digits=10, decimal_places=4, null=True)
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(null=True)
    updated_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_model_allowance_per_tenant")]

    def __str__(self) -> str:
        return "What may be asked of models"


class Period(StrEnum):
    DAY = "day"
    MONTH = "month"


class ModelUsage(TenantModel):
    """What was asked of models in a local day or month, calls that are on their way included.

    Costs are millionths of a US dollar, whole ones: both databases add them up alike.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.CharField(max_length=5, choices=[(p.value, p.value) for p in Period])
    starts_on = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    cost_micros = models.PositiveBigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "period", "starts_on"], name="one_model_usage_per_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} from {self.starts_on}"
