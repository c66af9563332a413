"""What is done with a customer so that they use what they pay for: a plan an account, in steps (SPEC 4.4)."""

from enum import StrEnum

from django.db import models

from accounts.models.account import Account
from accounts.querysets import PlanQuerySet
from csm_portal.core import keys
from csm_portal.core.models import User
from csm_portal.core.scope import TenantManager, TenantModel

PlanManager = TenantManager.from_queryset(PlanQuerySet)


class PlanState(StrEnum):
    OPEN = "open"
    # Every step is done, or whoever closed it says that it has served.
    FINISHED = "finished"
    # Given up, with the reason.
    DROPPED = "dropped"


class CoachingPlan(TenantModel):
    """One plan of an account; at most one is open. ``scope`` says what its recommendations rest on."""

    id = models.UUIDField(primary_key=True, default=keys.ordered, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="coaching_plans")
    state = models.CharField(
        max_length=8, default=PlanState.OPEN, choices=[(s.value, s.value) for s in PlanState]
    )
    scope = models.TextField(blank=True)
    coached_on = models.DateField()
    created_at = models.DateTimeField()
    # None: an agent asked for it.
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    # The model that wrote the sentences of the steps, and against how many facts they were checked.
    written_by = models.CharField(max_length=100, default="templates")
    facts_checked = models.PositiveSmallIntegerField(default=0)
    # Why the sentences come from templates although a model is set.
    trouble = models.CharField(max_length=500, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed_because = models.CharField(max_length=300, blank=True)

    objects = PlanManager()  # type: ignore[misc]

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="open"), name="one_open_plan_per_account"
            )
        ]
        indexes = [models.Index(fields=["tenant", "state", "-created_at", "-id"])]

    def __str__(self) -> str:
        return f"Coaching plan of {self.coached_on}"


class CoachingStep(TenantModel):
    """One step: what, why, who, until when. Title and why may be read by the customer, the evidence may not."""

    id = models.UUIDField(primary_key=True, default=keys.ordered, editable=False)
    plan = models.ForeignKey(CoachingPlan, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    why = models.TextField(blank=True)
    owner_name = models.CharField(max_length=120, blank=True)
    due_on = models.DateField(null=True)
    # What the rules made it for, empty where a person added it.
    cause = models.CharField(max_length=10, blank=True)
    area = models.CharField(max_length=200, blank=True)
    # [{"signal", "sentence", "on"}]: the dated facts that called for it.
    evidence = models.JSONField(default=list)
    is_edited = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    # Counts what people wrote into it: whoever edits says which they read.
    version = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [
            models.Index(fields=["plan", "position"]),
            # What was done for an account within a quarter.
            models.Index(
                fields=["tenant", "done_at"], condition=models.Q(done_at__isnull=False), name="steps_done"
            ),
        ]

    def __str__(self) -> str:
        return self.title
