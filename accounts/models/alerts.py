"""What somebody must hear of, what became of it, and which of them went out on a day."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models.account import Account
from accounts.querysets import AlertQuerySet
from accounts.scoring.alert_states import LIVE, AlertState
from accounts.scoring.alerts import Reason, Severity
from csm_portal.core.models import User
from csm_portal.core.scope import TenantManager, TenantModel

AlertManager = TenantManager.from_queryset(AlertQuerySet)

A_DAY = 5
"""So many alerts go out a tenant and local day, re-runs and single-account scans included (SPEC 4.2)."""


class Alert(TenantModel):
    """One cause at one account, from the scan that found it to the scan that finds it gone (``ended_at``).

    A resolved alert whose cause lasts has not ended: it is what keeps the same story from being told again, and it
    opens again when the story grows worse.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="alerts")
    reason = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Reason])
    state = models.CharField(
        max_length=12, default=AlertState.OPEN, choices=[(s.value, s.value) for s in AlertState]
    )
    # What the last scan found.
    severity = models.CharField(max_length=8, choices=[(s.value, s.value) for s in Severity])
    headline = models.CharField(max_length=400)
    # [{"code", "kind", "sentence", "on"}], as an assessment stores them.
    facts = models.JSONField(default=list)
    action = models.CharField(max_length=300, blank=True)
    until = models.DateField(null=True)
    # ARR × severity × nearness of renewal, and the factors; an ARR that nobody knows is the usual one.
    urgency = models.DecimalField(max_digits=20, decimal_places=0)
    arr = models.DecimalField(max_digits=16, decimal_places=2)
    # The median that it counts as, because nobody knows it, or no rate leads from its currency to the tenant's.
    arr_is_assumed = models.BooleanField(default=False)
    has_no_rate = models.BooleanField(default=False)
    # By what ``arr`` was multiplied to weigh it in the tenant's currency.
    rate = models.DecimalField(max_digits=18, decimal_places=8, null=True)
    currency = models.CharField(max_length=3, blank=True)
    severity_weight = models.PositiveSmallIntegerField()
    nearness = models.PositiveSmallIntegerField()
    checked_on = models.DateField()

    raised_on = models.DateField()
    raised_at = models.DateTimeField()
    # By when somebody should have looked.
    due_on = models.DateField()
    # What was there when somebody last acted, or when it was last told: {"severity", "codes", "until"}.
    seen = models.JSONField(default=dict)
    reopened_at = models.DateTimeField(null=True)
    reopened_because = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=300, blank=True)

    # Who brought it into its state, when, and what they said.
    state_at = models.DateTimeField()
    state_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    # The last local day of the snooze.
    snoozed_until = models.DateField(null=True)
    was_useful = models.BooleanField(null=True)
    # Goes up with each change of the state: two people cannot both win.
    version = models.PositiveIntegerField(default=1)

    # Wants to go out: at the next scan it competes for one of the day's places.
    is_waiting = models.BooleanField(default=True)
    held_back_on = models.DateField(null=True)
    handed_over_at = models.DateTimeField(null=True)

    objects = AlertManager()  # type: ignore[misc]

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["account", "reason"],
                condition=Q(ended_at=None),
                name="one_alert_per_account_and_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | ~Q(state__in=sorted(LIVE)), name="ended_alerts_are_not_live"
            ),
            models.CheckConstraint(
                condition=~Q(state=AlertState.CLOSED) | Q(ended_at__isnull=False),
                name="closed_alerts_have_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "-urgency", "id"]),
            models.Index(fields=["tenant", "-state_at", "-id"]),
            # What competes for the day's places.
            models.Index(
                fields=["tenant", "-urgency", "id"],
                condition=Q(is_waiting=True, ended_at=None),
                name="alerts_that_wait",
            ),
            models.Index(fields=["account", "reason", "-ended_at"]),
        ]

    def __str__(self) -> str:
        return self.headline


class AlertPlace(TenantModel):
    """One of the day's places, taken by one alert: the database itself holds the cap and one place an account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    local_date = models.DateField()
    number = models.PositiveSmallIntegerField()
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="places")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["tenant", "local_date", "number"], name="one_alert_per_place"),
            models.UniqueConstraint(
                fields=["tenant", "local_date", "account"], name="one_place_per_account_and_day"
            ),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=A_DAY), name="five_places_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.local_date}"


class AlertAct(TenantModel):
    """What one person did with one alert or with many at once, kept so that it can be undone (CHECK 26)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # [{"alert", "version" after the act, "before": {field: value}}]
    entries = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["tenant", "-at"])]

    def __str__(self) -> str:
        return f"{self.action} {len(self.entries)}"
