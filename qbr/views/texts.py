"""The editor of a section: saved as a version, kept while it is typed, and never over another's words."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from csm_portal.http import PortalRequest, is_partial, member
from qbr import editing
from qbr.document import SectionKey, Version
from qbr.editor_forms import DiscardForm, KeepForm, SectionForm
from qbr.models import QBR, WorkingCopy
from qbr.selectors import current
from qbr.selectors import editor as selector
from qbr.selectors.current import Current
from qbr.selectors.editor import Conflict, EditorPage
from qbr.services import copies, moves
from qbr.services import editing as service
from qbr.views.review import look_up_to_work_on
from qbr.workflow import NotAllowed, State


@require_http_methods(["GET", "HEAD", "POST"])
@member()
def edit(request: PortalRequest, qbr_id: UUID, section: str) -> HttpResponse:
    """Show the text of a section to be changed; check it, merge it, or save it as a version of its own."""
    qbr, key = look_up_to_work_on(request, qbr_id), section_key(section)
    text = current.latest(qbr)
    if text is None or qbr.state == State.PUBLISHING:
        messages.info(
            request, "The portal is at work on this review. Its text can be changed when that is done."
        )
        return redirect("qbr", qbr_id=qbr.pk)
    if request.method != "POST":
        return _opened(request, qbr, text, key)
    form = SectionForm(request.POST, keep_url=_keep_url(qbr, key))
    if not form.is_valid():
        return _show(request, qbr, _page(request, qbr, text, key), form, None, status=422)
    mine = form.cleaned_data["text"]
    if "check" in request.POST:
        return _show(request, qbr, _page(request, qbr, text, key), form, mine, said=True)
    if "merge" in request.POST:
        return _merged(request, qbr, text, key, form)
    try:
        saved = service.save_section(
            qbr,
            section=key,
            text=mine,
            actor=request.user,
            version=form.cleaned_data["version"],
            base=form.weighed,
            window=form.window,
            now=timezone.now(),
        )
    except moves.OutOfDate:
        return _overtaken(request, qbr.pk, key, form)
    except NotAllowed as error:
        page = _page(request, qbr, text, key)
        return _show(request, qbr, page, form, mine, status=409, refusal=str(error))
    if saved is None:
        messages.info(request, "You changed nothing, so there is no new version.")
    else:
        messages.success(request, "Your text is saved as a new version.")
    return redirect(f"{reverse('qbr', args=[qbr.pk])}#{key.value}")


@require_POST
@member()
def keep(request: PortalRequest, qbr_id: UUID, section: str) -> HttpResponse:
    """Keep what is typed for the person who types it, and show how it reads."""
    qbr, key = look_up_to_work_on(request, qbr_id), section_key(section)
    form = KeepForm(request.POST)
    text = current.latest(qbr)
    if text is None:
        raise Http404
    if not form.is_valid() or form.window is None:
        return render(request, "qbr/kept.html#refused", {"form": form}, status=422)
    told: dict[str, Any] = {"form": form, "qbr": qbr, "section": text.content.section(key)}
    try:
        told["copy"] = copies.keep(
            qbr,
            section=key,
            text=form.cleaned_data["text"],
            base=form.cleaned_data["base"],
            window=form.window,
            actor=request.user,
            now=timezone.now(),
        )
    except copies.NoSuchBase as error:
        if is_partial(request):
            return render(request, "qbr/kept.html#refused", {"refusal": str(error)}, status=422)
        return _overtaken(request, qbr.pk, key, form, refusal=str(error), status=422)
    except copies.KeptElsewhere as elsewhere:
        told["elsewhere"] = elsewhere.copy
    status = 409 if "elsewhere" in told else 200
    if "leaving" in request.POST:
        return HttpResponse(status=204)
    if not is_partial(request):
        if status == 409:
            return _opened(request, qbr, text, key, mine=form, status=409)
        messages.success(request, "Your text is kept. Only you see it until you save it as a version.")
        return redirect("qbr-edit", qbr_id=qbr.pk, section=key.value)
    told["checked"] = selector.checked(text, key, form.cleaned_data["text"], form.version_shown)
    return render(request, "qbr/kept.html#answer", told, status=status)


@require_POST
@member()
def discard(request: PortalRequest, qbr_id: UUID, section: str) -> HttpResponse:
    """Throw one's own unsaved text away, and show what the review says."""
    qbr, key = look_up_to_work_on(request, qbr_id), section_key(section)
    form = DiscardForm(request.POST)
    is_gone = form.is_valid() and copies.discard(
        qbr, section=key, serial=form.cleaned_data["serial"], actor=request.user, now=timezone.now()
    )
    if is_gone:
        messages.success(request, "Your unsaved text is thrown away. This is what the review says.")
    else:
        messages.info(request, "Your unsaved text is another one by now, so it was kept. This is it.")
    return redirect("qbr-edit", qbr_id=qbr.pk, section=key.value)


def section_key(section: str) -> SectionKey:
    """Return the section that an address names. Raises Http404 where there is none."""
    try:
        return SectionKey(section)
    except ValueError as error:
        raise Http404 from error


