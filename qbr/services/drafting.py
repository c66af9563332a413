"""From an account and a quarter to the first text of its review (SPEC 6.1, 6.4, P3).

``begin`` writes down that a review is wanted and asks for a job; ``draft`` is what the job does: facts, a
writer's prose, the number check. No transaction is open while a writer writes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.models import Account, HealthScore
from csm_portal.core import acting, asking, audit, jobs
from csm_portal.core.asking import Answered, Reason
from csm_portal.core.models import Job, Membership, Tenant, User
from csm_portal.ports.errors import PortError
from csm_portal.ports.writer import Writers, WritingTask
from qbr import deadlines, drafting, policies, salvage, schemas
from qbr.document import HEADINGS, Content, SectionKey
from qbr.facts import FactSheet
from qbr.grounding import check
from qbr.models import QBR, Origin, QBRRevision, RevisionKind, Transition, written_by
from qbr.modes import Mode
from qbr.prompts import review
from qbr.quarters import Quarter
from qbr.schemas import QBRAnswer
from qbr.selectors import source_facts
from qbr.services import facts as fact_service
from qbr.services import moves, revisions
from qbr.workflow import Action, State

TASK: Final = "qbr.tasks.draft"


Progress = Callable[[int, int | None, str], None]


class NothingToReview(Exception):
    """The workspace does not hold the account any more, or nothing is known of it from that quarter."""


class NotWritten(Exception):
    """No writer gave a usable answer, the templates included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """A usable answer, who gave it, what was asked of a model for it, and what went wrong with a model, in sentences.

    ``author`` is who wrote what ``stand_ins`` does not name: it holds a sentence for each section that the templates
    wrote because the model gave no usable one.
    """

    answer: QBRAnswer
    author: str
    is_template: bool
    asked: Answered[QBRAnswer]
    trouble: str = ""
    stand_ins: Mapping[SectionKey, str] = field(default_factory=dict)


def begin(
    account: Account,
    *,
    quarter: Quarter,
    actor: User | None,
    origin: Origin,
    now: datetime,
    renewal_on: date | None = None,
    mode: Mode = Mode.FULL,
) -> QBR:
    """Begin the review of an account's quarter, or return the one that there is.

    ``actor`` is None for the schedule. A review whose first draft did not come about is drafted again. The
    returned review was begun by this call where its ``created_at`` is ``now``. Raises PermissionDenied for
    somebody who may not write on the account, NothingToReview for an account that the workspace has lost and for a
    quarter earlier than the one before the first score: today's figures are not that quarter's.
    """
    if actor is not None:
        membership = Membership.objects.filter(user=actor).first()
        if membership is None or not policies.can_draft(membership, account):
            raise PermissionDenied
    if account.is_archived or account.removed_at is not None:
        raise NothingToReview(
            f"{account.name} is archived or gone in Notion. Restore its page there, sync, and draft its review then."
        )
    existing = QBR.objects.filter(account=account, quarter_start=quarter.start).first()
    if existing is None:
        _require_history(account, quarter)
        try:
            with transaction.atomic():
                return _begin(account, quarter, actor, origin, now, renewal_on, mode)
        except IntegrityError:
            # Somebody else began it between the look and now: theirs stands.
            existing = QBR.objects.get(account=account, quarter_start=quarter.start)
    with transaction.atomic():
        if not QBRRevision.objects.filter(qbr=existing).exists():
            _ask_for_job(existing, account, now=now, actor=actor)
    return existing


def _require_history(account: Account, quarter: Quarter) -> None:
    first = (
        HealthScore.objects.filter(account=account)
        .order_by("scored_on")
        .values_list("scored_on", flat=True)
        .first()
    )
    # A company that has just connected reviews the quarter just ended from what its workspace says now.
    if first is not None and first >= quarter.next.end:
        raise NothingToReview(
            f"Nothing is known of {account.name} from {quarter.label}: the portal first scored it on "
            f"{first:%-d %B %Y}. Review a quarter since then."
        )


