"""What the portal knows of a review's page from its journal, before anything on it is changed."""

from typing import Final

from qbr import stamp
from qbr.document import Content
from qbr.models import Publication, PublishEnd, PublishStep
from qbr.standing import Known

PLANNED: Final = frozenset(
    {PublishStep.CLEARING, PublishStep.WRITING, PublishStep.BODY_DONE, PublishStep.READY}
)
"""The steps at which it is written down what becomes of each block that stood there."""


def of(publication: Publication) -> Known:
    """Return what the journal knows of the page that a publication is about to change.

    The last plan for the page tells what is left of it, whoever made it; without one, the last complete version does.
    """
    on_page = list(
        Publication.objects.select_related("revision")
        .filter(qbr_id=publication.qbr_id, page_id=publication.page_id)
        .exclude(pk=publication.pk)
        .order_by("-qbr_version")
    )
    last = next((one for one in on_page if one.end == PublishEnd.PUBLISHED), None)
    values = last.standing.get("values", {}) if last else {}
    later = on_page[: on_page.index(last)] if last else on_page
    half = next((one for one in later if one.step in PLANNED), None)
    if half is not None:
        lines = tuple(_lines(half))
        return Known(
            doomed=half.doomed,
            kept=frozenset(half.kept_ids),
            values=values,
            texts=(lines,),
            lines=lines,
            is_half_done=True,
        )
    if last is None:
        return Known()
    if not last.standing:
        # Written before the journal kept what stood: its words are all there is to go by.
        lines = tuple(_lines(last))
        return Known(texts=(lines,), lines=lines)
    return Known(
        ours=dict(last.standing["own"]),
        kept=frozenset(last.standing["kept"]),
        values=values,
        lines=tuple(last.standing["lines"]),
    )


def _lines(publication: Publication) -> list[str]:
    content = Content.from_json(publication.revision.content)
    return stamp.document(content, heading=publication.heading, stamp=publication.stamp).plain_lines()
