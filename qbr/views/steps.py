"""The buttons of a review: each is one step, taken on the version that the person looked at."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from csm_portal.http import PortalRequest, member
from qbr.forms import (
    AnswerForm,
    ApproveForm,
    CommitmentsForm,
    PublishForm,
    RedraftForm,
    RequestChangesForm,
    StepForm,
    VouchForm,
)
from qbr.models import QBR, Answer, QBRRevision
from qbr.selectors import source_facts
from qbr.services import drafting, editing, moves, publishing
from qbr.services import review as reviewing
from qbr.views.review import look_up, look_up_to_decide, look_up_to_work_on, show
from qbr.workflow import NotAllowed

_NOTHING_CHANGED = "Nothing has changed, so there is no new version."


@require_POST
@member()
def submit(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Hand a draft over for approval."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), StepForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: reviewing.submit(qbr, actor=request.user, version=data["version"], now=now),
        "The review waits for a manager's approval now.",
    )


@require_POST
@member()
def withdraw(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Take a submitted review back."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), StepForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: reviewing.withdraw(qbr, actor=request.user, version=data["version"], now=now),
        "The review is a draft again.",
    )


@require_POST
@member()
def request_changes(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Send a review back with what is to change."""
    qbr, form, now = look_up_to_decide(request, qbr_id), RequestChangesForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: reviewing.request_changes(
            qbr, comment=data["comment"], actor=request.user, version=data["version"], now=now
        ),
        "The review is a draft again, with your words on top of it.",
        name="changes_form",
    )


@require_POST
@member()
def approve(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Approve exactly the text that was shown."""
    qbr, form, now = look_up_to_decide(request, qbr_id), ApproveForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: reviewing.approve(
            qbr,
            content_hash=data["content_hash"],
            actor=request.user,
            version=data["version"],
            now=now,
        ),
        "You approved this text. Publishing it is a click of its own.",
    )


@require_POST
@member()
def publish(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Publish an approved review."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), PublishForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: publishing.ask(
            qbr,
            actor=request.user,
            version=data["version"],
            now=now,
        ),
        "",
        name="publish_form",
    )


@require_POST
@member()
def answer(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Decide what is to become of a page in Notion that somebody has changed."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), AnswerForm(request.POST), timezone.now()

    def settle(data: dict[str, Any]) -> object:
        told = {"question": data["question"], "actor": request.user, "version": data["version"], "now": now}
        if data["answer"] is Answer.KEEP:
            return publishing.keep_theirs(qbr, **told)
        return publishing.ask(qbr, answer=data["answer"], **told)

    is_kept = request.POST.get("answer") == Answer.KEEP
    done = "The page in Notion stays as it is. This version is approved, and not published there."
    return _take(request, qbr, form, settle, done if is_kept else "", name="answer_form")


@require_POST
@member()
def publish_again(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Go on with a publication that was interrupted."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), StepForm(request.POST), timezone.now()
    return _take(request, qbr, form, lambda data: publishing.resume(qbr, actor=request.user, now=now), "")


@require_POST
@member()
def redraft(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Ask for a new draft; the first one again where that did not come about."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), RedraftForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: drafting.redraft(
            qbr, actor=request.user, version=data["version"], now=now, mode=data["mode"]
        ),
        "",
    )


@require_POST
@member()
def refresh(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Bring the figures up to today, and show which of them changed."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), StepForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: editing.refresh_facts(qbr, actor=request.user, version=data["version"], now=now),
        "The figures are those of today. This is what changed; read the sentences around it once more.",
        then=_compared,
        otherwise="No figure has changed since the review was drafted.",
    )


@require_POST
@member()
def vouch(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Give one's word for a figure or a name that no fact carries."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), VouchForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: editing.vouch(
            qbr,
            section=data["section"],
            text=data["text"],
            reason=data["reason"],
            actor=request.user,
            version=data["version"],
            now=now,
        ),
        "Your name stands beside it now.",
        name="vouch_form",
    )


@require_POST
@member()
def settle(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Say what became of the commitments of the previous review."""
    qbr, now = look_up_to_work_on(request, qbr_id), timezone.now()
    form = CommitmentsForm(request.POST, rows=source_facts.commitments_before(qbr))
    return _take(
        request,
        qbr,
        form,
        lambda data: editing.settle(
            qbr, outcomes=form.outcomes(), actor=request.user, version=data["version"], now=now
        ),
        "The table of earlier commitments says so now. Read the sentences around it once more.",
        otherwise=_NOTHING_CHANGED,
        name="commitments_form",
    )


@require_POST
@member()
def restore(request: PortalRequest, qbr_id: UUID, number: int) -> HttpResponse:
    """Make an older version the newest."""
    qbr, form, now = look_up_to_work_on(request, qbr_id), StepForm(request.POST), timezone.now()
    return _take(
        request,
        qbr,
        form,
        lambda data: editing.restore(
            qbr, number=number, actor=request.user, version=data["version"], now=now
        ),
        f"Version {number} is the newest one again.",
        otherwise=_NOTHING_CHANGED,
    )


def _take(
    request: PortalRequest,
    qbr: QBR,
    form: Form,
    step: Callable[[dict[str, Any]], object],
    done: str,
    *,
    otherwise: str = "",
    name: str = "step_form",
    then: Callable[[Any], str] | None = None,
) -> HttpResponse:
    """Take a step and go back to the review; where it is refused, show the review as it is now and say why.

    ``otherwise`` is said where the step had nothing to do; ``then`` says from its result where to go instead.
    """
    if not form.is_valid():
        said = "" if name == "changes_form" else _own_words(form)
        return show(request, qbr, status=422, refusal=_complaint(form), own_words=said, **{name: form})
    try:
        result = step(form.cleaned_data)
    except (moves.OutOfDate, NotAllowed, editing.NothingToVouchFor, editing.UnknownRevision) as error:
        return show(
            request, look_up(request, qbr.pk), status=409, refusal=str(error), own_words=_own_words(form)
        )
    if result is None and otherwise:
        messages.info(request, otherwise)
    elif done:
        messages.success(request, done)
    if result is not None and then is not None:
        return redirect(then(result))
    return redirect("qbr", qbr_id=qbr.pk)


def _compared(saved: QBRRevision) -> str:
    """Return where a new version stands beside the one before it."""
    query = urlencode({"before": saved.number - 1, "after": saved.number})
    return f"{reverse('qbr-compare', args=[saved.qbr_id])}?{query}"


def _own_words(form: Form) -> str:
    """Return what a person wrote into the form, whether or not it was taken: nothing of it is thrown away."""
    return next((str(form[name].data or "") for name in ("comment", "reason") if name in form.fields), "")


def _complaint(form: Form) -> str:
    """Say what is wrong with a form whose fields do not all stand on the page."""
    if "version" in form.errors or "content_hash" in form.errors:
        return "The page that you sent this from was not complete. Look at the review again, then decide."
    return str(next(iter(form.errors.values()))[0])
