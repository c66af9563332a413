"""Older versions, and any two of them beside each other."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from csm_portal.http import PortalRequest, member
from qbr import preview
from qbr.document import Version
from qbr.grounding import check
from qbr.models import QBRRevision
from qbr.selectors import current
from qbr.selectors import page as review_page
from qbr.selectors import versions as selector
from qbr.views.review import look_up
from qbr.workflow import Action


@require_safe
@member()
def revision(request: PortalRequest, qbr_id: UUID, number: int) -> HttpResponse:
    """Show an older version, and what it changed."""
    qbr = look_up(request, qbr_id)
    found = QBRRevision.objects.filter(qbr=qbr, number=number).select_related("author").first()
    if found is None:
        raise Http404
    text = current.of_revision(found)
    versions = selector.named(qbr)
    page = review_page.review(qbr, request.membership, now=timezone.now())
    before = _number(request, "against", number - 1)
    context = {
        "qbr": qbr,
        "account": qbr.account,
        "revision": found,
        "parts": preview.parts(text.content, Version.INTERNAL, known=check.prepare(text.facts)),
        "compared": selector.compare(qbr, versions, before=before, after=number) if before else None,
        "versions": versions,
        "is_latest": versions[0].number == number,
        "may_restore": Action.RESTORE in page.allowed,
    }
    return render(request, "qbr/revision.html", context)


@require_safe
@member()
def compare(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Show two versions beside each other: the first and the newest where nothing else is asked for."""
    qbr = look_up(request, qbr_id)
    versions = selector.named(qbr)
    if not versions:
        raise Http404
    before = _number(request, "before", versions[-1].number)
    after = _number(request, "after", versions[0].number)
    page = selector.compare(qbr, versions, before=before, after=after)
    if page is None:
        raise Http404
    context = {
        "qbr": qbr,
        "account": qbr.account,
        "page": page,
        "shows_all": request.GET.get("all") == "1",
    }
    return render(request, "qbr/compare.html", context)


def _number(request: PortalRequest, name: str, otherwise: int) -> int:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else otherwise
