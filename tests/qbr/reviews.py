"""Reviews at each step of their way, made by the services that make them; call these inside the tenant's scope."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import Account
from csm_portal import wiring
from csm_portal.core.models import Job, JobState, User
from csm_portal.ports.errors import PortError
from csm_portal.ports.writer import Writing, WritingTask
from qbr import editing as edit_form
from qbr import quarters
from qbr.document import SectionKey
from qbr.models import QBR, Origin, Publication
from qbr.selectors import current
from qbr.selectors.current import Current
from qbr.services import drafting, editing, publishing, review
from tests.qbr.conftest import NOW

QUARTER = quarters.quarter_of(NOW.date())
INVENTED = "Adoption reached 87 % after Marta Silva joined."


@dataclass(slots=True)
class SaidWriter:
    """A writer that answers what it is told to, in turn; an error is raised instead."""

    answers: Sequence[str | PortError]
    name: str = "a-model"
    asked: list[WritingTask] = field(default_factory=list)

    def write(self, task: WritingTask, *, timeout_seconds: float = 60.0) -> Writing:
        answer = self.answers[len(self.asked)]
        self.asked.append(task)
        if isinstance(answer, PortError):
            raise answer
        return Writing(
            text=answer,
            author=self.name,
            is_template=False,
            prompt_tokens=900,
            completion_tokens=400,
            cost_usd=0.0123,
        )


def writers(first: Any = None) -> wiring.Writers:
    """Return the templates, with another writer before them where one is given."""
    templates = wiring.writers().fallback
    return wiring.Writers(first=first or templates, fallback=templates)


def drafted(account: Account, *, actor: User | None, first: Any = None, now: datetime = NOW) -> QBR:
    """A review with its first text."""
    qbr = drafting.begin(account, quarter=QUARTER, actor=actor, origin=Origin.ON_DEMAND, now=now)
    drafting.draft(qbr.pk, writers=writers(first), now=now)
    job_is_done(qbr.draft_job)
    return fresh(qbr)


def job_is_done(job: Job | None) -> None:
    """Take a job off the queue whose work a test does by itself."""
    assert job is not None
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE)


def submitted(account: Account, *, asked_by: User | None, by: User) -> QBR:
    """A review that waits for approval."""
    qbr = drafted(account, actor=asked_by)
    review.submit(qbr, actor=by, version=qbr.version, now=NOW)
    return fresh(qbr)


def approved(account: Account, *, csm: User, manager: User) -> QBR:
    """A review that a manager has approved."""
    qbr = submitted(account, asked_by=csm, by=csm)
    return approve(qbr, by=manager)


def approve(qbr: QBR, *, by: User) -> QBR:
    """Approve what a review says now."""
    qbr = fresh(qbr)
    review.approve(qbr, content_hash=says(qbr).revision.content_hash, actor=by, version=qbr.version, now=NOW)
    return fresh(qbr)


def asked_to_publish(account: Account, *, csm: User, manager: User) -> tuple[QBR, Publication]:
    """An approved review whose publishing somebody has asked for."""
    qbr = approved(account, csm=csm, manager=manager)
    publication = publishing.ask(qbr, actor=csm, version=qbr.version, now=NOW)
    job_is_done(publication.qbr.publish_job)
    return fresh(qbr), publication


def write_more(qbr: QBR, line: str, *, by: User, section: SectionKey = SectionKey.HEALTH) -> QBR:
    """Add a paragraph to a section."""
    qbr = fresh(qbr)
    text = edit_form.to_editable(says(qbr).content.section(section))
    editing.save_section(
        qbr, section=section, text=f"{text}\n\n{line}", actor=by, version=qbr.version, now=NOW
    )
    return fresh(qbr)


def fresh(qbr: QBR) -> QBR:
    """The review as the database holds it."""
    found: QBR = QBR.objects.select_related("account__tenant", "account__owner").get(pk=qbr.pk)
    return found


def says(qbr: QBR) -> Current:
    """What the review says now."""
    text = current.latest(qbr)
    assert text is not None
    return text
