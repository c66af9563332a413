"""All that the page of one review shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from csm_portal.core.models import Job, Membership
from qbr import audience, policies, preview, workflow
from qbr.document import HEADINGS, SectionKey, Version
from qbr.facts import Fact, shown_with_unit
from qbr.grounding import check
from qbr.grounding.check import Finding
from qbr.models import QBR, TEMPLATES, Commitment, QBRRevision, Transition, WorkingCopy
from qbr.preview import Part
from qbr.selectors import current, deputies, next_step, publishing, remarks, source_facts
from qbr.selectors.current import Current
from qbr.selectors.next_step import NextStep
from qbr.selectors.publishing import Question, UnderWay
from qbr.selectors.remarks import ShownThread
from qbr.workflow import Action, ActorFacts, State

VERSIONS_SHOWN: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    """One fact with its figure as it reads, for the list beside the text."""

    fact: Fact
    shown: str
    is_used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One finding with where it stands; the same figure in the same section is listed once."""

    finding: Finding
    heading: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step of the review's history, in words."""

    who: str
    did: str
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """One review with its text, its facts, its findings and its history.

    ``text`` is None while it is drafted for the first time; then ``parts`` and all that hangs on it is empty.
    """

    qbr: QBR
    text: Current | None
    version: Version
    parts: tuple[Part, ...]
    step: NextStep
    standing: ActorFacts
    allowed: frozenset[Action]
    used_facts: tuple[ShownFact, ...]
    other_facts: tuple[ShownFact, ...]
    open_marks: tuple[Marked, ...]
    vouched_marks: tuple[Marked, ...]
    commitments: tuple[Commitment, ...]
    revisions: tuple[QBRRevision, ...]
    history: tuple[Told, ...]
    job: Job | None
    under_way: UnderWay | None
    question: Question | None
    changes_asked: Transition | None
    # The last day that it speaks of: before the quarter's own where that still ran.
    last_day: date
    # What the customer's version says and must not; looked for where that version is shown.
    leaks: tuple[str, ...] = ()
    # What people said about passages; open ones are marked in the internal version.
    threads: tuple[ShownThread, ...] = ()
    # Sections in which the reader has left text that they did not save.
    unsaved: tuple[tuple[SectionKey, datetime], ...] = ()

    @property
    def is_to_date(self) -> bool:
        return self.last_day < self.qbr.quarter_end - timedelta(days=1)

    @property
    def open_threads(self) -> tuple[ShownThread, ...]:
        return tuple(thread for thread in self.threads if thread.is_open)

    @property
    def resolved_threads(self) -> tuple[ShownThread, ...]:
        return tuple(thread for thread in self.threads if not thread.is_open)

    @property
    def may_comment(self) -> bool:
        here = self.standing
        return self.text is not None and (here.is_csm or here.is_manager or here.is_deputy)

    @property
    def may_edit(self) -> bool:
        return Action.EDIT in self.allowed

    @property
    def stand_ins(self) -> Mapping[str, str]:
        """Say of sections why the templates wrote them in a model's place; the customer's version shows no authors."""
        if self.text is None or self.version is not Version.INTERNAL:
            return {}
        stand_ins: Mapping[str, str] = self.text.revision.stand_ins
        return stand_ins

    @property
    def is_overtaken(self) -> bool:
        """Whether the text is newer than the review it was gathered for: a job finished in between."""
        return self.text is not None and self.text.revision.qbr.version != self.qbr.version

    @property
    def is_unsettled(self) -> bool:
        """Whether a job works on the review, so that the page will look different soon."""
        return self.job is not None and not self.job.is_over


def review(
    qbr: QBR, membership: Membership, *, now: datetime, version: Version = Version.INTERNAL
) -> ReviewPage:
    """Gather what the page of a review shows to a member.

    The review comes with its account, owner, people and jobs selected. Ten queries, four while it has no text.
    """
    history = tuple(Transition.objects.filter(qbr=qbr).order_by("-version"))
    text = current.latest(qbr)
    managers = deputies.stood_in_for(membership, on=now.astimezone(qbr.account.tenant.zone).date())
    here = policies.actor_facts(
        membership,
        qbr,
        history=history,
        open_findings=0 if text is None else text.open_findings,
        stands_in_for=[manager.pk for manager in managers],
    )
    job = _job(qbr)
    is_at_work = job is not None and not job.is_over
    publishes = qbr.state == State.PUBLISHING
    last = None
    if qbr.state in (State.APPROVED, State.PUBLISHING):
        last = publishing.last(qbr)
    step = next_step.of(
        qbr,
        here,
        has_text=text is not None,
        is_drafting=is_at_work and not publishes,
        is_publishing=is_at_work and publishes,
        last_publication=last,
    )
    threads = () if text is None else remarks.threads(qbr, text.content)
    parts = () if text is None else _parts(text, version, threads)
    used, others = _facts(text, parts)
    return ReviewPage(
        qbr=qbr,
        text=text,
        version=version,
        parts=parts,
        step=step,
        standing=here,
        allowed=frozenset(workflow.allowed_actions(State(qbr.state), here)) if text else frozenset(),
        used_facts=used,
        other_facts=others,
        open_marks=_marks(text, is_open=True),
        vouched_marks=_marks(text, is_open=False),
        commitments=() if text is None else tuple(source_facts.commitments_before(qbr)),
        revisions=_revisions(qbr) if text else (),
        history=tuple(map(_told, history)),
        job=job if is_at_work else None,
        under_way=publishing.under_way(last, job, now=now) if publishes and last is not None else None,
        question=publishing.question(last) if qbr.state == State.APPROVED else None,
        changes_asked=_changes_asked(history),
        last_day=current.covered_until(qbr, text),
        leaks=()
        if text is None or version is Version.INTERNAL
        else audience.leaks(text.content, text.facts, notes=qbr.account.notes),
        threads=threads,
        unsaved=() if text is None else _unsaved(qbr, membership),
    )


