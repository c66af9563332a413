"""What stands around an approved text on its page: which version it is, and who approved it when (SPEC 6.2). Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from csm_portal.ports.documents import Block, Document, Heading, Paragraph, Span
from qbr.document import Content


def stamp(*, version: int, approver: str, approved_at: datetime, zone: ZoneInfo, content_hash: str) -> str:
    """Return the last line of a published page, from which anybody can tell what was approved."""
    at = approved_at.astimezone(zone)
    return (
        f"Version {version}, approved by {approver} on {_day(at.date())} at {at:%H:%M} ({zone.key}). "
        f"Fingerprint of the approved content (SHA-256): {content_hash}"
    )


def heading(*, version: int, on: date) -> str:
    """Return the heading of a version that stands beside what a person wrote."""
    return f"Version {version}, {_day(on)}"


def document(content: Content, *, heading: str, stamp: str) -> Document:
    """Return what is written into the workspace: the approved text between its heading, if any, and its stamp."""
    approved = content.document()
    above: tuple[Block, ...] = (Heading(text=heading, level=1),) if heading else ()
    below: tuple[Block, ...] = (Paragraph(spans=(Span(text=stamp),)),) if stamp else ()
    return Document(title=approved.title, blocks=(*above, *approved.blocks, *below))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
