"""A QBR with its facts, revisions and what is known of its publishing (SPEC 6)."""

import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.db import models
from django.utils import timezone

from accounts.models import Account
from csm_portal.core.models import Job, User
from csm_portal.core.scope import TenantManager, TenantModel
from qbr.editor_models import Remark as Remark
from qbr.editor_models import Thread as Thread
from qbr.editor_models import WorkingCopy as WorkingCopy
from qbr.modes import Mode
from qbr.querysets import QBRQuerySet
from qbr.review_models import Deputy as Deputy
from qbr.review_models import DraftFate as DraftFate
from qbr.review_models import ReviewReminder as ReviewReminder

QBRManager = TenantManager.from_queryset(QBRQuerySet)


class Origin(StrEnum):
    """Why a QBR was begun (SPEC 6.4)."""

    ON_DEMAND = "on_demand"
    QUARTERLY = "quarterly"
    RENEWAL = "renewal"


class QBR(TenantModel):
    """One account's review of one quarter. States and who may move it: ``qbr.workflow``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="qbrs")
    quarter_start = models.DateField()
    quarter_end = models.DateField()
    quarter_label = models.CharField(max_length=10)
    state = models.CharField(max_length=12)
    origin = models.CharField(
        max_length=10, default=Origin.ON_DEMAND, choices=[(o.value, o.value) for o in Origin]
    )
    renewal_on = models.DateField(null=True)
    # The local day by which it is to be published (``qbr.deadlines``); a manager may move it.
    due_on = models.DateField(null=True)
    mode = models.CharField(max_length=7, default=Mode.FULL.value, choices=[(m.value, m.value) for m in Mode])
    # Whoever asked for the draft; nobody for a scheduled one.
    requested_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    # Raised by each change; a page that was opened on an older one is told so, with both texts.
    version = models.PositiveIntegerField(default=0)
    submitted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_hash = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True)
    published_hash = models.CharField(max_length=64, blank=True)
    notion_page_id = models.CharField(max_length=36, blank=True)
    notion_url = models.URLField(max_length=500, blank=True)
    draft_job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    publish_job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="+")
    # What went wrong last while drafting or publishing, as a sentence; empty when nothing did.
    trouble = models.TextField(blank=True)

    objects = QBRManager()  # type: ignore[misc]

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["account", "quarter_start"], name="one_qbr_per_account_and_quarter"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "-updated_at"]),
            models.Index(fields=["tenant", "-updated_at", "id"]),
            models.Index(fields=["tenant", "quarter_start", "state"], name="reviews_of_a_quarter"),
        ]

    def __str__(self) -> str:
        # Named by its account where that is loaded, as it is wherever a review is written about; never a query.
        account = self._state.fields_cache.get("account")
        name = f"{self.quarter_label} QBR"
        return name if account is None else f"{account}, {name}"

    @property
    def key(self) -> str:
        """The text under which the page is looked for in Notion before it is created (SPEC 2.6)."""
        return f"csm-portal:{self.pk}"


class QBRFact(TenantModel):
    """One frozen fact of a QBR: value, unit, period, source and age."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey(QBR, on_delete=models.CASCADE, related_name="facts")
    # Facts are frozen with a draft; refreshing them on purpose starts the next edition.
    edition = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    fact_id = models.CharField(max_length=100)
    data = models.JSONField()

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["qbr", "edition", "fact_id"], name="one_fact_per_id_and_edition"),
        ]

    def __str__(self) -> str:
        return self.fact_id


TEMPLATES: Final = "templates"
"""Under which name the portal's own sentences are kept as an author."""


def written_by(author_name: str, stand_ins: Mapping[str, str]) -> str:
    """Name who wrote a draft in which the templates wrote the sections of ``stand_ins``."""
    is_mixed = stand_ins and author_name != TEMPLATES
    return f"{author_name} and the {TEMPLATES}" if is_mixed else author_name


class RevisionKind(StrEnum):
    DRAFT = "draft"
    EDIT = "edit"
    VOUCH = "vouch"
    RESTORE = "restore"
    REFRESH = "refresh"


class QBRRevision(TenantModel):
    """One version of a QBR's content, by a person or by the model by name; never changed once written."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey(QBR, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=[(k.value, k.value) for k in RevisionKind])
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    fact_edition = models.PositiveSmallIntegerField(default=1)
    author = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=500, blank=True)
    # A sentence for each section that the templates wrote in a model's place, for as long as nobody changes its words.
    stand_ins = models.JSONField(default=dict)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["qbr", "number"], name="one_revision_per_number")]

    def __str__(self) -> str:
        return f"Revision {self.number}"

    @property
    def written_by(self) -> str:
        """Name whoever wrote it: a person, a model, the templates, or a model together with the templates."""
        return self.author_name if self.author_id else written_by(self.author_name, self.stand_ins)


class Vouch(TenantModel):
    """A person's word for a figure that could not be traced, in the sentence it stood in (SPEC 6.3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey(QBR, on_delete=models.CASCADE, related_name="vouches")
    section = models.CharField(max_length=40)
    text = models.TextField()
    sentence = models.TextField()
    # The hash of the three above (``qbr.vouching``): what the word is given for, and nothing else.
    claim = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["qbr", "claim"], name="one_vouch_per_claim")]

    def __str__(self) -> str:
        return f"“{self.text}”"


