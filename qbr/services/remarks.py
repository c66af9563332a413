"""What people say about passages of a review. A remark changes no text, voids no approval and leaves no editor behind."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from csm_portal.core import audit
from csm_portal.core.models import Membership, User
from qbr import anchors, policies
from qbr.anchors import Anchor
from qbr.document import Content, SectionKey
from qbr.models import QBR, QBRRevision, Remark, Thread
from qbr.selectors import deputies

LONGEST: Final = 2_000
_NOT_THERE: Final = (
    "The words that you quoted do not stand in this passage. Mark them in the text again, then comment."
)


class NoSuchPassage(LookupError):
    """The version that was remarked on has no such passage."""


class AnotherRemark(Exception):
    """The same form was sent with other words."""


class NotAsSeen(Exception):
    """Somebody else resolved or re-opened the thread in between; the message says which."""


def start(
    qbr: QBR,
    *,
    section: SectionKey,
    block: int | None,
    quote: str,
    revision: int,
    body: str,
    key: UUID,
    actor: User,
    now: datetime,
) -> Thread:
    """Say something about a passage as it stood in a version, or about a section as a whole (``block`` is None).

    ``quote`` narrows the block to some of its words. The same ``key`` again says nothing twice; with other words it
    raises AnotherRemark. Raises NoSuchPassage, PermissionDenied.
    """
    _require_part(qbr, actor, now)
    said = _said(key, body=body, actor=actor)
    if said is not None:
        return said.thread
    anchor = _anchor(qbr, section, block, quote, revision)
    try:
        with transaction.atomic():
            thread = Thread.objects.create(
                qbr=qbr,
                section=section,
                quote=anchor.quote,
                before=anchor.before,
                after=anchor.after,
                revision=revision,
                created_at=now,
            )
            Remark.objects.create(thread=thread, body=body, author=actor, key=key, created_at=now)
            _record("qbr.commented", thread, actor=actor, now=now)
            return thread
    except IntegrityError:
        return _said_meanwhile(key, body=body, actor=actor).thread


def answer(thread: Thread, *, body: str, key: UUID, actor: User, now: datetime) -> Remark:
    """Say something to an open thread; once for each ``key``. Raises NotAsSeen where it is resolved."""
    _require_part(thread.qbr, actor, now)
    said = _said(key, body=body, actor=actor)
    if said is not None:
        return said
    try:
        with transaction.atomic():
            if not Thread.objects.select_for_update().filter(pk=thread.pk, resolved_at=None).exists():
                raise NotAsSeen("Somebody has resolved this comment. Re-open it to answer.")
            remark = Remark.objects.create(thread=thread, body=body, author=actor, key=key, created_at=now)
            _record("qbr.comment_answered", thread, actor=actor, now=now)
            return remark
    except IntegrityError:
        return _said_meanwhile(key, body=body, actor=actor)


def resolve(thread: Thread, *, actor: User, now: datetime) -> None:
    """Settle a thread. Raises NotAsSeen where somebody was faster."""
    _require_part(thread.qbr, actor, now)
    with transaction.atomic():
        settled = Thread.objects.filter(pk=thread.pk, resolved_at=None)
        if not settled.update(resolved_at=now, resolved_by=actor):
            raise NotAsSeen("Somebody has resolved this comment already.")
        _record("qbr.comment_resolved", thread, actor=actor, now=now)


def reopen(thread: Thread, *, actor: User, now: datetime) -> None:
    """Open a resolved thread again. Raises NotAsSeen where it is open."""
    _require_part(thread.qbr, actor, now)
    with transaction.atomic():
        settled = Thread.objects.filter(pk=thread.pk, resolved_at__isnull=False)
        if not settled.update(resolved_at=None, resolved_by=None):
            raise NotAsSeen("This comment is open already.")
        _record("qbr.comment_reopened", thread, actor=actor, now=now)


def _anchor(qbr: QBR, section: SectionKey, block: int | None, quote: str, revision: int) -> Anchor:
    seen = QBRRevision.objects.filter(qbr=qbr, number=revision).first()
    if seen is None:
        raise NoSuchPassage("This review has no such version. Look at it again, then comment.")
    if block is None:
        if quote.strip():
            raise NoSuchPassage(_NOT_THERE)
        return Anchor(quote="")
    blocks = Content.from_json(seen.content).section(section).text
    if not 0 <= block < len(blocks):
        raise NoSuchPassage("The text has no such passage. Look at it again, then comment.")
    found = anchors.of_quote(blocks[block].words, quote)
    if found is None:
        raise NoSuchPassage(_NOT_THERE)
    return found


def _require_part(qbr: QBR, actor: User, now: datetime) -> None:
    """Let those in who work on the review, and whoever decides on it in the place of a manager who is away."""
    membership = Membership.objects.filter(user=actor).first()
    if membership is None:
        raise PermissionDenied
    if not policies.works_on(membership, qbr):
        today = now.astimezone(qbr.account.tenant.zone).date()
        if not deputies.stood_in_for(membership, on=today):
            raise PermissionDenied


def _said(key: UUID, *, body: str, actor: User) -> Remark | None:
    said = Remark.objects.select_related("thread").filter(key=key).first()
    if said is not None and (said.body, said.author_id) != (body, actor.pk):
        raise AnotherRemark("This comment was sent before with other words. Look at the page again.")
    return said


def _said_meanwhile(key: UUID, *, body: str, actor: User) -> Remark:
    said = _said(key, body=body, actor=actor)
    if said is None:
        raise AnotherRemark("This comment could not be kept. Look at the page again, then send it.")
    return said


def _record(verb: str, thread: Thread, *, actor: User, now: datetime) -> None:
    audit.record(
        verb,
        thread.qbr,
        actor=actor,
        at=now,
        data={"account": str(thread.qbr.account_id), "thread": str(thread.pk), "section": thread.section},
    )
