"""Comments on passages: begun, answered, resolved, opened again."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from csm_portal.http import PortalRequest, is_partial, member
from qbr.editor_forms import AnswerRemarkForm, RemarkForm
from qbr.models import QBR, Thread
from qbr.selectors import current
from qbr.selectors import remarks as selector
from qbr.services import remarks
from qbr.views.review import look_up, look_up_to_talk_about, show


@require_http_methods(["GET", "HEAD", "POST"])
@member()
def comment(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Ask for a comment on the passage that the address names (``on``, ``quote``); take it."""
    qbr = look_up_to_talk_about(request, qbr_id)
    if request.method != "POST":
        return _asked(request, qbr)
    form = RemarkForm(request.POST)
    if not form.is_valid():
        return _show(request, qbr, form, status=422)
    try:
        thread = remarks.start(qbr, actor=request.user, now=timezone.now(), **form.cleaned_data)
    except (remarks.NoSuchPassage, remarks.AnotherRemark) as refused:
        return _show(request, qbr, form, status=409, refusal=str(refused))
    return redirect(_place(thread))


@require_POST
@member()
def answer(request: PortalRequest, qbr_id: UUID, thread_id: UUID) -> HttpResponse:
    """Say something in a thread."""
    thread, form = _look_up(request, qbr_id, thread_id), AnswerRemarkForm(request.POST)
    if not form.is_valid():
        return _thread(request, thread, status=422, answer_form=form)
    return _take(
        request,
        thread,
        lambda: remarks.answer(thread, actor=request.user, now=timezone.now(), **form.cleaned_data),
    )


@require_POST
@member()
def resolve(request: PortalRequest, qbr_id: UUID, thread_id: UUID) -> HttpResponse:
    """Settle a thread."""
    thread = _look_up(request, qbr_id, thread_id)
    return _take(request, thread, lambda: remarks.resolve(thread, actor=request.user, now=timezone.now()))


@require_POST
@member()
def reopen(request: PortalRequest, qbr_id: UUID, thread_id: UUID) -> HttpResponse:
    """Open a resolved thread again."""
    thread = _look_up(request, qbr_id, thread_id)
    return _take(request, thread, lambda: remarks.reopen(thread, actor=request.user, now=timezone.now()))


def _look_up(request: PortalRequest, qbr_id: UUID, thread_id: UUID) -> Thread:
    qbr = look_up_to_talk_about(request, qbr_id)
    found: Thread = get_object_or_404(
        Thread.objects.select_related("qbr__account__tenant"), pk=thread_id, qbr=qbr
    )
    return found


def _asked(request: PortalRequest, qbr: QBR) -> HttpResponse:
    text = current.latest(qbr)
    passage = None
    if text is not None:
        passage = selector.passage(
            text.content, on=request.GET.get("on", ""), quote=request.GET.get("quote", "")[:20_000]
        )
    if text is None or passage is None:
        return redirect("qbr", qbr_id=qbr.pk)
    told = {
        "section": passage.section.value,
        "block": passage.block,
        "quote": passage.quote,
        "revision": text.revision.number,
    }
    return _show(request, qbr, RemarkForm(initial=told))


def _show(
    request: PortalRequest, qbr: QBR, form: RemarkForm, *, status: int = 200, refusal: str = ""
) -> HttpResponse:
    """Show the form: alone where a fragment is asked for, else on the page of the review."""
    if is_partial(request):
        return render(
            request, "qbr/remarks.html#comment-form", {"qbr": qbr, "remark_form": form}, status=status
        )
    return show(request, look_up(request, qbr.pk), status=status, refusal=refusal, remark_form=form)


def _take(request: PortalRequest, thread: Thread, step: Callable[[], object]) -> HttpResponse:
    try:
        step()
    except (remarks.NotAsSeen, remarks.AnotherRemark) as refused:
        return _thread(request, thread, status=409, refusal=str(refused))
    return _thread(request, thread) if is_partial(request) else redirect(_place(thread))


def _thread(request: PortalRequest, thread: Thread, *, status: int = 200, **more: Any) -> HttpResponse:
    """Answer with the thread as it is now: alone, or on the page of its review."""
    if not is_partial(request):
        form = more.get("answer_form")
        refusal = more.get("refusal") or (
            str(form.errors["body"][0]) if form and "body" in form.errors else ""
        )
        said = request.POST.get("body", "")
        return show(
            request,
            look_up(request, thread.qbr_id),
            status=status,
            refusal=refusal or "Nothing was said. Look at the comment again.",
            own_words=said,
        )
    text = current.latest(thread.qbr)
    shown = () if text is None else selector.threads(thread.qbr, text.content)
    context = {
        "qbr": thread.qbr,
        "shown": next((one for one in shown if one.thread.pk == thread.pk), None),
        "open_threads": sum(one.is_open for one in shown),
        "may_comment": True,
        **more,
    }
    return render(request, "qbr/remarks.html#thread-answer", context, status=status)


def _place(thread: Thread) -> str:
    return f"{reverse('qbr', args=[thread.qbr_id])}#thread-{thread.pk}"
