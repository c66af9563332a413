"""Publishing: from an approved review to one complete page in the workspace, whatever breaks (SPEC 2.6).

``ask`` is the click: it claims the review and writes the intent down. ``run`` is what the job does, and may be
broken off anywhere and run again. It knows two things: its journal (``Publication``), written before and after
each call outside, and what the workspace holds, which it looks at whenever the journal may lag behind. So each
round finds out how far things are, does the next thing, and looks again where an answer left it open.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from csm_portal.core import audit, jobs, outbox
from csm_portal.core.models import Job, User
from csm_portal.ports.documents import Document
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import QBREntry, QBRPageRef, Workspace
from qbr import workflow
from qbr.document import Content
from qbr.facts import FactSheet
from qbr.models import QBR, Answer, Publication, PublishEnd, PublishStep, QBRRevision
from qbr.selectors import current
from qbr.services import commitments, moves
from qbr.services.moves import OutOfDate
from qbr.workflow import Action, NotAllowed, State

log = structlog.get_logger(__name__)

TASK: Final = "qbr.tasks.publish"
DRAFT, READY = "Draft", "Ready"
# An answer that leaves open whether something was written is followed by a look, and then by another try.
ROUNDS: Final = 4

Progress = Callable[[int, int | None, str], None]


class Stopped(PortError):
    """Publishing cannot go on by itself; the message says what to do."""

    def __init__(self, message: str, *, end: PublishEnd = PublishEnd.FAILED) -> None:
        super().__init__(message, trouble=Trouble.CONFLICT, permanent=True)
        self.end = end


class Overtaken(Exception):
    """Another run has taken this publication over; this one leaves it alone."""


def ask(qbr: QBR, *, actor: User, version: int, now: datetime, may_overwrite: bool = False) -> Publication:
    """Claim an approved review for publishing and ask for the job.

    ``may_overwrite`` is a person's word that changes made in the workspace may be lost. Raises
    PermissionDenied, NotAllowed and OutOfDate.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        revision = found.text.revision
        moved = moves.advance(found, Action.PUBLISH, now=now, trouble="")
        if revision.content_hash != moved.approved_hash:
            # The table voids an approval with every edit, so this is a row that somebody changed by hand.
            raise NotAllowed(
                "What stands here is not what was approved. Submit it and have it approved again."
            )
        publication = Publication.objects.create(
            qbr=moved,
            revision=revision,
            content_hash=revision.content_hash,
            key=moved.key,
            requested_by=actor,
            started_at=now,
            answer=Answer.OVERWRITE if may_overwrite else "",
        )
        _ask_for_job(moved, actor=actor, now=now)
    return publication


def resume(qbr: QBR, *, actor: User, now: datetime) -> Job:
    """Try an interrupted publication again. Raises PermissionDenied, and NotAllowed where there is none."""
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor)
        if _open(found.qbr.pk) is None:
            raise NotAllowed("Nothing of this review is waiting to be published.")
        job = _ask_for_job(found.qbr, actor=actor, now=now)
        audit.record("qbr.publishing_retried", found.qbr, actor=actor, at=now)
    return job


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


def _open(qbr_id: UUID) -> Publication | None:
    return (
        Publication.objects.select_related("qbr__account__tenant", "revision", "requested_by")
        .filter(qbr_id=qbr_id, finished_at=None)
        .first()
    )


def run(
    qbr_id: UUID, *, workspace: Workspace, now: datetime, progress: Progress | None = None
) -> QBRPageRef | None:
    """Publish what was approved, or go on where an earlier run was broken off; return the page.

    None where nothing is waiting. A failure that may pass leaves the publication open, the review saying why;
    one that will not ends it, and the review is approved as before. Raises PortError in both cases, Overtaken
    where another run is at it.
    """
    publication = _open(qbr_id)
    if publication is None:
        return None
    with _told(publication, now=now):
        sequence = _sequence(publication, workspace, progress or (lambda done, total, message: None), now)
        page = sequence.all()
        _published(publication, page, sequence.entry, now=now)
    return page


