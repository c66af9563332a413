"""What tells the mirror to look sooner than the next full scan: events of the workspace, and how they get here."""

import uuid
from enum import StrEnum

from django.db import models

from accounts.models.sync import SyncRun
from csm_portal.core.scope import TenantModel
from csm_portal.ports.hooks import About


class NotionWatch(TenantModel):
    """How a tenant is told of changes (SPEC 2.4): the address for webhooks, the quick refresh, what they came to.

    The address, the key that events are signed with and a key that waits for an admin are TenantSecrets. Nothing here
    has to be there: without it the daily scan reads everything.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # SHA-256 of the unguessable part of the address: a copy of the database does not tell where to post.
    address_digest = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001  (many tenants have none)
    address_made_at = models.DateTimeField(null=True)
    # Since when events are believed; None as long as no key was accepted.
    accepted_at = models.DateTimeField(null=True)
    # A key that arrived and that no admin has accepted; and since when it was shown, which happens once.
    pending_at = models.DateTimeField(null=True)
    pending_shown_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    refused = models.PositiveIntegerField(default=0)
    last_refused_at = models.DateTimeField(null=True)

    # The author of the portal's own edits, and when the workspace was asked who that is.
    own_id = models.CharField(max_length=36, blank=True)
    own_id_at = models.DateTimeField(null=True)

    is_quick_refresh_on = models.BooleanField(default=False)
    # The mirror holds every edit made before this moment in this data source.
    read_until = models.DateTimeField(null=True)
    read_source_id = models.CharField(max_length=64, blank=True)
    # Since when only a full scan can put the mirror right, and why.
    scan_wanted_at = models.DateTimeField(null=True)
    scan_wanted_because = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_notion_watch_per_tenant")]

    def __str__(self) -> str:
        return "Webhooks and quick refresh"


class HintState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    IGNORED = "ignored"


class Hint(TenantModel):
    """One event of the workspace: something about a page or the data source may have changed.

    It carries no value of the page. The event's id is unique, so that what comes twice counts once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event_id = models.CharField(max_length=64)
    event_type = models.CharField(max_length=60)
    about = models.CharField(max_length=6, choices=[(a.value, a.value) for a in About])
    page_id = models.CharField(max_length=36, blank=True)
    # Where the page stood, or the data source that the event is about; empty where the event does not say.
    source_id = models.CharField(max_length=36, blank=True)
    # Who made the change, and which properties it touched: only kept where it is one author's, for telling own edits.
    author_id = models.CharField(max_length=36, blank=True)
    property_ids = models.JSONField(default=list)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    state = models.CharField(
        max_length=7, default=HintState.PENDING, choices=[(s.value, s.value) for s in HintState]
    )
    settled_at = models.DateTimeField(null=True)
    # What was made of it, as a sentence.
    note = models.CharField(max_length=200, blank=True)
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant", "event_id"], name="one_hint_per_event")]
        indexes = [
            models.Index(fields=["tenant", "state", "received_at", "id"]),
            models.Index(fields=["tenant", "-received_at", "-id"]),
        ]

    def __str__(self) -> str:
        return self.event_type
