"""What other currencies are worth in the tenant's own, as an admin said it (SPEC 1)."""

import uuid

from django.db import models
from django.db.models import Q

from csm_portal.core.models import User
from csm_portal.core.scope import TenantModel


class ExchangeRate(TenantModel):
    """So many units of the tenant's currency for one unit of ``currency``. One that was replaced stays, with its end."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=18, decimal_places=8)
    # The day that the rate is of, and where it was taken from.
    as_of = models.DateField()
    source = models.CharField(max_length=200)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "currency"], condition=Q(ended_at=None), name="one_rate_per_currency"
            ),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rates_are_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.rate.normalize():f}"
