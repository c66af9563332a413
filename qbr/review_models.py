"""What stands around the review of a QBR: who stands in for whom, what was reminded of, how much of a draft stayed."""

import uuid

from django.db import models

from csm_portal.core.models import User
from csm_portal.core.scope import TenantModel
from qbr.deadlines import Call


class Deputy(TenantModel):
    """Who decides on reviews while a manager is away. The days are local and both included."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    manager = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    created_at = models.DateTimeField()
    # Taken back before it was over.
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="deputy_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~models.Q(manager=models.F("deputy")), name="deputy_is_another_person"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "ends_on"], name="deputies_by_end")]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on}"


class ReviewReminder(TenantModel):
    """One reminder of one review, sent once for its due date; a date that was moved is reminded of anew."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey("qbr.QBR", on_delete=models.CASCADE, related_name="reminders")
    call = models.CharField(max_length=7, choices=[(c.value, c.value) for c in Call])
    due_on = models.DateField()
    at = models.DateTimeField()
    # The space heard of it, but no CSM: nobody of the portal looked after the account. Whoever does next is told.
    is_owed = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["qbr", "call", "due_on"], name="one_reminder_per_call_and_date")
        ]

    def __str__(self) -> str:
        return f"{self.call}, due {self.due_on}"


class DraftFate(TenantModel):
    """How much of a section's draft was changed on the way to its approval: 0 nothing, 1 every word."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey("qbr.QBR", on_delete=models.CASCADE, related_name="draft_fates")
    section = models.CharField(max_length=40)
    # Who wrote the draft: a model by name, or the templates.
    author_name = models.CharField(max_length=200)
    words = models.PositiveIntegerField()
    changed = models.FloatField()
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["qbr", "section"], name="one_draft_fate_per_section")]

    def __str__(self) -> str:
        return f"{self.section}: {self.changed:.2f}"
