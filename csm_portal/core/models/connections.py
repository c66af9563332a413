"""How a tenant is connected to the outside: Notion ids, and secrets encrypted at rest."""

import uuid

from django.db import models
from django.utils import timezone

from csm_portal.core.scope import TenantModel


class TenantSecret(TenantModel):
    """One secret of a tenant, encrypted (SPEC 10.3). Read and written by ``core.secrets`` only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=60)
    ciphertext = models.TextField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="one_secret_per_name")]

    def __str__(self) -> str:
        return self.name


class NotionConnection(TenantModel):
    """Where a tenant's accounts and QBRs are (SPEC 2.2). The token is a TenantSecret, never a column here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    accounts_database_id = models.CharField(max_length=300, blank=True)
    accounts_data_source_id = models.CharField(max_length=64, blank=True)
    # The data source whose property ids the mapping holds; those of another one mean nothing there.
    mapped_data_source_id = models.CharField(max_length=64, blank=True)
    qbr_database_id = models.CharField(max_length=300, blank=True)
    requests_per_minute = models.PositiveIntegerField(default=180)
    # Whether the portal keeps score and churn risk on the account pages (SPEC 2.5a).
    writes_figures = models.BooleanField(default=True)
    updated_at = models.DateTimeField(default=timezone.now)
    # What the last set-up check found, as the set-up page shows it; the page itself never asks Notion.
    last_check = models.JSONField(default=dict)
    checked_at = models.DateTimeField(null=True)
    # Settings that were typed and do not count yet: they are tried before they replace what works. Their token is a
    # TenantSecret of its own.
    candidate = models.JSONField(default=dict)
    # The first rows as a mapping reads them, for the set-up page: the stored mapping, or one that is being tried.
    preview = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_notion_connection_per_tenant")]

    def __str__(self) -> str:
        return f"Notion of {self.tenant_id}"
