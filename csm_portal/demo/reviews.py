"""Brings the demo's QBRs into every state, through the services that the pages call."""

from datetime import date, timedelta
from uuid import uuid4

from django.utils import timezone

from accounts.models import Account
from csm_portal.core import jobs
from csm_portal.core.models import Membership, User
from csm_portal.demo import tenants
from qbr.document import SectionKey
from qbr.editing import to_editable
from qbr.models import QBR, Origin
from qbr.modes import Mode
from qbr.quarters import Quarter, quarter_of
from qbr.selectors import current
from qbr.services import deputies, drafting, editing, publishing, remarks, review
from qbr.workflow import Action, NotAllowed, State

_PUBLISHED, _APPROVED, _IN_REVIEW, _SENT_BACK, _DRAFTS = 5, 2, 3, 1, 2


def fill(today: date) -> int:
    """Draft, review, approve and publish some reviews of the quarter just ended; return how many there are."""
    quarter = quarter_of(today).previous
    accounts = list(
        Account.objects.current()
        .filter(owner__isnull=False, health__coverage__gte=0.5)
        .select_related("owner", "tenant")
        .order_by("-arr", "pk")[: _PUBLISHED + _APPROVED + _IN_REVIEW + _SENT_BACK + _DRAFTS]
    )
    manager = tenants.person("manager")
    for place, account in enumerate(accounts):
        _bring(account, place, quarter=quarter, manager=manager)
    _at_risk(accounts, quarter=quarter)
    _late(today, quarter=quarter)
    _away(manager, today)
    return QBR.objects.count()


def _at_risk(others: list[Account], *, quarter: Quarter) -> None:
    """Draft a review whose aim is to win a customer back, for the largest Red account that has none."""
    account = (
        Account.objects.current()
        .filter(owner__isnull=False, health__effective_band="Red", health__coverage__gte=0.5)
        .exclude(pk__in=[other.pk for other in others])
        .select_related("owner", "tenant")
        .order_by("-arr", "pk")
        .first()
    )
    if account is not None:
        qbr = drafting.begin(
            account, quarter=quarter, actor=account.owner, origin=Origin.ON_DEMAND, now=timezone.now(), mode=Mode.AT_RISK
        )  # fmt: skip
        jobs.run(str(qbr.draft_job_id))


def _late(today: date, *, quarter: Quarter) -> None:
    """Let the review that was sent back lie for longer than it should have."""
    sent_back = QBR.objects.filter(
        quarter_start=quarter.start, state=State.DRAFT, transitions__action=Action.REQUEST_CHANGES
    )
    for qbr in sent_back:
        QBR.objects.filter(pk=qbr.pk).update(due_on=today - timedelta(days=4))


def _away(manager: User, today: date) -> None:
    """Have the manager name a deputy for the week after next."""
    deputy = Membership.objects.filter(is_csm=True).exclude(user=manager).order_by("user__name", "pk").first()
    if deputy is not None:
        monday = today + timedelta(days=14 - today.weekday())
        deputies.name(
            deputy=deputy.user,
            starts_on=monday,
            ends_on=monday + timedelta(days=4),
            actor=manager,
            today=today,
            now=timezone.now(),
        )


def _bring(account: Account, place: int, *, quarter: Quarter, manager: User) -> None:
    owner = account.owner
    if owner is None:
        return
    qbr = drafting.begin(account, quarter=quarter, actor=owner, origin=Origin.ON_DEMAND, now=timezone.now())
    jobs.run(str(qbr.draft_job_id))
    qbr.refresh_from_db()
    bounds = _PUBLISHED, _PUBLISHED + _APPROVED, _PUBLISHED + _APPROVED + _IN_REVIEW
    if place >= bounds[2] + _SENT_BACK:
        return
    try:
        review.submit(qbr, actor=owner, version=qbr.version, now=timezone.now())
    except NotAllowed:
        # A figure of this account could not be traced: its draft waits for a person, as it should.
        return
    qbr.refresh_from_db()
    if place >= bounds[1]:
        _talk(qbr, owner=owner, manager=manager, is_settled=place > bounds[1])
    if place >= bounds[2]:
        review.request_changes(
            qbr,
            comment="Please say what we agreed about training before this goes out.",
            actor=manager,
            version=qbr.version,
            now=timezone.now(),
        )
        _rewrite(qbr, owner=owner)
    if place >= bounds[1]:
        return
    shown = qbr.revisions.order_by("-number")[0].content_hash
    review.approve(qbr, content_hash=shown, actor=manager, version=qbr.version, now=timezone.now())
    qbr.refresh_from_db()
    if place >= bounds[0]:
        return
    publishing.ask(qbr, actor=owner, version=qbr.version, now=timezone.now())
    qbr.refresh_from_db()
    jobs.run(str(qbr.publish_job_id))


def _talk(qbr: QBR, *, owner: User, manager: User, is_settled: bool) -> None:
    """Have the manager ask about the first passage, and the CSM answer; the last question stays open."""
    told = [(SectionKey.ROI, "Have they confirmed this themselves? Say who.", is_settled)]
    if is_settled:
        told.append((SectionKey.NEXT_STEPS, "Who on their side owns this?", False))
    for section, question, is_over in told:
        thread = remarks.start(
            qbr,
            section=section,
            block=0,
            quote="",
            revision=1,
            body=question,
            key=uuid4(),
            actor=manager,
            now=timezone.now(),
        )
        if is_over:
            remarks.answer(
                thread,
                body="Yes, their project lead did, in our last call.",
                key=uuid4(),
                actor=owner,
                now=timezone.now(),
            )
            remarks.resolve(thread, actor=manager, now=timezone.now())


def _rewrite(qbr: QBR, *, owner: User) -> None:
    """Have the CSM answer the wish for changes with a version of their own."""
    qbr.refresh_from_db()
    text = current.latest(qbr)
    if text is None:
        return
    written = to_editable(text.content.section(SectionKey.NEXT_STEPS))
    editing.save_section(
        qbr,
        section=SectionKey.NEXT_STEPS,
        text=f"We agreed on a training for everybody who plans with the product.\n\n{written}",
        actor=owner,
        version=qbr.version,
        now=timezone.now(),
    )
