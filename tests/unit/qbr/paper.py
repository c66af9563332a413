"""Handouts for the tests of the files, and those files read back."""

import io
import re
import zipfile
from datetime import UTC, datetime

from csm_portal.ports.documents import Bullets, Callout, Document, Heading, Paragraph, Span, Table, Text
from qbr.document import Version
from qbr.outputs import handout
from qbr.outputs.handout import Handout, Shape
from tests.unit.qbr import portfolio
from tests.unit.qbr.drafts import template_draft

NOW = datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
STAMP = "Version 1, approved by Bob on 2 July 2026 at 11:05 (Europe/Berlin). Fingerprint: " + "0b18f83c" * 8


def harbour(version: Version = Version.CUSTOMER, shape: Shape = Shape.FULL, *, stamp: str = STAMP) -> Handout:
    facts = portfolio.harbour()
    return handout.of(
        template_draft(facts),
        facts,
        version=version,
        shape=shape,
        period="1 April 2026 to 30 June 2026",
        company="Nordlicht",
        stamp=stamp,
    )


def saying(*words: str) -> Handout:
    """A handout that says the same words in every kind of block, and as the names on it."""
    texts: list[Text] = [(Span(text=word),) for word in words]
    blocks = (
        Heading(text=words[0]),
        *(Paragraph(spans=text) for text in texts),
        Bullets(items=tuple(texts)),
        Callout(spans=texts[0]),
        Heading(text=words[-1], level=3),
        Table(header=("What", words[0]), rows=tuple((text, text) for text in texts)),
    )
    return handout.cleaned(
        Handout(
            document=Document(title=words[0], blocks=blocks),
            account_name=words[0],
            quarter="Q2 2026",
            period="",
            company=words[-1],
            stamp=STAMP,
            shape=Shape.FULL,
            version=Version.CUSTOMER,
            is_approved=True,
            sources={},
        )
    )


def parts(body: bytes) -> dict[str, str]:
    """The parts of a presentation, as text."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        return {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}


def objects(body: bytes) -> str:
    """What a PDF consists of, without the streams of its pages and fonts, and the page that it opens at."""
    outside = re.sub(rb"stream\r?\n.*?endstream", b"", body, flags=re.DOTALL)
    return re.sub(rb"/OpenAction \[\d+ 0 R /FitH null\]", b"", outside).decode("latin-1")
