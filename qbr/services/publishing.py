"""Publishing: from an approved review to one complete page in the workspace, whatever breaks (SPEC 2.6).

``ask`` is the click: it claims the review and writes the intent down. ``run`` is what the job does, and may be
broken off anywhere and run again (``page_writing``, with its ``journal``). A page that is not as the portal left it
is never changed before a person has seen what differs: publishing then ends with a question, which ``ask`` with an
answer, or ``keep_theirs``, settles.
"""

from datetime import datetime
from typing import Final, NoReturn
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from csm_portal.core import audit, jobs, outbox
from csm_portal.core.models import Job, User
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import QBREntry, QBRPageRef, Workspace
from qbr import stamp, workflow
from qbr.document import Content
from qbr.facts import FactSheet
from qbr.models import QBR, Answer, Publication, PublishEnd, PublishStep
from qbr.selectors import current
from qbr.services import commitments, journal, moves
from qbr.services.journal import Overtaken, PutOff, Stopped
from qbr.services.moves import OutOfDate
from qbr.services.page_writing import Clock, Progress, Sequence
from qbr.workflow import Action, NotAllowed, State

__all__ = ["Overtaken", "PutOff", "Stopped", "ask", "interrupted", "keep_theirs", "resume", "run", "stop"]

TASK: Final = "qbr.tasks.publish"
ANSWERS: Final = {
    "changed": frozenset({Answer.KEEP, Answer.BESIDE, Answer.OVERWRITE}),
    "in_trash": frozenset({Answer.NEW_PAGE}),
    "gone": frozenset({Answer.NEW_PAGE}),
}
"""What can be answered to each question; the others are settled in the workspace itself."""


def ask(
    qbr: QBR,
    *,
    actor: User,
    version: int,
    now: datetime,
    answer: Answer | None = None,
    question: UUID | None = None,
) -> Publication:
    """Claim an approved review for publishing and ask for the job.

    ``answer`` is what is to become of a page that somebody has changed, given to the publication ``question`` that
    ended with it. Raises PermissionDenied, NotAllowed and OutOfDate.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        revision = found.text.revision
        answered = None if answer is None else _question(found.qbr, question, answer)
        moved = moves.advance(
            found, Action.PUBLISH, now=now, data={"answer": answer} if answer else None, trouble=""
        )
        if revision.content_hash != moved.approved_hash or moved.approved_at is None:
            # The table voids an approval with every edit, so this is a row that somebody changed by hand.
            raise NotAllowed(
                "What stands here is not what was approved. Submit it and have it approved again."
            )
        number = next_version(moved)
        publication = Publication.objects.create(
            qbr=moved,
            qbr_version=moved.version,
            revision=revision,
            content_hash=revision.content_hash,
            key=moved.key,
            version=number,
            stamp=stamp.stamp(
                version=number,
                approver=str(moved.approved_by or "a manager"),
                approved_at=moved.approved_at,
                zone=moved.account.tenant.zone,
                content_hash=moved.approved_hash,
            ),
            page_id="" if answer is Answer.NEW_PAGE else _page_id(moved),
            requested_by=actor,
            started_at=now,
            answer=answer or "",
            answers=answered,
        )
        _ask_for_job(moved, actor=actor, now=now)
    return publication


def keep_theirs(qbr: QBR, *, question: UUID, actor: User, version: int, now: datetime) -> QBR:
    """Leave the page as somebody made it: this version is approved, and not published there.

    Raises PermissionDenied, NotAllowed and OutOfDate.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        answered = _question(found.qbr, question, Answer.KEEP)
        moved = moves.advance(found, Action.KEEP_THEIRS, now=now, data={"page": answered.page_id}, trouble="")
        Publication.objects.filter(pk=answered.pk).update(answer=Answer.KEEP)
    return moved


def resume(qbr: QBR, *, actor: User, now: datetime) -> Job:
    """Try an interrupted publication again, now also where it would go on by itself later.

    Raises PermissionDenied, and NotAllowed where there is none.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor)
        publication = journal.opened(found.qbr.pk)
        if publication is None:
            raise NotAllowed("Nothing of this review is waiting to be published.")
        Publication.objects.filter(pk=publication.pk).update(retries=0, retry_at=None)
        job = _ask_for_job(found.qbr, actor=actor, now=now)
        jobs.hasten(job, now=now)
        audit.record("qbr.publishing_retried", found.qbr, actor=actor, at=now)
    return job


def _question(qbr: QBR, question: UUID | None, answer: Answer) -> Publication:
    """Return the publication whose question is answered: the last one, or nobody has looked at what is asked now."""
    last = last_of(qbr)
    if last is None or last.pk != question or last.end != PublishEnd.CHANGED_IN_NOTION:
        raise OutOfDate
    if answer not in ANSWERS.get(last.question.get("kind", ""), ()):
        raise NotAllowed(
            "This cannot be answered here: put it right in Notion as the page says, then publish again."
        )
    return last


def last_of(qbr: QBR) -> Publication | None:
    """Return the review's last publication."""
    return Publication.objects.filter(qbr=qbr).order_by("-qbr_version", "-started_at").first()


