"""What the portal writes about an account into the workspace: two figures on its page, and its CSM Profile."""

import uuid
from enum import StrEnum

from django.db import models

from accounts.models.account import Account
from csm_portal.core.models import Job, User
from csm_portal.core.scope import TenantModel


class FiguresInNotion(TenantModel):
    """Score and churn risk on the page of an account, from its first alert on (SPEC 2.5a)."""

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.CASCADE, related_name="figures_in_notion"
    )
    # The first alert: the moment from which the page carries the figures.
    alerted_at = models.DateTimeField()
    # What the portal wrote last.
    score = models.PositiveSmallIntegerField(null=True)
    risk = models.CharField(max_length=8, blank=True)
    written_at = models.DateTimeField(null=True)
    # What stands on the page as far as is known, {"score": "42", "risk": "high"}: what was written, or what a later
    # sync read there. Null while nobody has looked.
    held = models.JSONField(null=True)
    # The page's last edit by our own write, and by whom: a hint about it is no news.
    page_edited_at = models.DateTimeField(null=True)
    page_edited_by = models.CharField(max_length=36, blank=True)
    trouble = models.TextField(blank=True)
    tried_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"Figures of {self.account_id}"


class WriteState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    # Some accounts could not be written, or a property is missing.
    PARTIAL = "partial"
    # The workspace could not be reached; the next scan goes on.
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class FiguresRun(TenantModel):
    """One round of bringing the figures up to date: a job of several steps, one row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=11, default=WriteState.RUNNING)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    steps = models.PositiveIntegerField(default=0)
    wanted = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # Values that a person had put there and that the portal's own replaced.
    overruled = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    waited_seconds = models.FloatField(default=0)
    problems = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(state="running"), name="one_running_figures_run"
            )
        ]
        indexes = [models.Index(fields=["tenant", "-started_at"])]

    def __str__(self) -> str:
        return f"Figures written {self.started_at:%Y-%m-%d %H:%M}"


class WrittenFigures(TenantModel):
    """One write: what the page of an account said before and says since."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(FiguresRun, on_delete=models.PROTECT, related_name="writes")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    # As FiguresInNotion.held; ``after`` has only what was written.
    before = models.JSONField(null=True)
    after = models.JSONField()
    overruled = models.BooleanField(default=False)
    written_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["tenant", "account", "-written_at"])]

    def __str__(self) -> str:
        return f"{self.after} at {self.written_at:%Y-%m-%d %H:%M}"


class ProfileState(StrEnum):
    # Asked for; nothing is known of a page yet.
    WANTED = "wanted"
    # The call that makes the page is about to leave, or its answer never came.
    CREATING = "creating"
    # The page stands; its blocks are being brought up to date.
    WRITING = "writing"
    WRITTEN = "written"
    # The page is in the trash, gone, or no longer this account's. A person says whether it is made anew.
    LOST = "lost"


class CSMProfile(TenantModel):
    """The CSM Profile under an account's page: which page it is, and which of its blocks are ours (SPEC 2.7)."""

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.CASCADE, related_name="csm_profile"
    )
    state = models.CharField(max_length=8, default=ProfileState.WANTED)
    page_id = models.CharField(max_length=36, blank=True)
    page_url = models.URLField(max_length=500, blank=True)
    # [{"id", "digest"}] of the blocks that the portal wrote, and "next": the digest that a call under way gives it.
    blocks = models.JSONField(default=list)
    # {"after": block id or null, "digests": [...]} of an append under way.
    appending = models.JSONField(null=True)
    # The facts that the page tells, and the day as of which it tells their ages.
    facts_hash = models.CharField(max_length=64, blank=True)
    as_of = models.DateField(null=True)
    written_at = models.DateTimeField(null=True)
    # How many blocks of the portal's a person has made their own by writing into them.
    handed_over = models.PositiveIntegerField(default=0)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    # Grows with each run, so that one that was overtaken writes nothing more.
    runs = models.PositiveIntegerField(default=0)
    trouble = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"CSM Profile of {self.account_id}"
