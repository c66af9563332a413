"""A QBR as the agent begins it and hands it on (SPEC 6)."""

from dataclasses import replace

from accounts.models import Account
from csm_portal.agent.orders import Order
from csm_portal.agent.results import QBRAnswer
from csm_portal.core import jobs
from csm_portal.core.models import Job
from csm_portal.ports.errors import PortError, Trouble
from qbr import quarters
from qbr.document import Content, Section
from qbr.models import QBR, Origin
from qbr.quarters import Quarter
from qbr.schemas import QBRPage
from qbr.selectors import current
from qbr.selectors.current import Current
from qbr.services import drafting


class NotYet(ValueError):
    """The quarter has not begun; the message is for whoever asked."""


def generate(account: Account, order: Order) -> QBRAnswer:
    """Begin the review of the quarter and draft it here and now; one that is there is given as it stands.

    Raises NotYet, drafting.NothingToReview, PortError where no text came about.
    """
    quarter = _quarter(order)
    was_there = QBR.objects.filter(account=account, quarter_start=quarter.start).exists()
    begun = drafting.begin(
        account, quarter=quarter, actor=order.actor, origin=Origin.ON_DEMAND, now=order.now
    )
    says = current.latest(begun)
    if says is None and begun.draft_job is not None:
        job = jobs.run_here(begun.draft_job)
        says = current.latest(begun)
        if says is None:
            raise PortError(_why_not(begun, job), trouble=Trouble.UNAVAILABLE, permanent=False)
    if says is None:
        raise PortError("The review is still being drafted.", trouble=Trouble.UNAVAILABLE, permanent=False)
    found = QBR.objects.get(pk=begun.pk)
    return QBRAnswer(
        qbr=page(account, found, says),
        review_id=str(found.pk),
        was_there=was_there,
        # Templates stood in for a model, or a figure could not be traced: somebody has to look.
        confidence="medium" if found.trouble or says.open_findings else "high",
        trouble=found.trouble,
    )


def page(account: Account, qbr: QBR, says: Current) -> QBRPage:
    """Return a review as it leaves the portal: the internal version, in words."""
    return QBRPage(
        account_id=account.notion_page_id,
        account_name=account.name,
        quarter=qbr.quarter_label,
        title=says.content.title,
        status=qbr.state,
        health_score=_score(says),
        created_on=qbr.created_at.astimezone(account.tenant.zone).date(),
        qbr_key=qbr.key,
        author=says.revision.written_by,
        open_findings=says.open_findings,
        sections={section.heading: _lines(says.content, section) for section in says.content.sections},
        notion_page_id=qbr.notion_page_id or None,
        notion_page_url=qbr.notion_url or None,
    )


def _quarter(order: Order) -> Quarter:
    """Return the quarter that is asked for, or the running one. Raises NotYet."""
    running = quarters.requested_period(order.today).quarter
    if order.task.quarter is None:
        return running
    asked = quarters.from_label(order.task.quarter)
    if asked > running:
        raise NotYet(f"{asked.label} has not begun yet. The running quarter is {running.label}.")
    return asked


def _score(says: Current) -> int | None:
    known = says.facts.known("health.score_now")
    return None if known is None else int(str(known.value))


def _lines(content: Content, section: Section) -> list[str]:
    """Return the words of one section, without its heading."""
    return replace(content, sections=(section,), appendix=()).document().plain_lines()[1:]


def _why_not(qbr: QBR, job: Job) -> str:
    trouble = QBR.objects.values_list("trouble", flat=True).get(pk=qbr.pk)
    return (
        trouble or job.error or job.progress_message or "The review is still being drafted; ask again later."
    )
