"""A review's page that is not where or as the portal left it: told in a sentence, with what there is to decide."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.qbr_pages import QBRPageState
from csm_portal.ports.workspace import QBRPageRef, Workspace
from qbr import standing
from qbr.models import Publication, PublishEnd, PublishStep
from qbr.services import journal
from qbr.services.journal import Stopped

_GONE: Final = (
    "The page of this review is no longer in Notion, or is not shared with the integration any more. Share it again in "
    "Notion (••• → Connections) and publish again, or have a new page made."
)
_IN_TRASH: Final = "The page of this review is in Notion's trash. Restore it there and publish again, or have a new page made."
_ARCHIVED: Final = (
    "The page of this review is archived in Notion. Take it out of the archive there, then publish again."
)
_MOVED: Final = "Somebody has moved the page of this review out of the QBR database. Move it back there in Notion, then publish again."
_CHANGED: Final = (
    "Somebody has changed the page of this review in Notion, so the portal left it as it is. Look at what differs, then "
    "decide what is to become of it."
)


def look_at(publication: Publication, workspace: Workspace, page_id: str, *, now: datetime) -> QBRPageState:
    """Return the page by its id. Raises Stopped where it is gone, Unsettled where it may only not show yet."""
    try:
        return workspace.read_qbr_page(page_id)
    except PortError as error:
        if error.trouble is not Trouble.NOT_FOUND:
            raise
        if publication.step == PublishStep.CREATING:
            # Notion said that it saved the page; that it does not show it yet is no reason for a second one.
            journal.let_settle(publication, now=now)
        raise _stopped(_GONE, {"kind": "gone", "pages": []}) from error


def check_place(state: QBRPageState) -> None:
    """Raise Stopped where the page is in the trash, archived or no longer an entry of the QBR database."""
    pages = [standing.page_value(state)]
    if state.is_in_trash:
        raise _stopped(_IN_TRASH, {"kind": "in_trash", "pages": pages})
    if state.is_archived:
        raise _stopped(_ARCHIVED, {"kind": "archived", "pages": pages})
    if not state.is_in_database:
        raise _stopped(_MOVED, {"kind": "moved", "pages": pages})


def several(publication: Publication, found: Sequence[QBRPageRef], *, title: str) -> Stopped:
    """Return the error that names every page of one review, with a link to each."""
    pages = [{"title": page.title or "Untitled", "url": page.url} for page in found]
    if publication.page_id not in ("", *(page.id for page in found)):
        pages.insert(0, {"title": title, "url": publication.page_url or publication.qbr.notion_url})
    named = " and ".join(f"“{page['title']}”" for page in pages)
    return _stopped(
        f"Notion holds {len(pages)} pages of this review: {named}. Keep one of them and put the others into the trash, or "
        "empty their property “QBR Key”; then publish again.",
        {"kind": "two_pages", "pages": pages},
    )


def changed(question: dict[str, Any]) -> Stopped:
    """Return the error that asks what is to become of a page that somebody has changed."""
    return _stopped(_CHANGED, question)


def _stopped(sentence: str, question: dict[str, Any]) -> Stopped:
    return Stopped(sentence, end=PublishEnd.CHANGED_IN_NOTION, question=question)
