"""One row per account page of the workspace, and which property feeds which field."""

import uuid
from enum import StrEnum

from django.db import models
from django.utils import timezone

from accounts.querysets import AccountQuerySet
from csm_portal.core.models import User
from csm_portal.core.scope import TenantManager, TenantModel

AccountManager = TenantManager.from_queryset(AccountQuerySet)


class Absence(StrEnum):
    """What is to be done about an account that the last full scan did not bring."""

    # Each is asked for by its id, and removed if it is gone.
    ASK = "ask"
    # A person has to say first whether it may be removed.
    WAITS = "waits"
    # A person decided to keep it as it was last known.
    KEPT = "kept"


class Account(TenantModel):
    """The mirror of one account (SPEC 1, 2.4). Unknown is None, never zero; dates are kept, not ages."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notion_page_id = models.CharField(max_length=36)
    url = models.URLField(max_length=500, blank=True)
    name = models.CharField(max_length=500)
    # Lower-cased name, owner, segment and contacts: the one column that the search box looks into.
    search_text = models.TextField(blank=True)

    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    owner_name = models.CharField(max_length=300, blank=True)
    owner_email = models.CharField(max_length=320, blank=True)
    segment = models.CharField(max_length=200, blank=True)
    lifecycle_stage = models.CharField(max_length=200, blank=True)
    arr = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    renewal_on = models.DateField(null=True)
    notice_on = models.DateField(null=True)
    seats_used = models.PositiveIntegerField(null=True)
    seats_purchased = models.PositiveIntegerField(null=True)
    primary_contacts = models.JSONField(default=list)
    notes = models.TextField(blank=True)
    features_licensed = models.JSONField(null=True)
    features_used = models.JSONField(null=True)
    customer_goals = models.TextField(blank=True)
    # What the workspace says became of the last renewal, in its own word; ``Outcome`` holds what is made of it.
    outcome = models.CharField(max_length=60, blank=True)
    outcome_on = models.DateField(null=True)
    outcome_reason = models.TextField(blank=True)
    # [{"label", "unit", "period", "property", "kind", "value"}]: what the mapped ROI facts hold for this account.
    roi_facts = models.JSONField(default=list)

    feature_adoption_rate = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    support_ticket_volume = models.PositiveIntegerField(null=True)
    support_sentiment = models.CharField(max_length=8, blank=True)
    last_interaction_on = models.DateField(null=True)
    login_frequency_score = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    usage_trend = models.CharField(max_length=9, blank=True)
    payment_current = models.BooleanField(null=True)
    stakeholder_engagement_score = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    nps_score = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    escalation_history_count = models.PositiveIntegerField(null=True)
    tam_health_rag = models.CharField(max_length=5, blank=True)

    # Field name -> ISO time since which the present value stands, as far as the workspace tells: the age shown
    # beside each input.
    changed_at = models.JSONField(default=dict)
    # [{"field", "property", "message"}]: what could not be read at the last sync (SPEC 2.3).
    field_issues = models.JSONField(default=list)
    content_hash = models.CharField(max_length=64, blank=True)
    created_in_notion_at = models.DateTimeField(null=True)
    edited_in_notion_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(default=timezone.now)
    is_archived = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True)
    # Empty while scans bring the account; ``unseen_since`` is the first scan that did not.
    absence = models.CharField(max_length=5, blank=True, choices=[(a.value, a.value) for a in Absence])
    unseen_since = models.DateTimeField(null=True)
    # The effective band and the churn level of the latest score, empty before the first: written by the scan
    # together with AccountHealth, so that the figures over all accounts are read from one index.
    shown_band = models.CharField(max_length=7, blank=True)
    shown_risk = models.CharField(max_length=8, blank=True)

    objects = AccountManager()  # type: ignore[misc]

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["tenant", "notion_page_id"], name="one_account_per_page")
        ]
        indexes = [
            models.Index(fields=["tenant", "name", "id"]),
            # What lists count and sum by. The columns of the condition stand in the index too: without them
            # SQLite looks into each row, ten times slower.
            models.Index(
                fields=[
                    "tenant",
                    "owner",
                    "shown_band",
                    "shown_risk",
                    "currency",
                    "arr",
                    "is_archived",
                    "removed_at",
                ],
                condition=models.Q(is_archived=False, removed_at=None),
                name="accounts_by_owner_and_band",
            ),
            models.Index(
                fields=["tenant", "segment", "is_archived", "removed_at"],
                condition=models.Q(is_archived=False, removed_at=None),
                name="accounts_by_segment",
            ),
            models.Index(
                fields=["tenant", "lifecycle_stage", "is_archived", "removed_at"],
                condition=models.Q(is_archived=False, removed_at=None),
                name="accounts_by_stage",
            ),
            models.Index(fields=["tenant", "renewal_on", "id"]),
            models.Index(fields=["tenant", "-arr", "id"]),
        ]

    def __str__(self) -> str:
        return self.name


class PropertyMapping(TenantModel):
    """Which Notion property feeds which field, by property id so that a rename does not break it (SPEC 2.3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    field = models.CharField(max_length=60)
    property_id = models.CharField(max_length=100)
    property_name = models.CharField(max_length=300)
    property_type = models.CharField(max_length=40)
    # Since when, and why, the property cannot be read for any account; its field keeps its last known values.
    frozen_since = models.DateTimeField(null=True)
    frozen_because = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant", "field"], name="one_property_per_field")]

    def __str__(self) -> str:
        return f"{self.field} ← {self.property_name}"


class ROIFactMapping(TenantModel):
    """A property that an admin named a figure of the customer's return (SPEC 1): what it is called, in what, over what time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=80)
    unit = models.CharField(max_length=30, blank=True)
    period = models.CharField(max_length=60, blank=True)
    property_id = models.CharField(max_length=100)
    property_name = models.CharField(max_length=300)
    property_type = models.CharField(max_length=40)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant", "label"], name="one_roi_fact_per_label")]

    def __str__(self) -> str:
        return f"{self.label} ← {self.property_name}"
