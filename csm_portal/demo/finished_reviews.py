"""Lays down the demo's finished reviews: a quarter's published ones at once, row for row as the services leave them.

To take each of hundreds through its steps would make the demo wait for minutes; ``tests/demo`` holds the rows laid down
here against those of a review that went through the services.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from random import Random
from typing import Any, Final

from accounts.models import Account
from csm_portal.core.models import AuditEvent, Tenant, User
from csm_portal.ports.workspace import QBREntry, QBRPageRef, Workspace
from csm_portal.ports.writer import Writer, WritingTask
from qbr import commitments, deadlines, drafting, schemas, stamp
from qbr.document import Content
from qbr.facts import FactSheet
from qbr.grounding import check
from qbr.models import (
    QBR,
    TEMPLATES,
    Commitment,
    DraftFate,
    Origin,
    Outcome,
    Publication,
    PublishEnd,
    PublishStep,
    QBRFact,
    QBRRevision,
    RevisionKind,
    Transition,
)
from qbr.modes import Mode
from qbr.prompts import system
from qbr.quarters import Quarter
from qbr.schemas import QBRAnswer
from qbr.selectors import source_facts
from qbr.workflow import Action, State

_PORTAL: Final = "The portal"
_READY: Final = "Ready"
# Of ten commitments: so many were kept, so many were not; the others nobody holds on to any more.
_OUTCOMES: Final = (*(Outcome.KEPT,) * 6, *(Outcome.NOT_KEPT,) * 3, Outcome.DROPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One review to lay down, with the moments of its four steps. ``stands_in_for`` names whose deputy approved it."""

    account: Account
    owner: User
    approver: User
    begun_at: datetime
    submitted_at: datetime
    approved_at: datetime
    published_at: datetime
    mode: Mode = Mode.FULL
    stands_in_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """What a review says and what its page is."""

    qbr: QBR
    facts: FactSheet
    content: Content
    content_hash: str


def lay_down(
    finished: Sequence[Finished],
    *,
    quarter: Quarter,
    tenant: Tenant,
    templates: Writer,
    workspace: Workspace,
    is_settled: bool,
) -> list[Finished]:
    """Write a quarter's published reviews and their pages; return those whose text holds an open finding.

    Nothing of those is written. ``is_settled`` says that the next review has scored what was agreed. Three requests to
    the workspace for each review, some ten queries for all. Called in the tenant's scope, the earliest quarter first.
    """
    done: list[tuple[Finished, _Text, QBRPageRef]] = []
    left: list[Finished] = []
    for one in finished:
        text = _write(one, quarter=quarter, tenant=tenant, templates=templates)
        if text is None:
            left.append(one)
            continue
        done.append((one, text, _page(text, one, tenant=tenant, workspace=workspace)))
    # Before the next review is drafted, which tells of it.
    settled_at = (
        datetime.combine(quarter.next.last_day, time(15, 0), tzinfo=tenant.zone) if is_settled else None
    )
    _save(done, tenant=tenant, settled_at=settled_at)
    return left


def _write(one: Finished, *, quarter: Quarter, tenant: Tenant, templates: Writer) -> _Text | None:
    begun_on = one.begun_at.astimezone(tenant.zone).date()
    collected = source_facts.collect(one.account, quarter=quarter, today=begun_on)
    # The workspace was last read today; what was read then was known on the day of the draft.
    facts = FactSheet([replace(fact, as_of=min(fact.as_of, begun_on)) for fact in collected.values()])
    content = drafting.draft(_answer(facts, one.mode, templates), facts)
    if check.open_findings(check.check(content, facts)):
        return None
    content_hash = content.canonical_hash()
    qbr = QBR(
        account=one.account,
        quarter_start=quarter.start,
        quarter_end=quarter.end,
        quarter_label=quarter.label,
        state=State.PUBLISHED,
        origin=Origin.ON_DEMAND,
        due_on=deadlines.due_on(
            quarter_end=quarter.end, renewal_on=one.account.renewal_on, begun_on=begun_on
        ),
        mode=one.mode,
        requested_by=one.owner,
        created_at=one.begun_at,
        updated_at=one.published_at,
        version=5,
        submitted_by=one.owner,
        submitted_at=one.submitted_at,
        approved_by=one.approver,
        approved_at=one.approved_at,
        approved_hash=content_hash,
        published_at=one.published_at,
        published_hash=content_hash,
    )
    return _Text(qbr=qbr, facts=facts, content=content, content_hash=content_hash)