class Transition(TenantModel):
    """One step of a QBR through its states: who, when and what they said."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey(QBR, on_delete=models.CASCADE, related_name="transitions")
    action = models.CharField(max_length=20)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12)
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=200)
    comment = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)
    # The version that the step led to: the order of the steps, also of those of one moment.
    version = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["qbr", "version"], name="one_transition_per_version")]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name}"


class PublishStep(StrEnum):
    """How far a publication got; each is written down before the call outside that follows it."""

    INTENDED = "intended"
    CREATING = "creating"
    CREATED = "created"
    # What goes from the page is decided and written down; nothing of this version stands yet.
    CLEARING = "clearing"
    WRITING = "writing"
    BODY_DONE = "body_done"
    READY = "ready"


class PublishEnd(StrEnum):
    """How a publication that is over ended."""

    PUBLISHED = "published"
    FAILED = "failed"
    # The page is not as the portal left it: it stays as it is until somebody says what is to become of it.
    CHANGED_IN_NOTION = "changed"


class Answer(StrEnum):
    """What a person decided about a page that is not as the portal left it."""

    KEEP = "keep"
    BESIDE = "beside"
    OVERWRITE = "overwrite"
    NEW_PAGE = "new_page"


class Publication(TenantModel):
    """The journal of one publication: the intent before each call, the outcome after (SPEC 2.6)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey(QBR, on_delete=models.PROTECT, related_name="publications")
    revision = models.ForeignKey(QBRRevision, on_delete=models.PROTECT, related_name="+")
    content_hash = models.CharField(max_length=64)
    key = models.CharField(max_length=100)
    # The how-manieth approved text of this review, and the lines that stand around it on the page: fixed when
    # it is asked for, since what is read back has to be what was meant to be written.
    version = models.PositiveSmallIntegerField(default=1)
    heading = models.CharField(max_length=200, blank=True)
    stamp = models.TextField(blank=True)
    step = models.CharField(
        max_length=10, default=PublishStep.INTENDED, choices=[(s.value, s.value) for s in PublishStep]
    )
    page_id = models.CharField(max_length=36, blank=True)
    page_url = models.URLField(max_length=500, blank=True)
    # Of the blocks on the page: those of this version, those that are left alone, and those that are to go, each
    # of the last with what it held when that was decided.
    block_ids = models.JSONField(default=list)
    kept_ids = models.JSONField(default=list)
    doomed = models.JSONField(default=dict)
    # Names of properties that a person set and that stay as they are.
    kept_properties = models.JSONField(default=list)
    # A write that is under way, or whose answer left open whether it was done.
    sent = models.CharField(max_length=10, blank=True)
    sent_at = models.DateTimeField(null=True)
    # What was read back when the page was complete (``qbr.standing``): what later changes are told from.
    standing = models.JSONField(default=dict)
    # What was found instead of that, for a person to decide on; and what this publication does about it.
    question = models.JSONField(default=dict)
    answer = models.CharField(max_length=9, blank=True, choices=[(a.value, a.value) for a in Answer])
    answers = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    # How often in a row it was put off because of something that may pass, and until when.
    retries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=9, blank=True, choices=[(e.value, e.value) for e in PublishEnd])
    # Counted at the start of each run: one that was thought dead and is not can tell that it was overtaken.
    runs = models.PositiveSmallIntegerField(default=0)
    # The review's version when it was asked for: the order of its publications, also of those of one moment.
    qbr_version = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["qbr"], condition=models.Q(finished_at=None), name="one_open_publication_per_qbr"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.key}"


class Outcome(StrEnum):
    """What became of a commitment; none is said before a person says it."""

    KEPT = "kept"
    NOT_KEPT = "not kept"
    DROPPED = "dropped"


class Commitment(TenantModel):
    """A next step that a published review agreed on; the next review scores it first (SPEC 6.1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey(QBR, on_delete=models.CASCADE, related_name="commitments")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()
    owner_name = models.CharField(max_length=300, blank=True)
    due_on = models.DateField(null=True)
    outcome = models.CharField(max_length=8, blank=True, choices=[(o.value, o.value) for o in Outcome])
    settled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["qbr", "position"], name="one_commitment_per_position")
        ]

    def __str__(self) -> str:
        return self.text[:300]


class SlideTemplate(TenantModel):
    """The presentation that a company's slides are made from; without one the portal's own is used."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.BinaryField()
    name = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["tenant"], name="one_slide_template_per_tenant")]

    def __str__(self) -> str:
        return self.name
