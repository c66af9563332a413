"""Notes at each approval how much of the draft is left: what tells whether a prompt is any good."""

from datetime import datetime

from qbr import edit_distance
from qbr.document import Content, Section
from qbr.models import QBR, TEMPLATES, DraftFate, QBRRevision, RevisionKind


def note(qbr: QBR, approved: Content, *, now: datetime) -> None:
    """Write down, for each section, how far the approved text is from the latest draft. Two queries and a write.

    Called in the transaction of the approval; a later approval of the same review replaces what an earlier one noted.
    """
    draft = QBRRevision.objects.filter(qbr=qbr, kind=RevisionKind.DRAFT).order_by("-number").first()
    if draft is None:
        return
    drafted = Content.from_json(draft.content)
    DraftFate.objects.filter(qbr=qbr).delete()
    DraftFate.objects.bulk_create(
        DraftFate(
            qbr=qbr,
            section=section.key.value,
            author_name=TEMPLATES if section.key.value in draft.stand_ins else draft.author_name,
            words=len(_words(section).split()),
            changed=edit_distance.changed_share(_words(section), _words(approved.section(section.key))),
            at=now,
        )
        for section in drafted.sections
    )


def _words(section: Section) -> str:
    return "\n".join(block.words for block in section.text)
