"""The way of a review through the hands of people: submitted, sent back, approved (SPEC 6.2)."""

from datetime import date, datetime

from django.db import transaction

from csm_portal.core.models import User
from qbr import audience
from qbr.models import QBR
from qbr.services import draft_fates, moves
from qbr.services.drafting import VOIDED
from qbr.services.moves import OutOfDate
from qbr.workflow import Action, NotAllowed


class CommentNeeded(ValueError):
    """Changes were asked for without saying which."""


def submit(qbr: QBR, *, actor: User, version: int, now: datetime) -> QBR:
    """Hand a draft over for approval.

    Raises NotAllowed while the text holds a figure or a name that is neither traced nor vouched for.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        # A review without a text is nothing to submit.
        _keep_from_customers(found)
        return moves.advance(found, Action.SUBMIT, now=now, submitted_by=actor, submitted_at=now, trouble="")


def withdraw(qbr: QBR, *, actor: User, version: int, now: datetime) -> QBR:
    """Take a review back that waits for approval."""
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        return moves.advance(found, Action.WITHDRAW, now=now, **VOIDED)


def request_changes(qbr: QBR, *, comment: str, actor: User, version: int, now: datetime) -> QBR:
    """Send a review back to its draft, saying what is to change. Raises CommentNeeded without a word on it."""
    if not comment.strip():
        raise CommentNeeded("Say what is to change, so that its author can do it.")
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version, deputies_on=_day(qbr, now))
        return moves.advance(
            found,
            Action.REQUEST_CHANGES,
            now=now,
            comment=comment.strip(),
            data=_in_whose_place(found),
            **VOIDED,
        )


def approve(qbr: QBR, *, content_hash: str, actor: User, version: int, now: datetime) -> QBR:
    """Approve exactly the text that the approver looked at, named by its hash (SPEC P5, 6.2).

    A deputy approves in the place of a manager who is away. Raises NotAllowed for whoever asked for the draft or
    changed it, OutOfDate for any other text.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version, deputies_on=_day(qbr, now))
        if found.text.revision.content_hash != content_hash:
            raise OutOfDate
        _keep_from_customers(found)
        place = _in_whose_place(found)
        draft_fates.note(found.qbr, found.text.content, now=now)
        return moves.advance(
            found,
            Action.APPROVE,
            now=now,
            comment=f"Standing in for {place['stands in for']}." if place else "",
            data=place,
            approved_by=actor,
            approved_at=now,
            approved_hash=content_hash,
        )


def _day(qbr: QBR, now: datetime) -> date:
    return now.astimezone(qbr.tenant.zone).date()


def _in_whose_place(found: moves.Ground) -> dict[str, str]:
    """Say for the record whom a deputy stands in for; nothing for a manager, who needs nobody's place."""
    if not found.standing.is_deputy or found.standing.is_manager:
        return {}
    return {"stands in for": " and ".join(str(manager) for manager in found.stands_in_for)}


def _keep_from_customers(found: moves.Ground) -> None:
    """Refuse a text whose customer version holds what only colleagues may read: one approval covers both.

    Open findings block by themselves, with a mark in the text.
    """
    if found.text.open_findings:
        return
    try:
        audience.require(found.text.content, found.text.facts, notes=found.qbr.account.notes)
    except audience.NotForCustomers as error:
        raise NotAllowed(str(error)) from error
