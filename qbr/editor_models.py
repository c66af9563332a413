"""What people leave beside a review's text: text that is not saved yet, and remarks on passages (``qbr.models`` names them too)."""

import uuid

from django.db import models
from django.utils import timezone

from csm_portal.core.models import User
from csm_portal.core.scope import TenantModel
from qbr.document import HEADINGS, SectionKey

_SECTIONS = [(key.value, HEADINGS[key]) for key in SectionKey]


class WorkingCopy(TenantModel):
    """What a person has typed into a section and not saved as a version: theirs alone, nobody else reads it.

    ``serial`` counts its changes. A window that writes names itself (``tab``) and numbers what it sends
    (``turn``), so that what comes late does not replace what came after it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey("qbr.QBR", on_delete=models.CASCADE, related_name="working_copies")
    section = models.CharField(max_length=40, choices=_SECTIONS)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    # The number of the version that the text was made from.
    base = models.PositiveIntegerField()
    serial = models.PositiveIntegerField(default=1)
    tab = models.UUIDField()
    turn = models.PositiveIntegerField(default=0)
    kept_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["qbr", "section", "person"], name="one_working_copy_per_section_and_person"
            ),
        ]

    def __str__(self) -> str:
        return f"Unsaved text of {HEADINGS[SectionKey(self.section)]}"


class Thread(TenantModel):
    """A remark on a passage, with what was said to it; open until somebody resolves it.

    The passage is kept in its own words and with those around it (``qbr.anchors``), so that it is found again after
    edits, or told to have changed. Without a quote it is about the section as a whole.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    qbr = models.ForeignKey("qbr.QBR", on_delete=models.CASCADE, related_name="threads")
    section = models.CharField(max_length=40, choices=_SECTIONS)
    quote = models.TextField(blank=True)
    before = models.CharField(max_length=100, blank=True)
    after = models.CharField(max_length=100, blank=True)
    # The number of the version that it was written about.
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        abstract = False
        indexes = [models.Index(fields=["qbr", "created_at"])]

    def __str__(self) -> str:
        return f"Comment on {HEADINGS[SectionKey(self.section)]}"


class Remark(TenantModel):
    """One thing that somebody said in a thread."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="remarks")
    body = models.TextField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Comes with the form, so that a second click says nothing twice.
    key = models.UUIDField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        abstract = False
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="one_remark_per_key")]

    def __str__(self) -> str:
        return f"Remark by {self.author_id}"
