"""The journal of a publication: what is about to be done outside, and what came of it (SPEC 2.6).

Only the run that claimed a publication last may write into it, and it asks before each write outside: a run that
was thought dead and is not finds out here, and leaves the page alone.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from csm_portal.core import jobs
from csm_portal.ports.errors import PortError, Trouble
from qbr import workflow
from qbr.models import QBR, Publication, PublishEnd, PublishStep
from qbr.services import moves
from qbr.services.moves import OutOfDate
from qbr.workflow import Action, State

log = structlog.get_logger(__name__)

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15))
"""How long a publication waits after each failure in a row that may pass; half an hour in all."""

# Notion works on a request for up to 60 seconds, whoever has hung up meanwhile, and its index lags behind that.
SETTLES_AFTER: Final = timedelta(seconds=75)

# A worker whose job is given to another has been silent for this long at least.
GONE_FOR: Final = jobs.LOST_AFTER - timedelta(seconds=jobs.HEARTBEAT_SECONDS)


class Stopped(PortError):
    """Publishing cannot go on by itself; the message says what to do, ``question`` what there is to decide."""

    def __init__(
        self,
        message: str,
        *,
        end: PublishEnd = PublishEnd.FAILED,
        question: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, trouble=Trouble.CONFLICT, permanent=True)
        self.end = end
        self.question = question or {}


class Overtaken(Exception):
    """Another run has taken this publication over; this one leaves it alone."""

    def __init__(self) -> None:
        super().__init__("Another run is publishing this review.")


class Unsettled(PortError):
    """A write may still arrive; nothing is written before ``retry_after`` seconds have passed."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(
            "Notion has not said whether it saved the last change. The portal looks again before it writes anything.",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
            retry_after=seconds,
        )


class PutOff(Exception):
    """What went wrong may pass: the publication goes on by itself at ``at``; the message is for a person."""

    def __init__(self, message: str, *, at: datetime) -> None:
        super().__init__(message)
        self.at = at


def opened(qbr_id: UUID) -> Publication | None:
    """Return the publication of a review that is not over, if there is one."""
    return (
        Publication.objects.select_related("qbr__account__tenant", "revision", "requested_by", "answers")
        .filter(qbr_id=qbr_id, finished_at=None)
        .first()
    )


def claim(publication: Publication, *, now: datetime) -> None:
    """Take a publication over from whoever ran it before. Raises Overtaken where somebody else just did."""
    mine = Publication.objects.filter(pk=publication.pk, runs=publication.runs, finished_at=None)
    sent_at = publication.sent_at
    if sent_at is not None and publication.sent and publication.retry_at is None:
        # That run was broken off, and may have waited for its turn after it had written down what it would send.
        sent_at = max(sent_at, now - GONE_FOR)
    if mine.update(runs=F("runs") + 1, retry_at=None, sent_at=sent_at) != 1:
        raise Overtaken
    publication.runs += 1
    publication.retry_at, publication.sent_at = None, sent_at
    QBR.objects.filter(pk=publication.qbr_id, state=State.PUBLISHING).update(trouble="")


def write(publication: Publication, **columns: Any) -> None:
    """Write down how far things are. Raises Overtaken where another run has taken the publication over."""
    mine = Publication.objects.filter(pk=publication.pk, runs=publication.runs, finished_at=None)
    if mine.update(**columns) != 1:
        raise Overtaken
    for name, value in columns.items():
        setattr(publication, name, value)


def intend(publication: Publication, what: str, *, step: PublishStep, at: datetime) -> None:
    """Write down a write that is about to be made; ``settled`` or the next look tells what came of it."""
    write(publication, step=step, sent=what, sent_at=at)


def let_settle(publication: Publication, *, now: datetime) -> None:
    """Raise Unsettled while a write that nothing is seen of may still arrive."""
    if publication.sent_at is not None and publication.sent:
        left = publication.sent_at + SETTLES_AFTER - now
        if left > timedelta(0):
            raise Unsettled(seconds=left.total_seconds())


def note(publication: Publication, error: PortError, *, now: datetime) -> PutOff | PortError:
    """Keep what went wrong, and return what to raise: PutOff where the publication goes on by itself.

    What will not pass ends the publication, and the review is approved as before. What may pass leaves it open,
    with a pause that grows; after the last one somebody has to ask again.
    """
    if error.permanent:
        _end(publication, error, now=now)
        return error
    mine = Publication.objects.filter(pk=publication.pk, runs=publication.runs, finished_at=None)
    if publication.retries >= len(PAUSES):
        # The rest of the reason says that the portal tries again, which it does no more.
        reason = str(error).split(". ")[0].rstrip(".")
        message = f"{reason}. The portal has tried for half an hour by itself and has stopped; what stands in Notion stays."
        if mine.update(last_error=message, retry_at=None) == 1:
            _tell(publication, message)
        return PortError(message, trouble=error.trouble, permanent=False)
    pause = PAUSES[publication.retries].total_seconds()
    if isinstance(error, Unsettled):
        pause = error.retry_after or 0
    at = now + timedelta(seconds=max(pause, error.retry_after or 0))
    if mine.update(last_error=str(error), retries=F("retries") + 1, retry_at=at) != 1:
        raise Overtaken
    _tell(publication, str(error))
    return PutOff(str(error), at=at)


def _tell(publication: Publication, message: str) -> None:
    QBR.objects.filter(pk=publication.qbr_id, state=State.PUBLISHING).update(trouble=message)


@transaction.atomic
def _end(publication: Publication, error: PortError, *, now: datetime) -> None:
    qbr = publication.qbr
    end, question = PublishEnd.FAILED, {}
    if isinstance(error, Stopped):
        end, question = error.end, error.question
    mine = Publication.objects.filter(pk=publication.pk, runs=publication.runs, finished_at=None)
    if mine.update(end=end, finished_at=now, last_error=str(error), question=question, retry_at=None) != 1:
        return
    try:
        moves.take(
            qbr,
            Action.PUBLISH_FAILED,
            to=workflow.report(State(qbr.state), Action.PUBLISH_FAILED),
            now=now,
            actor=None,
            comment=str(error),
            content_hash=publication.content_hash,
            trouble=str(error),
        )
    except OutOfDate:
        log.warning("qbr_moved_while_publishing", qbr_id=str(qbr.pk))