def _begin(
    account: Account,
    quarter: Quarter,
    actor: User | None,
    origin: Origin,
    now: datetime,
    renewal_on: date | None,
    mode: Mode,
) -> QBR:
    qbr = QBR.objects.create(
        account=account,
        quarter_start=quarter.start,
        quarter_end=quarter.end,
        quarter_label=quarter.label,
        state=State.DRAFT,
        origin=origin,
        renewal_on=renewal_on,
        due_on=deadlines.due_on(
            quarter_end=quarter.end,
            renewal_on=renewal_on or account.renewal_on,
            begun_on=now.astimezone(account.tenant.zone).date(),
        ),
        mode=mode,
        requested_by=actor,
        created_at=now,
        updated_at=now,
    )
    Transition.objects.create(
        qbr=qbr,
        action=Action.REDRAFT,
        to_state=State.DRAFT,
        actor=actor,
        actor_name=str(actor) if actor is not None else acting.name("The schedule"),
        at=now,
        version=0,
    )
    audit.record(
        "qbr.begun",
        qbr,
        actor=actor,
        at=now,
        by="The schedule",
        data={"account": str(account.pk), "quarter": quarter.label, "origin": origin},
    )
    _ask_for_job(qbr, account, now=now, actor=actor)
    return qbr


def redraft(
    qbr: QBR, *, actor: User, version: int | None = None, now: datetime, mode: Mode | None = None
) -> QBR:
    """Ask for a new draft from today's facts; the present text stays among the versions.

    ``mode`` is what it is for, the same as before where none is given. Raises PermissionDenied, NotAllowed or OutOfDate.
    """
    with transaction.atomic():
        found = moves.ground(qbr, actor=actor, version=version)
        moved = moves.advance(
            found,
            Action.REDRAFT,
            now=now,
            verb="qbr.redraft_asked",
            **VOIDED,
            trouble="",
            mode=mode or found.qbr.mode,
        )
        _ask_for_job(moved, found.qbr.account, now=now, actor=actor)
    return moved


VOIDED: Final[dict[str, Any]] = {
    "submitted_by": None,
    "submitted_at": None,
    "approved_by": None,
    "approved_at": None,
    "approved_hash": "",
}
"""What an edit takes back (SPEC 6.2: any edit after approval voids it)."""


def _ask_for_job(qbr: QBR, account: Account, *, now: datetime, actor: User | None) -> Job:
    job = jobs.enqueue(
        TASK,
        tenant=account.tenant,
        title=f"Draft of the {qbr.quarter_label} QBR of {account.name}"[:200],
        now=now,
        # Each wish has a job of its own: the one before may be done but for saying so.
        params={"qbr_id": str(qbr.pk), "version": qbr.version},
        requested_by=actor,
        key=f"qbr-draft:{qbr.pk}:{qbr.version}",
    )
    QBR.objects.filter(pk=qbr.pk).update(draft_job=job)
    qbr.draft_job = job
    return job


def draft(
    qbr_id: UUID,
    *,
    writers: Writers,
    now: datetime,
    version: int | None = None,
    progress: Progress | None = None,
    job: Job | None = None,
    run_id: UUID | None = None,
) -> QBR:
    """Draft a review and return it.

    ``version`` is the one that the draft was asked for at: run again after a crash, the work is done once. A
    model that fails, or twice gives an answer that cannot be used, is stood in for by the templates: in the sections
    that failed where the others can be used, and the review says so. Raises NotWritten where not even those helped, OutOfDate where somebody has gone on with the
    review since: the person's text stands.
    """
    tell = progress or (lambda done, total, message: None)
    qbr = moves.read(qbr_id)
    if version is not None and qbr.version != version:
        if Transition.objects.filter(
            qbr=qbr, version=version + 1, action=Action.REDRAFT, actor=None
        ).exists():
            return qbr
        raise moves.OutOfDate
    before = QBRRevision.objects.filter(qbr=qbr).order_by("-number").first()
    tell(0, 3, "Collecting the facts")
    tenant = qbr.account.tenant
    facts = source_facts.collect(
        qbr.account, quarter=source_facts.quarter_of(qbr), today=now.astimezone(tenant.zone).date()
    )
    tell(1, 3, "Writing the text")
    try:
        prose = write(
            review.writing_task(facts, notes=qbr.account.notes, mode=Mode(qbr.mode)),
            facts=facts,
            writers=writers,
            now=now,
            actor=qbr.requested_by if job is None else job.requested_by,
            job=job,
            run_id=run_id,
            about=about(qbr),
        )
    except NotWritten as error:
        QBR.objects.filter(pk=qbr.pk).update(trouble=str(error))
        raise
    told = _told(prose)
    tell(2, 3, f"Checking each figure. {told}".strip())
    content = drafting.draft(prose.answer, facts)
    found = len(check.open_findings(check.check(content, facts)))
    _keep(qbr, before, content, facts, prose, now=now, tenant=tenant, open_findings=found)
    tell(3, 3, f"Drafted. {told}" if told else "Drafted")
    return qbr


