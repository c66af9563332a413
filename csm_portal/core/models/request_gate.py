"""The request budget of a token, kept by all processes of an installation together (SPEC 2.4)."""

from django.db import models


class RequestGate(models.Model):
    """One token's gate. Times are seconds since 1970 on the database's clock.

    It belongs to the token and so to no tenant: two tenants that use the same token share its budget. The token itself
    is not kept (SPEC 10.3). Read and written by ``core.request_gate`` only.
    """

    fingerprint = models.CharField(max_length=64, primary_key=True)
    held_until = models.FloatField(default=0)
    # When it was last asked: a clock that stands before that was set back.
    seen_at = models.FloatField(default=0)

    def __str__(self) -> str:
        return self.fingerprint[:8]


class RequestAdmission(models.Model):
    """One request that left, or will: its place in the window. Gone as soon as it is older than the window."""

    id = models.BigAutoField(primary_key=True)
    gate = models.ForeignKey(RequestGate, on_delete=models.CASCADE, related_name="+", db_index=False)
    leaves_at = models.FloatField()
    # What its caller takes the budget to be: where two differ, the smaller one holds for both.
    budget = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["gate", "leaves_at"], name="admissions_in_order")]

    def __str__(self) -> str:
        return f"{self.leaves_at:.3f}"
