"""Changing the text of a section, and looking at older versions."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from csm_portal.http import PortalRequest, is_partial, member
from qbr import comparison, editing, preview, vouching, workflow
from qbr.comparison import Line
from qbr.document import Content, Section, SectionKey, Version
from qbr.facts import FactSheet
from qbr.forms import SectionForm
from qbr.grounding import check
from qbr.models import QBR, QBRRevision, Transition
from qbr.preview import Part
from qbr.selectors import current
from qbr.selectors import page as selector
from qbr.selectors.current import Current
from qbr.services import editing as service
from qbr.services import moves
from qbr.views.review import look_up, look_up_to_work_on
from qbr.workflow import Action, NotAllowed, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A section as it would read: its text with what is traced and what is not."""

    part: Part
    findings: tuple[check.Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """What somebody else made of a section meanwhile, and how the person's own text differs from it."""

    who: str
    theirs: str
    lines: tuple[Line, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@member()
def edit(request: PortalRequest, qbr_id: UUID, section: str) -> HttpResponse:
    """Show the text of a section to be changed; check it, or save it as a version of its own."""
    qbr = look_up_to_work_on(request, qbr_id)
    key = _key(section)
    text = current.latest(qbr)
    if text is None or qbr.state == State.PUBLISHING:
        messages.info(
            request, "The portal is at work on this review. Its text can be changed when that is done."
        )
        return redirect("qbr", qbr_id=qbr.pk)
    if request.method != "POST":
        written = editing.to_editable(text.content.section(key))
        form = SectionForm(initial={"text": written, "version": qbr.version})
        return _page(request, qbr, text, key, form, _checked(text, key, written))
    form = SectionForm(request.POST)
    if not form.is_valid():
        return _page(request, qbr, text, key, form, None, status=422)
    mine, version = form.cleaned_data["text"], form.cleaned_data["version"]
    if "check" in request.POST:
        return _page(request, qbr, text, key, form, _checked(text, key, mine))
    try:
        saved = service.save_section(
            qbr, section=key, text=mine, actor=request.user, version=version, now=timezone.now()
        )
    except moves.OutOfDate:
        return _conflict(request, qbr.pk, key, mine)
    except NotAllowed as error:
        return _page(request, qbr, text, key, form, None, status=409, refusal=str(error))
    if saved is None:
        messages.info(request, "You changed nothing, so there is no new version.")
    else:
        messages.success(request, "Your text is saved as a new version.")
    return redirect(f"{reverse('qbr', args=[qbr.pk])}#{key.value}")


@require_safe
@member()
def revision(request: PortalRequest, qbr_id: UUID, number: int) -> HttpResponse:
    """Show an older version, and what it changed."""
    qbr = look_up(request, qbr_id)
    found = QBRRevision.objects.filter(qbr=qbr, number=number).select_related("author").first()
    if found is None:
        raise Http404
    text = current.of_revision(found)
    against = _against(request, number)
    other = QBRRevision.objects.filter(qbr=qbr, number=against).first() if against else None
    page = selector.review(qbr, request.membership, now=timezone.now())
    context = {
        "qbr": qbr,
        "account": qbr.account,
        "revision": found,
        "parts": preview.parts(text.content, Version.INTERNAL, known=check.prepare(text.facts)),
        "other": other,
        "lines": () if other is None else _difference(other, found),
        "revisions": page.revisions,
        "is_latest": page.revisions[0].number == number,
        "may_restore": Action.RESTORE in page.allowed,
    }
    return render(request, "qbr/revision.html", context)


def _key(section: str) -> SectionKey:
    try:
        return SectionKey(section)
    except ValueError as error:
        raise Http404 from error


def _checked(text: Current, key: SectionKey, written: str) -> Checked:
    section = editing.from_editable(written, text.facts, text.content.section(key))
    return _read(section, text.facts, text)


def _read(section: Section, facts: FactSheet, text: Current) -> Checked:
    content = text.content.with_section(section)
    found = [one for one in check.check(content, facts) if one.section == section.key]
    findings = vouching.answered(content, found, current.given(text.vouches))
    part = preview.section_part(section, known=check.prepare(facts), findings=findings)
    return Checked(part=part, findings=findings)


def _conflict(request: PortalRequest, qbr_id: UUID, key: SectionKey, mine: str) -> HttpResponse:
    """Show both texts; saving again is then a decision made in knowledge of the other one."""
    qbr = look_up_to_work_on(request, qbr_id)
    text = current.latest(qbr)
    last = Transition.objects.filter(qbr=qbr).order_by("-version").first()
    if text is None:
        raise Http404
    theirs = editing.to_editable(text.content.section(key))
    form = SectionForm({"text": mine, "version": qbr.version})
    form.is_valid()
    conflict = Conflict(
        who=last.actor_name if last is not None else "Somebody",
        theirs=theirs,
        lines=comparison.lines(theirs.splitlines(), mine.splitlines()),
    )
    return _page(request, qbr, text, key, form, _checked(text, key, mine), status=409, conflict=conflict)


def _page(
    request: PortalRequest,
    qbr: QBR,
    text: Current,
    key: SectionKey,
    form: SectionForm,
    checked: Checked | None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    section = text.content.section(key)
    standing = selector.standing(qbr, request.membership)
    context = {
        "qbr": qbr,
        "account": qbr.account,
        "section": section,
        "form": form,
        "checked": checked,
        "facts": selector.known_facts(text),
        "voids": qbr.state != State.DRAFT,
        "loses_approval": standing.is_manager
        and workflow.refusal(Action.APPROVE, State.IN_REVIEW, standing) is None,
        "state_label": workflow.STATE_LABELS[State(qbr.state)].lower(),
        **more,
    }
    template = "qbr/edit.html" + ("#checked" if is_partial(request) else "")
    return render(request, template, context, status=status)


def _against(request: PortalRequest, number: int) -> int:
    asked = request.GET.get("against", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else number - 1


def _difference(before: QBRRevision, after: QBRRevision) -> tuple[Line, ...]:
    old, new = (Content.from_json(revision.content).document().plain_lines() for revision in (before, after))
    return comparison.lines(old, new)