def _opened(
    request: PortalRequest,
    qbr: QBR,
    text: Current,
    key: SectionKey,
    *,
    mine: SectionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a section as its person left it; ``mine`` is what they typed in this window where another has other words."""
    page = _page(request, qbr, text, key)
    copy = page.copy
    written, base = page.saved, text.revision.number
    if mine is not None:
        written, base = mine.cleaned_data["text"], mine.cleaned_data["base"]
    elif copy is not None:
        written, base = copy.text, copy.base
    begun = page.saved if base == text.revision.number else selector.begun_with(qbr, key, base)
    conflict = None
    if mine is not None and copy is not None:
        conflict = selector.conflict(
            base=begun, mine=written, theirs=copy.text, who=str(request.user), at=copy.kept_at, is_own=True
        )
    elif begun != page.saved:
        conflict = _against_saved(page, begun, written)
    form = _form(qbr, key, text=written, base=base, seen=copy.serial if copy is not None else 0)
    return _show(request, qbr, page, form, written, status=status, conflict=conflict)


def _overtaken(
    request: PortalRequest,
    qbr_id: UUID,
    key: SectionKey,
    sent: SectionForm,
    *,
    refusal: str = "",
    status: int = 409,
) -> HttpResponse:
    """Show both texts; saving again is then a decision made in knowledge of the other one."""
    qbr = look_up_to_work_on(request, qbr_id)
    text = current.latest(qbr)
    if text is None:
        raise Http404
    page = _page(request, qbr, text, key)
    mine, base = sent.cleaned_data["text"], sent.cleaned_data["base"]
    begun = selector.begun_with(qbr, key, base)
    conflict = _against_saved(page, begun, mine)
    # What the text was made from stays: a merge needs it, and so does whoever opens what is kept of it later. A
    # version that there is not is no beginning: from here on it is the one that stands beside the text.
    form = _form(
        qbr,
        key,
        text=mine,
        base=base if begun else text.revision.number,
        sent=sent,
        shown=text.revision.number,
    )
    return _show(request, qbr, page, form, mine, status=status, conflict=conflict, refusal=refusal)


def _merged(
    request: PortalRequest, qbr: QBR, text: Current, key: SectionKey, sent: SectionForm
) -> HttpResponse:
    """Show one text made of both, to be read and saved; nothing is saved by it."""
    page = _page(request, qbr, text, key)
    is_own = request.POST["merge"] == "copy" and page.copy is not None
    theirs = page.copy.text if is_own and page.copy is not None else page.saved
    base = sent.cleaned_data["base"]
    merged = selector.merged(
        base=selector.begun_with(qbr, key, base), mine=sent.cleaned_data["text"], theirs=theirs
    )
    both = editing.joined(merged.passages)
    form = _form(
        qbr,
        key,
        text=both,
        base=base if is_own else text.revision.number,
        sent=sent,
        seen=page.copy.serial if is_own and page.copy is not None else None,
    )
    return _show(request, qbr, page, form, both, merged=merged)


def _against_saved(page: EditorPage, begun: str, mine: str) -> Conflict:
    last = page.last_step
    return selector.conflict(
        base=begun,
        mine=mine,
        theirs=page.saved,
        who=last.actor_name if last is not None else "Somebody",
        at=last.at if last is not None else None,
    )


def _form(
    qbr: QBR,
    key: SectionKey,
    *,
    text: str,
    base: int | None,
    sent: SectionForm | None = None,
    seen: int | None = None,
    shown: int | None = None,
) -> SectionForm:
    """Return the form for a text; a page that answers what was sent goes on as the same window."""
    was: dict[str, Any] = {} if sent is None else sent.cleaned_data
    told = {
        "tab": was.get("tab") or uuid4(),
        "turn": was.get("turn") or 0,
        "reader": was.get("reader") or Version.INTERNAL.value,
        "seen": (was.get("seen") or 0) if seen is None else seen,
    }
    initial = {"text": text, "base": base, "version": qbr.version, "shown": shown, **told}
    return SectionForm(initial=initial, keep_url=_keep_url(qbr, key))


def _page(request: PortalRequest, qbr: QBR, text: Current, key: SectionKey) -> EditorPage:
    return selector.editor(
        qbr, request.membership, text=text, section=key, user=request.user, now=timezone.now()
    )


def _keep_url(qbr: QBR, key: SectionKey) -> str:
    return reverse("qbr-keep", args=[qbr.pk, key.value])


def _show(
    request: PortalRequest,
    qbr: QBR,
    page: EditorPage,
    form: SectionForm,
    written: str | None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render the editor; ``written`` is what it reads like, None where it could not be read."""
    reader = form.version_shown if form.is_bound else Version(form.initial["reader"])
    key = page.section.key
    checked = None if written is None else selector.checked(page.text, key, written, reader)
    copy: WorkingCopy | None = page.copy
    context = {
        "qbr": qbr,
        "account": qbr.account,
        "page": page,
        "section": page.section,
        "form": form,
        "checked": checked,
        # What the field holds is not what the review says, and nobody but this person has it.
        "left": copy if copy is not None and written == copy.text != page.saved else None,
        "saved_copy": copy,
        **more,
    }
    template = "qbr/edit.html" + ("#checked" if is_partial(request) else "")
    return render(request, template, context, status=status)