def standing(qbr: QBR, membership: Membership) -> ActorFacts:
    """Return what a member is to a review, whatever the number check says. One query."""
    history = Transition.objects.filter(qbr=qbr)
    return policies.actor_facts(membership, qbr, history=history, open_findings=0)


def known_facts(text: Current) -> tuple[ShownFact, ...]:
    """Return every fact with a value, for whoever writes about them."""
    return tuple(
        ShownFact(fact=fact, shown=shown_with_unit(fact), is_used=False)
        for fact in text.facts.values()
        if fact.is_known and not fact.id.startswith("history.")
    )


def _job(qbr: QBR) -> Job | None:
    return qbr.publish_job if qbr.state == State.PUBLISHING else qbr.draft_job


def _parts(text: Current, version: Version, threads: Sequence[ShownThread]) -> tuple[Part, ...]:
    is_internal = version is Version.INTERNAL
    return preview.parts(
        text.content,
        version,
        known=check.prepare(text.facts),
        findings=text.findings if is_internal else (),
        marks=remarks.marks(threads) if is_internal else (),
    )


def _unsaved(qbr: QBR, membership: Membership) -> tuple[tuple[SectionKey, datetime], ...]:
    left = dict(
        WorkingCopy.objects.filter(qbr=qbr, person_id=membership.user_id).values_list("section", "kept_at")
    )
    return tuple((key, left[key]) for key in SectionKey if key in left)


def _facts(
    text: Current | None, parts: Sequence[Part]
) -> tuple[tuple[ShownFact, ...], tuple[ShownFact, ...]]:
    """Split the facts that have a value into those that the document shows and the others."""
    if text is None:
        return (), ()
    seen = {fact for part in parts for fact in part.facts()}
    rows = [
        ShownFact(fact=fact, shown=shown_with_unit(fact), is_used=fact.id in seen)
        for fact in text.facts.values()
        if fact.is_known or fact.id in seen
    ]
    return tuple(row for row in rows if row.is_used), tuple(row for row in rows if not row.is_used)


def _marks(text: Current | None, *, is_open: bool) -> tuple[Marked, ...]:
    found: dict[tuple[SectionKey, str], list[Finding]] = {}
    for finding in text.findings if text is not None else ():
        if finding.is_open == is_open:
            found.setdefault((finding.section, finding.text), []).append(finding)
    return tuple(
        Marked(finding=same[0], heading=HEADINGS[same[0].section], times=len(same)) for same in found.values()
    )


def _revisions(qbr: QBR) -> tuple[QBRRevision, ...]:
    rows = QBRRevision.objects.filter(qbr=qbr).defer("content").order_by("-number")
    return tuple(rows[:VERSIONS_SHOWN])


def _changes_asked(history: Sequence[Transition]) -> Transition | None:
    """Return the wish for changes that the present draft has to answer, if there is one."""
    for step in history:
        if step.action == Action.REQUEST_CHANGES:
            return step
        if step.action in (Action.SUBMIT, Action.APPROVE, Action.PUBLISH):
            return None
    return None


_DID: Final[Mapping[str, str]] = {
    Action.EDIT: "edited the text",
    Action.VOUCH: "vouched for a figure",
    Action.RESTORE: "restored an earlier version",
    Action.REFRESH_FACTS: "brought the figures up to date",
    Action.REDRAFT: "asked for a new draft",
    Action.SUBMIT: "submitted it for approval",
    Action.WITHDRAW: "took it back",
    Action.REQUEST_CHANGES: "asked for changes",
    Action.APPROVE: "approved it",
    Action.PUBLISH: "had it published",
    Action.KEEP_THEIRS: "left the page in Notion as it is",
    Action.PUBLISHED: "completed the page in Notion",
    Action.PUBLISH_FAILED: "could not publish it",
}


def _told(step: Transition) -> Told:
    did = _DID[step.action]
    if step.action == Action.REDRAFT and not step.from_state:
        did = "asked for the draft"
    elif step.action == Action.REDRAFT and step.actor_id is None:
        did = "wrote the draft"
    who = "The templates" if step.actor_id is None and step.actor_name == TEMPLATES else step.actor_name
    return Told(who=who, did=did, comment=step.comment, at=step.at)
