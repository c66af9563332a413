"""Brings the demo's QBRs into every state, through the services that the pages call."""

from datetime import date

from django.utils import timezone

from accounts.models import Account
from csm_portal.core import jobs
from csm_portal.core.models import User
from csm_portal.demo import tenants
from qbr.models import QBR, Origin
from qbr.quarters import Quarter, quarter_of
from qbr.services import drafting, publishing, review
from qbr.workflow import NotAllowed

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
    return QBR.objects.count()


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
    if place >= bounds[2]:
        review.request_changes(
            qbr,
            comment="Please say what we agreed about training before this goes out.",
            actor=manager,
            version=qbr.version,
            now=timezone.now(),
        )
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
