"""The page of one review, and the progress of what works on it."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member
from qbr import policies
from qbr.document import Version
from qbr.forms import (
    MODES,
    AnswerForm,
    ApproveForm,
    CommitmentsForm,
    ExportForm,
    PublishForm,
    RequestChangesForm,
    StepForm,
)
from qbr.models import QBR
from qbr.selectors import deputies, publishing
from qbr.selectors import page as selector
from qbr.services import exporting
from qbr.workflow import State


def look_up(request: PortalRequest, qbr_id: UUID) -> QBR:
    """Return a review that the member may read, with what its page needs; anything else is not there."""
    found: QBR = get_object_or_404(
        QBR.objects.visible_to(request.membership).select_related(
            "account__tenant",
            "account__owner",
            "requested_by",
            "submitted_by",
            "approved_by",
            "draft_job",
            "publish_job",
        ),
        pk=qbr_id,
    )
    return found


def look_up_to_work_on(request: PortalRequest, qbr_id: UUID) -> QBR:
    """Return a review that the member has a part in; a colleague without one is refused."""
    found = look_up(request, qbr_id)
    if not policies.works_on(request.membership, found):
        raise PermissionDenied
    return found


def look_up_to_talk_about(request: PortalRequest, qbr_id: UUID) -> QBR:
    """Return a review that the member has a part in, if only in the place of a manager who is away."""
    found = look_up(request, qbr_id)
    if not policies.works_on(request.membership, found):
        _require_deputy(request)
    return found


def look_up_to_decide(request: PortalRequest, qbr_id: UUID) -> QBR:
    """Return a review that the member may decide on by role: a manager, or whoever stands in for one today.

    Whether they may decide on this one is the table's to say (four eyes).
    """
    found = look_up(request, qbr_id)
    if Role.MANAGER not in request.membership.roles:
        _require_deputy(request)
    return found


def _require_deputy(request: PortalRequest) -> None:
    today = timezone.localdate(timezone=request.tenant.zone)
    if not deputies.stood_in_for(request.membership, on=today):
        raise PermissionDenied


@require_safe
@member()
def review(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Show one review."""
    return show(request, look_up(request, qbr_id))


@require_safe
@member()
def progress(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Answer a poll: the progress while a job works on the review, then the whole page anew."""
    qbr = look_up(request, qbr_id)
    is_publishing = qbr.state == State.PUBLISHING
    job = qbr.publish_job if is_publishing else qbr.draft_job
    if job is None or job.is_over:
        return HttpResponseClientRefresh() if is_partial(request) else show(request, qbr)
    publication = publishing.last(qbr) if is_publishing else None
    under_way = publishing.under_way(publication, job, now=timezone.now()) if publication else None
    return render(request, "qbr/review.html#progress", {"job": job, "qbr": qbr, "under_way": under_way})


def show(
    request: PortalRequest,
    qbr: QBR,
    *,
    status: int = 200,
    refusal: str = "",
    own_words: str = "",
    **bound: Form,
) -> HttpResponse:
    """Render the page; ``refusal`` says why what was just asked for was not done, ``bound`` are forms with errors.

    ``own_words`` is what the person had written with it, where the form that it belongs into may be gone.
    """
    version = Version.CUSTOMER if request.GET.get("version") == Version.CUSTOMER else Version.INTERNAL
    now = timezone.now()
    page = selector.review(qbr, request.membership, version=version, now=now)
    while page.is_overtaken:
        # A person acts on the version that the page carries: it has to be the one of the text beside it.
        qbr = look_up(request, qbr.pk)
        page = selector.review(qbr, request.membership, version=version, now=now)
    step = {"version": qbr.version}
    context: dict[str, Any] = {
        "page": page,
        "qbr": qbr,
        "account": qbr.account,
        "refusal": refusal,
        "own_words": own_words,
        "step_form": StepForm(initial=step),
        "modes": MODES,
        "publish_form": PublishForm(initial=step),
        "under_way": page.under_way,
        "job": page.job,
        "changes_form": RequestChangesForm(initial=step),
        "tabs": _tabs(version),
        "is_own": qbr.account.owner_id == request.user.pk,
    }
    if page.question is not None:
        context["answer_form"] = AnswerForm(initial={**step, "question": page.question.id})
    if page.text is not None:
        content_hash = page.text.revision.content_hash
        context["approve_form"] = ApproveForm(initial={**step, "content_hash": content_hash})
        context["is_approved"] = exporting.is_approved(qbr, page.text)
        context["export_form"] = ExportForm(initial={"version": _offered(context["is_approved"])})
        context["commitments_form"] = CommitmentsForm(initial=step, rows=page.commitments)
    return render(request, "qbr/review.html", {**context, **bound}, status=status)


def _offered(is_approved: bool) -> str:
    """Return the version that a download begins with: the customer's once they may have it (SPEC P5, 6.1)."""
    return Version.CUSTOMER.value if is_approved else Version.INTERNAL.value


def _tabs(version: Version) -> list[dict[str, Any]]:
    return [
        {"label": "As Notion gets it", "url": "?", "is_current": version is Version.INTERNAL},
        {
            "label": "As the customer reads it",
            "url": f"?version={Version.CUSTOMER.value}",
            "is_current": version is Version.CUSTOMER,
        },
    ]