def _answer(facts: FactSheet, mode: Mode, templates: Writer) -> QBRAnswer:
    # The templates read the material alone; the prompt of a model takes longer than all their sentences.
    kind = "qbr_at_risk" if mode is Mode.AT_RISK else "qbr"
    task = WritingTask(kind=kind, system="", prompt="", schema={}, material=system.material(facts))
    answer = schemas.parse(templates.write(task).text, QBRAnswer).answer
    assert answer is not None  # noqa: S101  # the templates answer in the form that is asked for
    return answer


def _page(text: _Text, one: Finished, *, tenant: Tenant, workspace: Workspace) -> QBRPageRef:
    """Make the page in the workspace, as publishing leaves it; note it in the review."""
    qbr, score = text.qbr, text.facts.known("health.score_now")
    entry = QBREntry(
        key=qbr.key,
        account_id=one.account.notion_page_id,
        account_name=one.account.name,
        quarter=qbr.quarter_label,
        health_score=None if score is None else int(str(score.value)),
        created_on=qbr.created_at.astimezone(tenant.zone).date(),
    )
    document = stamp.document(text.content, heading="", stamp=_stamp(text, one, tenant=tenant))
    page, block_ids = workspace.create_qbr_page(entry, document)
    while len(block_ids) < workspace.count_qbr_blocks(document):
        block_ids = [
            *block_ids, *workspace.append_qbr_body(page.id, document, after=len(block_ids)),
        ]  # fmt: skip
    state = workspace.update_qbr_page(page.id, entry, status=_READY)
    qbr.notion_page_id, qbr.notion_url = page.id, state.url
    return page


def _stamp(text: _Text, one: Finished, *, tenant: Tenant) -> str:
    return stamp.stamp(
        version=1,
        approver=str(one.approver),
        approved_at=one.approved_at,
        zone=tenant.zone,
        content_hash=text.content_hash,
    )


def _save(
    done: Sequence[tuple[Finished, _Text, QBRPageRef]], *, tenant: Tenant, settled_at: datetime | None
) -> None:
    """Write all rows of the reviews, in the order in which keys allow it."""
    QBR.objects.bulk_create(text.qbr for _, text, _ in done)
    QBRFact.objects.bulk_create(
        [
            QBRFact(qbr=text.qbr, edition=1, position=position, fact_id=fact.id, data=fact.to_json())
            for _, text, _ in done
            for position, fact in enumerate(text.facts.values())
        ],
        batch_size=1000,
    )
    revisions = [_revision(text) for _, text, _ in done]
    QBRRevision.objects.bulk_create(revisions)
    steps = [step for one, text, page in done for step in _steps(one, text, page)]
    Transition.objects.bulk_create(step for step, _ in steps)
    AuditEvent.objects.bulk_create(event for _, event in steps)
    DraftFate.objects.bulk_create(fate for one, text, _ in done for fate in _fates(one, text))
    Publication.objects.bulk_create(
        _publication(one, text, revision, tenant=tenant)
        for (one, text, _), revision in zip(done, revisions, strict=True)
    )
    Commitment.objects.bulk_create(
        commitment for one, text, _ in done for commitment in _agreed(one, text, settled_at=settled_at)
    )


def _revision(text: _Text) -> QBRRevision:
    return QBRRevision(
        qbr=text.qbr,
        number=1,
        kind=RevisionKind.DRAFT,
        content=text.content.to_json(),
        content_hash=text.content_hash,
        author_name=TEMPLATES,
        created_at=text.qbr.created_at,
    )