def stop(qbr_id: UUID, error: PortError, *, now: datetime) -> None:
    """Note that publishing could not even begin, for example because no workspace is set up."""
    publication = _open(qbr_id)
    if publication is not None:
        _note(publication, error, now=now)


@contextmanager
def _told(publication: Publication, *, now: datetime) -> Iterator[None]:
    try:
        yield
    except PortError as error:
        _note(publication, error, now=now)
        raise


def _sequence(
    publication: Publication, workspace: Workspace, progress: Progress, now: datetime
) -> "_Sequence":
    """Prepare the run of a publication, after proving that it holds what was approved."""
    qbr, revision = publication.qbr, publication.revision
    content = Content.from_json(revision.content)
    hashes = {content.canonical_hash(), revision.content_hash, publication.content_hash, qbr.approved_hash}
    if len(hashes) != 1:
        raise Stopped(
            "What was to be published is not what was approved. Submit it and have it approved again."
        )
    Publication.objects.filter(pk=publication.pk).update(runs=F("runs") + 1)
    publication.refresh_from_db(fields=["runs"])
    facts = current.sheet(qbr.pk, edition=revision.fact_edition)
    return _Sequence(
        publication=publication,
        workspace=workspace,
        document=content.document(),
        entry=_entry(qbr, facts),
        progress=progress,
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


@dataclass(slots=True, kw_only=True)
class _Sequence:
    """The calls of one run, each of which starts from what is known to stand in the workspace."""

    publication: Publication
    workspace: Workspace
    document: Document
    entry: QBREntry
    progress: Progress
    # Whether the journal is known to say all that the workspace holds: true only right after a call of ours.
    is_in_step: bool = False

    def all(self) -> QBRPageRef:
        for left in reversed(range(ROUNDS)):
            try:
                return self._once()
            except PortError as error:
                self.is_in_step = False
                if error.committed_id and not self.publication.page_id:
                    self._journal(PublishStep.CREATED, page_id=error.committed_id)
                if not error.maybe_written or not left:
                    raise
                log.warning(
                    "qbr_publish_looks_again", qbr_id=str(self.publication.qbr_id), step=self.publication.step
                )
        raise AssertionError("The last round returns or raises.")

    def _once(self) -> QBRPageRef:
        self.progress(0, 4, "Looking for the page")
        self._page()
        self.progress(1, 4, "Writing the text")
        self._body()
        self.progress(2, 4, "Reading it back")
        self._compare()
        self.progress(3, 4, "Marking it as ready")
        self.workspace.update_qbr_page(self.publication.page_id, self.entry, status=READY)
        return QBRPageRef(
            id=self.publication.page_id, url=self.publication.page_url, key=self.entry.key, status=READY
        )

    def _page(self) -> None:
        """Look for the page under the review's key, and create it only where there is none."""
        if self.publication.page_id and self.publication.page_url:
            return
        found = self.workspace.find_qbr_pages(self.entry.key)
        if len(found) > 1:
            raise Stopped(
                f"Notion holds {len(found)} pages of this review. Delete all but one of “{self.entry.title}” in the "
                "QBR database, then publish again."
            )
        if found:
            self._journal(PublishStep.CREATED, page_id=found[0].id, page_url=found[0].url)
            return
        if self.publication.page_id:
            # Notion said that it saved the page; that it does not list it yet is no reason for a second one.
            raise PortError(
                "Notion has saved the page of this review but does not list it yet. Try again in a minute.",
                trouble=Trouble.UNAVAILABLE,
                permanent=False,
            )
        page, block_ids = self.workspace.create_qbr_page(self.entry, self.document)
        self._journal(PublishStep.CREATED, page_id=page.id, page_url=page.url, block_ids=block_ids)
        self.is_in_step = True

    def _body(self) -> None:
        """Bring the page's body to what was approved, a call's worth at a time."""
        page_id = self.publication.page_id
        written = list(self.publication.block_ids) if self.is_in_step else self._standing()
        while appended := self.workspace.append_qbr_body(page_id, self.document, after=len(written)):
            written += appended
            self._journal(PublishStep.CREATED, block_ids=written)
        self._journal(PublishStep.BODY_DONE, block_ids=written)

    def _standing(self) -> list[str]:
        """Return the ids of the blocks that stand and are the beginning of what was approved.

        Anything else on the page is emptied if the portal wrote it or a person said that it may go.
        """
        page_id = self.publication.page_id
        lines = self.workspace.read_qbr_lines(page_id)
        standing = self.workspace.qbr_block_ids(page_id)
        if lines == self.document.plain_lines()[: len(lines)]:
            self._journal(PublishStep.CREATED, block_ids=standing)
            return standing
        if self.publication.answer != Answer.OVERWRITE and not self._wrote(lines):
            raise Stopped(
                "Somebody has changed the page of this review in Notion, so the portal left it as it is. Look at it "
                "there; to put the approved text in its place, publish again and say so.",
                end=PublishEnd.CHANGED_IN_NOTION,
            )
        # It reads as unfinished before it is: a reader in Notion must not take half a body for the whole.
        self.workspace.update_qbr_page(page_id, self.entry, status=DRAFT)
        self.workspace.erase_qbr_body(page_id)
        self._journal(PublishStep.CREATED, block_ids=[])
        return []

    def _wrote(self, lines: list[str]) -> bool:
        """Tell whether these lines are an earlier publication of this review, or the beginning of one."""
        revisions = QBRRevision.objects.filter(
            pk__in=Publication.objects.filter(qbr_id=self.publication.qbr_id)
            .exclude(pk=self.publication.pk)
            .values("revision_id")
        )
        return any(
            lines == Content.from_json(revision.content).document().plain_lines()[: len(lines)]
            for revision in revisions.order_by("-number")
        )

    def _compare(self) -> None:
        if self.workspace.read_qbr_lines(self.publication.page_id) != self.document.plain_lines():
            raise Stopped(
                "The page in Notion does not say what was approved: somebody changed it while it was written. Look at "
                "it there; to put the approved text in its place, publish again and say so.",
                end=PublishEnd.CHANGED_IN_NOTION,
            )

    def _journal(self, step: PublishStep, **columns: Any) -> None:
        """Write down how far things are; a run that another one has taken over may write nothing more."""
        publication = self.publication
        kept = Publication.objects.filter(pk=publication.pk, runs=publication.runs, finished_at=None).update(
            step=step, **columns
        )
        if kept != 1:
            raise Overtaken("Another run is publishing this review.")
        for name, value in {"step": step, **columns}.items():
            setattr(publication, name, value)


@transaction.atomic
def _published(publication: Publication, page: QBRPageRef, entry: QBREntry, *, now: datetime) -> None:
    """Write down that the page is complete, in one transaction with all that follows from it."""
    qbr = publication.qbr
    ended = Publication.objects.filter(pk=publication.pk, runs=publication.runs, finished_at=None).update(
        step=PublishStep.READY, end=PublishEnd.PUBLISHED, finished_at=now, last_error=""
    )
    if ended != 1:
        raise Overtaken("Another run is publishing this review.")
    state = workflow.report(State(qbr.state), Action.PUBLISHED)
    moves.take(
        qbr,
        Action.PUBLISHED,
        to=state,
        now=now,
        actor=None,
        content_hash=publication.content_hash,
        data={"page": page.id, "asked_by": str(publication.requested_by)},
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


@transaction.atomic
def _note(publication: Publication, error: PortError, *, now: datetime) -> None:
    """Keep what went wrong: on an open publication if it may pass, as its end if it will not."""
    qbr = publication.qbr
    if not error.permanent:
        Publication.objects.filter(pk=publication.pk, finished_at=None).update(last_error=str(error))
        QBR.objects.filter(pk=qbr.pk, state=State.PUBLISHING).update(trouble=str(error))
        return
    end = error.end if isinstance(error, Stopped) else PublishEnd.FAILED
    ended = Publication.objects.filter(pk=publication.pk, finished_at=None).update(
        end=end, finished_at=now, last_error=str(error)
    )
    if ended != 1:
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