def next_version(qbr: QBR) -> int:
    """Return the how-manieth approved text this is: those count that were published, or kept out of the page."""
    over = Q(end=PublishEnd.PUBLISHED) | Q(answer=Answer.KEEP)
    return Publication.objects.filter(over, qbr=qbr).count() + 1


def _page_id(qbr: QBR) -> str:
    last = Publication.objects.filter(qbr=qbr).exclude(page_id="").order_by("-qbr_version").first()
    return last.page_id if last is not None else qbr.notion_page_id


def _ask_for_job(qbr: QBR, *, actor: User, now: datetime) -> Job:
    account = qbr.account
    job = jobs.enqueue(
        TASK,
        tenant=account.tenant,
        title=f"Publishing of the {qbr.quarter_label} QBR of {account.name}"[:200],
        now=now,
        params={"qbr_id": str(qbr.pk)},
        requested_by=actor,
        key=f"qbr-publish:{qbr.pk}",
    )
    QBR.objects.filter(pk=qbr.pk).update(publish_job=job)
    qbr.publish_job = job
    return job


def run(
    qbr_id: UUID, *, workspace: Workspace, clock: Clock, progress: Progress | None = None
) -> QBRPageRef | None:
    """Publish what was approved, or go on where an earlier run was broken off; return the page.

    None where nothing is waiting. Raises PutOff where the publication goes on by itself later, PortError where it
    is over or a person has to ask again, Overtaken where another run is at it.
    """
    publication = journal.opened(qbr_id)
    if publication is None:
        return None
    try:
        journal.claim(publication, now=clock())
        sequence = _sequence(publication, workspace, progress or (lambda done, total, message: None), clock)
        page = sequence.all()
    except PortError as error:
        raise journal.note(publication, error, now=clock()) from error
    _published(publication, page, sequence.entry, now=clock())
    return page


def stop(qbr_id: UUID, error: PortError, *, now: datetime) -> NoReturn:
    """Note that publishing could not even begin, for example because no workspace is set up, and raise what follows.

    Raises PutOff where that may pass, PortError otherwise.
    """
    publication = journal.opened(qbr_id)
    raise error if publication is None else journal.note(publication, error, now=now)


def interrupted(qbr_id: UUID, *, now: datetime) -> NoReturn:
    """Note that the portal's own database was away in between; raises what ``stop`` raises."""
    stop(
        qbr_id,
        PortError(
            "The portal's database was away while it published this review.",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
        ),
        now=now,
    )


def _sequence(publication: Publication, workspace: Workspace, progress: Progress, clock: Clock) -> Sequence:
    """Prepare the run of a publication, after proving that it holds what was approved."""
    qbr, revision = publication.qbr, publication.revision
    content = Content.from_json(revision.content)
    hashes = {content.canonical_hash(), revision.content_hash, publication.content_hash, qbr.approved_hash}
    if len(hashes) != 1:
        raise Stopped(
            "What was to be published is not what was approved. Submit it and have it approved again."
        )
    facts = current.sheet(qbr.pk, edition=revision.fact_edition)
    return Sequence(
        publication=publication,
        workspace=workspace,
        content=content,
        entry=_entry(qbr, facts),
        progress=progress,
        clock=clock,
    )


def _entry(qbr: QBR, facts: FactSheet) -> QBREntry:
    score = facts.known("health.score_now")
    account = qbr.account
    return QBREntry(
        key=qbr.key,
        account_id=account.notion_page_id,
        account_name=account.name,
        quarter=qbr.quarter_label,
        health_score=None if score is None else int(str(score.value)),
        created_on=qbr.created_at.astimezone(account.tenant.zone).date(),
    )


@transaction.atomic
def _published(publication: Publication, page: QBRPageRef, entry: QBREntry, *, now: datetime) -> None:
    """Write down that the page is complete, in one transaction with all that follows from it."""
    qbr = publication.qbr
    ended = Publication.objects.filter(pk=publication.pk, runs=publication.runs, finished_at=None).update(
        step=PublishStep.READY, end=PublishEnd.PUBLISHED, finished_at=now, last_error=""
    )
    if ended != 1:
        raise Overtaken
    state = workflow.report(State(qbr.state), Action.PUBLISHED)
    moves.take(
        qbr,
        Action.PUBLISHED,
        to=state,
        now=now,
        actor=None,
        content_hash=publication.content_hash,
        data={
            "page": page.id,
            "asked_by": str(publication.requested_by),
            "version": publication.version,
            "answer": publication.answer,
        },
        published_at=now,
        published_hash=publication.content_hash,
        notion_page_id=page.id,
        notion_url=page.url,
        trouble="",
    )
    commitments.record(qbr, Content.from_json(publication.revision.content))
    outbox.announce(
        "qbr.published",
        qbr,
        payload={
            "account_id": str(qbr.account_id),
            "account": entry.account_name,
            "quarter": entry.quarter,
            "url": page.url,
        },
        now=now,
    )
