"""Files of a review, and the template that slides are made from."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member
from qbr import audience
from qbr.forms import ExportForm, SlideTemplateForm
from qbr.models import SlideTemplate
from qbr.outputs import pptx, template
from qbr.services import exporting, slide_templates
from qbr.views.review import look_up, show
from qbr.workflow import NotAllowed


@require_POST
@member()
def export(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Give one file of the review to whoever may read it; the audit log says who took which."""
    qbr, form = look_up(request, qbr_id), ExportForm(request.POST)
    if not form.is_valid():
        return show(request, qbr, status=422, refusal="Choose one of the files that the page offers.")
    try:
        file = exporting.export(qbr, actor=request.user, now=timezone.now(), **form.cleaned_data)
    except (NotAllowed, audience.NotForCustomers) as refused:
        return show(request, qbr, status=409, refusal=str(refused))
    return _download(file.body, name=file.name, media_type=file.media_type)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN)
def slides(request: PortalRequest) -> HttpResponse:
    """Show which template slides are made from; take another."""
    form = SlideTemplateForm(request.POST, request.FILES) if request.method == "POST" else SlideTemplateForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = slide_templates.replace(
                file.read(), name=file.name, actor=request.user, now=timezone.now()
            )
        except template.Unreadable as unreadable:
            form.add_error("file", str(unreadable))
        else:
            messages.success(request, f"Slides are made from “{kept.name}” from now on.")
            return redirect("qbr-slides")
    in_use = SlideTemplate.objects.select_related("uploaded_by").defer("file").first()
    context = {"form": form, "in_use": in_use}
    return render(request, "qbr/slides.html", context, status=422 if form.errors else 200)


@require_safe
@member(Role.ADMIN)
def slide_template(request: PortalRequest) -> HttpResponse:
    """Give the template in use, to be changed and brought back."""
    return _download(slide_templates.in_use(), name="QBR-template.pptx", media_type=pptx.MEDIA_TYPE)


@require_POST
@member(Role.ADMIN)
def slides_back(request: PortalRequest) -> HttpResponse:
    """Make slides from the portal's own template again."""
    if slide_templates.take_back(actor=request.user, now=timezone.now()):
        messages.success(request, "Slides are made from the portal's own template again.")
    return redirect("qbr-slides")


def _download(body: bytes, *, name: str, media_type: str) -> HttpResponse:
    disposition = content_disposition_header(True, name) or "attachment"
    return HttpResponse(
        body,
        content_type=media_type,
        headers={
            "Content-Disposition": disposition,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        },
    )
