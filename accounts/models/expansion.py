"""Where accounts could grow, what Sales made of it, and what things cost."""

import uuid

from django.db import models
from django.db.models import Q

from accounts.models.account import Account
from accounts.querysets import OpportunityQuerySet
from accounts.scoring.expansion import Confidence, OpportunityType
from accounts.scoring.expansion_sizing import Basis, Period, PriceKind
from accounts.scoring.expansion_states import ENDED, OpportunityState
from csm_portal.core.models import Job, User
from csm_portal.core.scope import TenantManager, TenantModel

OpportunityManager = TenantManager.from_queryset(OpportunityQuerySet)

A_DAY = 5
"""So many are found by scans, and handed over without a person, a tenant and local day (SPEC 4.3)."""


class Opportunity(TenantModel):
    """One way in which one account could grow, from the scan that found it to what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="opportunities")
    kind = models.CharField(max_length=21, choices=[(k.value, k.value) for k in OpportunityType])
    state = models.CharField(
        max_length=10, default=OpportunityState.FOUND, choices=[(s.value, s.value) for s in OpportunityState]
    )
    # What the last scan found. ``subject`` names the product, ``seats`` how many more would be bought.
    confidence = models.CharField(max_length=6, choices=[(c.value, c.value) for c in Confidence])
    headline = models.CharField(max_length=400)
    subject = models.CharField(max_length=200, blank=True)
    seats = models.PositiveIntegerField(default=0)
    # [{"code", "sentence", "on"}]
    evidence = models.JSONField(default=list)
    # What it is worth a year in the account's currency, None where nothing sizes it; and how that came about.
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True)
    arithmetic = models.CharField(max_length=600, blank=True)
    talk_track = models.TextField()
    # What a talk track may cite, by id: {"label", "shown"}; and a model's words with the ids still in them, so that the
    # figures in it are those of today.
    facts = models.JSONField(default=dict)
    talk_prose = models.TextField(blank=True)
    # "templates", or the model by name; why it is the template's where a model was asked.
    talk_track_by = models.CharField(max_length=120, default="templates")
    talk_track_note = models.CharField(max_length=300, blank=True)
    # What an answer saw: {"confidence", "measure"}. While it is the same, the same is not proposed again.
    seen = models.JSONField(default=dict)
    # Why nobody may offer the account anything at the moment; empty where nothing speaks against it.
    barred_because = models.CharField(max_length=300, blank=True)
    # Why it was found although it had been turned down before.
    news = models.CharField(max_length=300, blank=True)
    found_on = models.DateField()
    found_at = models.DateTimeField()
    checked_on = models.DateField()

    # Who brought it into its state, when, and what they said.
    state_at = models.DateTimeField()
    state_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    # Word for word what Sales was handed, kept as it was then.
    handoff = models.JSONField(default=dict)
    dispatched_at = models.DateTimeField(null=True)
    dispatched_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(null=True)
    # Who in Sales is at it.
    taken_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    won_amount = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    won_currency = models.CharField(max_length=3, blank=True)
    ended_at = models.DateTimeField(null=True)
    # Goes up with each change of the state: two people cannot both win.
    version = models.PositiveIntegerField(default=1)
    talk_job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = OpportunityManager()  # type: ignore[misc]

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"],
                condition=Q(ended_at=None),
                name="one_open_opportunity_per_account_and_type",
            ),
            models.CheckConstraint(
                condition=(Q(ended_at=None) & ~Q(state__in=sorted(ENDED)))
                | (Q(ended_at__isnull=False) & Q(state__in=sorted(ENDED))),
                name="ended_opportunities_have_an_end",
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gt=0), name="opportunities_are_unsized_not_nought"
            ),
            models.CheckConstraint(
                condition=~Q(state=OpportunityState.WON) | (Q(won_amount__gt=0) & ~Q(won_currency="")),
                name="won_opportunities_have_an_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "-state_at", "id"]),
            models.Index(fields=["account", "kind", "-ended_at"]),
        ]

    def __str__(self) -> str:
        return self.headline


class PlacePurpose(models.TextChoices):
    """What one of the day's places was taken for."""

    FOUND = "found"
    HANDED_OVER = "handed_over"


class OpportunityPlace(TenantModel):
    """One of the day's places: the database itself holds the cap (SPEC 4.3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    local_date = models.DateField()
    purpose = models.CharField(max_length=11, choices=PlacePurpose.choices)
    number = models.PositiveSmallIntegerField()
    opportunity = models.ForeignKey(Opportunity, on_delete=models.PROTECT, related_name="places")
    taken_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "local_date", "purpose", "number"], name="one_opportunity_per_place"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=A_DAY), name="five_opportunity_places_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.local_date}"


class PriceItem(TenantModel):
    """One line of the tenant's price list: what a seat, a module or an integration costs in one currency."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=11, choices=[(k.value, k.value) for k in PriceKind])
    # Empty for seats; ``name_key`` is the name as it is compared with the features that Notion lists.
    name = models.CharField(max_length=200, blank=True)
    name_key = models.CharField(max_length=200, blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    period = models.CharField(max_length=5, choices=[(p.value, p.value) for p in Period])
    basis = models.CharField(max_length=7, choices=[(b.value, b.value) for b in Basis])
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["kind", "name_key", "currency", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "name_key", "currency"], name="one_price_per_thing_and_currency"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="prices_are_more_than_nought"),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'Seat'} in {self.currency}"
