"""Keeps what people have typed and not saved: a copy of their own for each section, never over another window's.

Keeping is no act: it makes no version, no step and no audit row, and nobody else reads it. Saving is (SPEC 6.2).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q

from csm_portal.core import audit
from csm_portal.core.models import Membership, User
from qbr import policies
from qbr.document import SectionKey
from qbr.models import QBR, QBRRevision, WorkingCopy

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where somebody types: one opened page, by an id of its own.

    ``turn`` numbers what the page sends; ``seen`` is the serial of the copy that it was opened with, 0 for none.
    """

    tab: UUID
    turn: int = 0
    seen: int = 0


class KeptElsewhere(Exception):
    """The person has typed something else into this section in another window; ``copy`` is that text."""

    def __init__(self, copy: WorkingCopy) -> None:
        super().__init__("You have written something else in this section in another window.")
        self.copy = copy


class NoSuchBase(LookupError):
    """The review has no version of the number that a text is said to be made from; the message says what to do."""

    def __init__(self, base: int) -> None:
        super().__init__(
            f"Your text is said to be made from version {base}, which this review does not have. Look at both texts, then go on."
        )


def keep(
    qbr: QBR, *, section: SectionKey, text: str, base: int, window: Window, actor: User, now: datetime
) -> WorkingCopy:
    """Keep a person's unsaved text of a section, made from version ``base``; return the copy as it stands then.

    What comes late from a window, after newer text of the same one, changes nothing. Raises KeptElsewhere where another
    window of the same person wrote since this one was opened, NoSuchBase, PermissionDenied for somebody without a part.
    """
    membership = Membership.objects.filter(user=actor).first()
    if membership is None or not policies.works_on(membership, qbr):
        raise PermissionDenied
    if not QBRRevision.objects.filter(qbr=qbr, number=base).exists():
        raise NoSuchBase(base)
    row = {"text": text, "base": base, "tab": window.tab, "turn": window.turn, "kept_at": now}
    for _ in range(_TRIES):
        copy = WorkingCopy.objects.filter(qbr=qbr, section=section, person=actor).first()
        if copy is None:
            try:
                with transaction.atomic():
                    return WorkingCopy.objects.create(
                        qbr=qbr, section=section, person=actor, serial=window.seen + 1, **row
                    )
            except IntegrityError:
                continue
        if copy.tab == window.tab and copy.turn > window.turn:
            return copy
        if copy.tab != window.tab and copy.serial != window.seen and copy.text != text:
            raise KeptElsewhere(copy)
        # Claimed by what was read, so that of two windows that send at once one is told.
        if WorkingCopy.objects.filter(pk=copy.pk, serial=copy.serial).update(serial=copy.serial + 1, **row):
            copy.refresh_from_db()
            return copy
    raise KeptElsewhere(WorkingCopy.objects.get(qbr=qbr, section=section, person=actor))


def forget(qbr: QBR, *, section: SectionKey, person: User, window: Window) -> None:
    """Let go of a copy whose text is saved; what another window has kept meanwhile stays."""
    mine = Q(tab=window.tab) | Q(serial=window.seen)
    WorkingCopy.objects.filter(mine, qbr=qbr, section=section, person=person).delete()


def discard(qbr: QBR, *, section: SectionKey, serial: int, actor: User, now: datetime) -> bool:
    """Throw away one's own unsaved text as it was looked at; False where it is another by now, or gone."""
    with transaction.atomic():
        gone, _ = WorkingCopy.objects.filter(qbr=qbr, section=section, person=actor, serial=serial).delete()
        if gone:
            audit.record(
                "qbr.unsaved_text_discarded",
                qbr,
                actor=actor,
                at=now,
                data={"account": str(qbr.account_id), "section": section.value},
            )
    return bool(gone)
