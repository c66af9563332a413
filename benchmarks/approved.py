"""Reviews that wait to be published, without the drafting that they would come from: small ones and long ones."""

from datetime import UTC, date, datetime
from typing import Any

from accounts.models import Account
from csm_portal.core.models import User
from csm_portal.ports.documents import Bullets, Callout, Span, Table
from qbr.document import Content, LockedBlock, Section, SectionKey, TextBlock, TextKind
from qbr.models import QBR, QBRRevision, RevisionKind
from qbr.workflow import State

QUARTER_START, QUARTER_END, QUARTER = date(2026, 4, 1), date(2026, 7, 1), "Q2 2026"
APPROVED_AT = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)


def content(account_name: str, *, points: int = 3, word: str = "first") -> Content:
    """Return a review of every sort of block, with as many points as asked for: more than 90 need a second call."""
    table = Table(
        header=("Month", "Score"),
        rows=tuple(((Span(text=month),), (Span(text="72"),)) for month in ("April", "May")),
    )
    return Content(
        account_name=account_name,
        quarter=QUARTER,
        sections=(
            Section(
                key=SectionKey.HEALTH,
                above=(LockedBlock(block=table),),
                text=(_text(f"The {word} text of this review."), _text("Much was done, more is to do.")),
                below=(LockedBlock(block=Callout(spans=(Span(text="Renewal is near."),), tone="warning")),),
            ),
            Section(
                key=SectionKey.NEXT_STEPS,
                text=tuple(
                    _text(f"We keep an eye on point {_letters(place)}.", TextKind.BULLET)
                    for place in range(points)
                ),
            ),
        ),
        appendix=(LockedBlock(block=Bullets(items=((Span(text="From the account's page."),),))),),
    )


def review(account: Account, *, csm: User, manager: User, **words: Any) -> QBR:
    """Return a review of the running quarter that a manager has approved."""
    qbr = QBR.objects.create(
        account=account,
        quarter_start=QUARTER_START,
        quarter_end=QUARTER_END,
        quarter_label=QUARTER,
        state=State.APPROVED,
        requested_by=csm,
        submitted_by=csm,
        submitted_at=APPROVED_AT,
        created_at=APPROVED_AT,
    )
    return approve(qbr, content(account.name, **words), csm=csm, manager=manager)


def approve(qbr: QBR, said: Content, *, csm: User, manager: User) -> QBR:
    """Give a review another text, approved."""
    number = QBRRevision.objects.filter(qbr=qbr).count() + 1
    revision = QBRRevision.objects.create(
        qbr=qbr,
        number=number,
        kind=RevisionKind.EDIT,
        content=said.to_json(),
        content_hash=said.canonical_hash(),
        author=csm,
        author_name=str(csm),
        created_at=APPROVED_AT,
    )
    QBR.objects.filter(pk=qbr.pk).update(
        state=State.APPROVED,
        approved_by=manager,
        approved_at=APPROVED_AT,
        approved_hash=revision.content_hash,
        version=qbr.version + 1,
    )
    found: QBR = QBR.objects.select_related("account__tenant", "account__owner").get(pk=qbr.pk)
    return found


def _text(words: str, kind: TextKind = TextKind.PARAGRAPH) -> TextBlock:
    return TextBlock(spans=(Span(text=words),), kind=kind)


def _letters(place: int) -> str:
    """Return a name without a figure in it: no fact has to carry it."""
    return f"{chr(97 + place // 26 % 26)}{chr(97 + place % 26)}"