def _steps(one: Finished, text: _Text, page: QBRPageRef) -> list[tuple[Transition, AuditEvent]]:
    """Return each step of the review with what the audit log says of it."""
    qbr, draft = text.qbr, State.DRAFT
    place = {"stands in for": one.stands_in_for} if one.stands_in_for else {}
    drafted = {"open_findings": 0, "is_template": True, "stand_ins": {}}
    published = {"page": page.id, "asked_by": str(one.owner), "version": 1, "answer": ""}
    told: list[tuple[Action, State | None, State, User | None, datetime, str, dict[str, Any]]] = [
        (Action.REDRAFT, None, draft, one.owner, one.begun_at, "qbr.begun", {}),
        (Action.REDRAFT, draft, draft, None, one.begun_at, "qbr.drafted", drafted),
        (Action.SUBMIT, draft, State.IN_REVIEW, one.owner, one.submitted_at, "qbr.submitted", {}),
        (Action.APPROVE, State.IN_REVIEW, State.APPROVED, one.approver, one.approved_at, "qbr.approved", place),
        (Action.PUBLISH, State.APPROVED, State.PUBLISHING, one.owner, one.published_at, "qbr.publishing_asked", {}),
        (Action.PUBLISHED, State.PUBLISHING, State.PUBLISHED, None, one.published_at, "qbr.published", published),
    ]  # fmt: skip
    rows = []
    for version, (action, before, after, actor, at, verb, data) in enumerate(told):
        name = str(actor) if actor is not None else TEMPLATES if verb == "qbr.drafted" else _PORTAL
        content_hash = "" if before is None else text.content_hash
        step = Transition(
            qbr=qbr,
            action=action,
            from_state=before or "",
            to_state=after,
            actor=actor,
            actor_name=name,
            comment=f"Standing in for {one.stands_in_for}." if data is place and place else "",
            content_hash=content_hash,
            at=at,
            version=version,
        )
        said: Mapping[str, Any] = (
            {"account": str(qbr.account_id), "quarter": qbr.quarter_label, "origin": qbr.origin}
            if before is None
            else {"account": str(qbr.account_id), "from": before, "to": after, "hash": content_hash, **data}
        )
        rows.append((step, _event(verb, qbr, actor=actor, name=name, at=at, data=said)))
    return rows


def _event(
    verb: str, qbr: QBR, *, actor: User | None, name: str, at: datetime, data: Mapping[str, Any]
) -> AuditEvent:
    return AuditEvent(
        at=at,
        actor=actor,
        actor_name=name,
        verb=verb,
        object_type=qbr._meta.label_lower,
        object_id=str(qbr.pk),
        object_name=str(qbr)[:300],
        data=dict(data),
    )


def _fates(one: Finished, text: _Text) -> list[DraftFate]:
    """Nothing of these drafts was changed on the way to their approval."""
    return [
        DraftFate(
            qbr=text.qbr,
            section=section.key.value,
            author_name=TEMPLATES,
            words=sum(len(block.words.split()) for block in section.text),
            changed=0.0,
            at=one.approved_at,
        )
        for section in text.content.sections
    ]


def _publication(one: Finished, text: _Text, revision: QBRRevision, *, tenant: Tenant) -> Publication:
    """Return the journal's row. What stood on the page was not read back: its words tell that, as of older ones."""
    qbr = text.qbr
    return Publication(
        qbr=qbr,
        qbr_version=4,
        revision=revision,
        content_hash=text.content_hash,
        key=qbr.key,
        stamp=_stamp(text, one, tenant=tenant),
        step=PublishStep.READY,
        page_id=qbr.notion_page_id,
        page_url=qbr.notion_url,
        requested_by=one.owner,
        started_at=one.published_at,
        finished_at=one.published_at,
        end=PublishEnd.PUBLISHED,
        runs=1,
    )


def _agreed(one: Finished, text: _Text, *, settled_at: datetime | None) -> list[Commitment]:
    dice = Random(f"{one.account.name} {text.qbr.quarter_label}")  # noqa: S311
    rows = []
    for position, agreed in enumerate(commitments.agreed(text.content), start=1):
        row = Commitment(
            qbr=text.qbr,
            position=position,
            text=agreed.text,
            owner_name=agreed.owner_name[:300],
            due_on=agreed.due_on,
        )
        if settled_at is not None:
            row.outcome = dice.choice(_OUTCOMES)
            row.settled_by, row.settled_at = one.owner, settled_at
        rows.append(row)
    return rows
