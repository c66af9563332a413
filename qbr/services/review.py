"""The way of a review through the hands of people: submitted, sent back, approved (SPEC 6.2)."""

from datetime import datetime

from django.db import transaction

from csm_portal.core.models import User
from qbr import audience
from qbr.models import QBR
from qbr.services import moves
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
        found = moves.ground(qbr, actor=actor, version=version)
        return moves.advance(found, Action.REQUEST_CHANGES, now=now, comment=comment.strip(), **VOIDED)


def approve(qbr: QBR, *, content_hash: str, actor: User, version: int, now: datetime) -> QBR:
    """Approve exactly the text that the approver looked at, named by its hash (SPEC P5, 6.2).

    Raises NotAllowed for whoever asked for the draft or changed it, OutOfDate for any other text.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        if found.text.revision.content_hash != content_hash:
            raise OutOfDate
        _keep_from_customers(found)
        return moves.advance(
            found,
            Action.APPROVE,
            now=now,
            approved_by=actor,
            approved_at=now,
            approved_hash=content_hash,
        )


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
