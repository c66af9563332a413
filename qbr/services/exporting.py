"""Handing a review out as a file: what was approved, for colleagues or for the customer (SPEC P5, 6.1).

The customer's version leaves the portal only as it was approved, and never with what only colleagues may read.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import transaction

from csm_portal.core import audit
from csm_portal.core.models import User
from qbr import audience
from qbr import stamp as stamps
from qbr.document import Version
from qbr.facts import shown_date
from qbr.models import QBR, Publication, PublishEnd, SlideTemplate
from qbr.outputs import handout, markdown, pdf, pptx
from qbr.outputs.handout import Handout, Shape
from qbr.selectors import current
from qbr.selectors.current import Current
from qbr.services import publishing
from qbr.workflow import NotAllowed, State

_APPROVED: Final = frozenset({State.APPROVED, State.PUBLISHING, State.PUBLISHED})


class Format(StrEnum):
    PDF = "pdf"
    PPTX = "pptx"
    MARKDOWN = "md"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to be downloaded; ``name`` holds no character that a file system or a header gives a meaning to."""

    name: str
    media_type: str
    body: bytes


def export(qbr: QBR, *, version: Version, shape: Shape, format: Format, actor: User, now: datetime) -> File:
    """Make one file of what the review says now, and write down who took it.

    The review comes with its account, tenant and approver. Raises NotAllowed for a customer's version that nobody
    has approved, NotForCustomers for one that holds what customers never read.
    """
    text = current.latest(qbr)
    if text is None:
        raise NotAllowed("This review is still being drafted; wait until its text is there.")
    stamp = _stamp(qbr, text)
    if version is Version.CUSTOMER:
        if not stamp:
            raise NotAllowed(
                "The customer's version leaves the portal once a manager has approved it. "
                "Until then, download the version for colleagues."
            )
        audience.require(text.content, text.facts, notes=qbr.account.notes)
    paper = handout.of(
        text.content,
        text.facts,
        version=version,
        shape=shape,
        period=f"{shown_date(qbr.quarter_start)} to {shown_date(current.covered_until(qbr, text))}",
        company=qbr.account.tenant.name,
        stamp=stamp,
    )
    body, media_type = _rendered(paper, format, now=now)
    with transaction.atomic():
        audit.record(
            "qbr.exported",
            qbr,
            actor=actor,
            at=now,
            data={
                "format": format.value,
                "version": version.value,
                "shape": shape.value,
                "content_hash": text.revision.content_hash,
            },
        )
    return File(name=file_name(paper, format), media_type=media_type, body=body)


def is_approved(qbr: QBR, text: Current) -> bool:
    """Whether what the review says now is exactly what a manager approved."""
    return qbr.state in _APPROVED and text.revision.content_hash == qbr.approved_hash


def file_name(paper: Handout, format: Format) -> str:
    """Return a name that says what the file is and works on every system."""
    kind = {Shape.FULL: "QBR", Shape.BRIEF: "QBR brief", Shape.AT_RISK: "QBR at risk"}[paper.shape]
    if not paper.is_internal:
        kind = kind.removesuffix(" at risk")
    parts = [paper.account_name[:80], paper.quarter, kind]
    parts += ["internal"] if paper.is_internal else []
    parts += [] if paper.is_approved else ["draft"]
    plain = unicodedata.normalize("NFC", " ".join(parts))
    name = re.sub(r"\W+", "-", plain).strip("-_")
    return f"{name}.{format.value}"


def _rendered(paper: Handout, format: Format, *, now: datetime) -> tuple[bytes, str]:
    match format:
        case Format.PDF:
            return pdf.render(paper, now=now), pdf.MEDIA_TYPE
        case Format.PPTX:
            return pptx.render(paper, now=now, file=_template()), pptx.MEDIA_TYPE
        case Format.MARKDOWN:
            return markdown.render(paper), markdown.MEDIA_TYPE


def _template() -> bytes | None:
    found = SlideTemplate.objects.first()
    return None if found is None else bytes(found.file)


def _stamp(qbr: QBR, text: Current) -> str:
    """Return who approved this text and when; nothing for a text that nobody approved."""
    if not is_approved(qbr, text) or qbr.approved_at is None:
        return ""
    published = (
        Publication.objects.filter(qbr=qbr, content_hash=text.revision.content_hash, end=PublishEnd.PUBLISHED)
        .order_by("-qbr_version")
        .first()
    )
    if published is not None:
        return published.stamp
    return stamps.stamp(
        version=publishing.next_version(qbr),
        approver=str(qbr.approved_by or "a manager"),
        approved_at=qbr.approved_at,
        zone=qbr.account.tenant.zone,
        content_hash=qbr.approved_hash,
    )