def about(qbr: QBR) -> str:
    """Return what calls of a model for this review are known by."""
    return f"{qbr._meta.label_lower}:{qbr.pk}"


@transaction.atomic
def _keep(
    qbr: QBR,
    before: QBRRevision | None,
    content: Content,
    facts: FactSheet,
    prose: Prose,
    *,
    now: datetime,
    tenant: Tenant,
    open_findings: int,
) -> None:
    stand_ins = {key.value: why for key, why in prose.stand_ins.items()}
    moves.take(
        qbr,
        Action.REDRAFT,
        to=State.DRAFT,
        now=now,
        actor=None,
        by=written_by(prose.author, stand_ins),
        content_hash=content.canonical_hash(),
        data={"open_findings": open_findings, "is_template": prose.is_template, "stand_ins": stand_ins},
        trouble=prose.trouble,
        **VOIDED,
    )
    revisions.add(
        qbr,
        content,
        kind=RevisionKind.DRAFT,
        number=1 if before is None else before.number + 1,
        fact_edition=fact_service.freeze(qbr, facts),
        now=now,
        author_name=prose.author,
        note=prose.trouble,
        asked=prose.asked,
        stand_ins=stand_ins,
    )


def write(
    task: WritingTask,
    *,
    facts: FactSheet,
    writers: Writers,
    now: datetime,
    actor: User | None = None,
    job: Job | None = None,
    run_id: UUID | None = None,
    about: str = "",
) -> Prose:
    """Return a usable answer: the model's, with the fallback's sections where its own cannot be used.

    All of it is the fallback's where there is no model or no usable section of it. Raises NotWritten where nobody
    gave one.
    """
    asked = asking.ask(
        asking.Question(
            purpose=task.kind,
            system=task.system,
            prompt=task.prompt,
            answer=QBRAnswer,
            check=lambda answer: salvage.objections(answer, facts),
            material=task.material,
        ),
        writers=writers,
        now=now,
        actor=actor,
        job=job,
        run_id=run_id,
        about=about,
    )
    if asked.answer is not None:
        return Prose(answer=asked.answer, author=asked.author, is_template=False, asked=asked)
    model, good = writers.first.name, salvage.salvage(asked.refused, facts)
    if good.sections and not good.faults:
        _note_use(asked, good)
        return Prose(answer=salvage.answer_of(good.sections), author=model, is_template=False, asked=asked)
    try:
        writing = writers.fallback.write(task)
    except PortError as error:
        raise NotWritten(_not_drafted(f"{asked.trouble} {error}")) from error
    parsed = schemas.parse(writing.text, QBRAnswer)
    if parsed.answer is None:
        raise NotWritten(_not_drafted(f"{asked.trouble} {writing.author} gave no usable text."))
    stand_ins = {key: salvage.sentence(model, key, fault) for key, fault in good.faults.items()}
    if not good.sections:
        trouble = asked.trouble and (
            f"{asked.trouble} The text was written from templates instead; ask for a new draft to try the model again."
        )
        return Prose(
            answer=parsed.answer,
            author=writing.author,
            is_template=writing.is_template,
            asked=asked,
            trouble=trouble,
            stand_ins=stand_ins,
        )
    _note_use(asked, good)
    return Prose(
        answer=salvage.answer_of({**salvage.sections_of(parsed.answer), **good.sections}),
        author=model,
        is_template=False,
        asked=asked,
        trouble=_partly(asked, stand_ins),
        stand_ins=stand_ins,
    )


def _note_use(asked: Answered[QBRAnswer], good: salvage.Salvaged) -> None:
    """Let the ledger say of each call how many of its sections stand in the review."""
    for place, parts in good.taken.items():
        asking.used_in_part(asked.calls[place], parts=parts, of=len(SectionKey), called="sections")


def _partly(asked: Answered[QBRAnswer], stand_ins: Mapping[SectionKey, str]) -> str:
    """Tell people which sections are not the model's, and why."""
    # Where the second try did not come to an answer, the reason is not the model's text alone.
    broken_off = [asked.trouble] if asked.reason in (Reason.FAILED, Reason.OVER_CAP) else []
    return " ".join([*stand_ins.values(), *broken_off, "Ask for a new draft to try the model again."])


def _told(prose: Prose) -> str:
    """Return a sentence on the sections that the templates wrote beside a model, "" where there are none."""
    if prose.is_template or not prose.stand_ins:
        return ""
    names = [HEADINGS[key] for key in prose.stand_ins]
    return f"From templates: {', '.join(names)}."


def _not_drafted(trouble: str) -> str:
    return f"The review could not be drafted. {trouble.strip()}"
