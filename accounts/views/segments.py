"""The page of one segment's rule: made, changed, moved and deleted, each tried on the whole book before (SPEC 3.6)."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.scoring.segments import NoSuchSegment
from accounts.segment_form import SegmentForm
from accounts.selectors import segment_choices
from accounts.selectors import thresholds as selector
from accounts.selectors.thresholds import InForce
from accounts.services import policies
from accounts.views import thresholds
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, is_partial, member

TEMPLATE = "accounts/segment.html"


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN)
def segment(request: PortalRequest) -> HttpResponse:
    """Show the rule of a segment, or an empty one; a POST makes a new version of the policy with it."""
    force = selector.in_force()
    if request.method == "POST":
        return _save(request, force)
    name = request.GET.get("segment", "")
    form = _form(force, name)
    form.initial = {**form.initial_of(), "expected_number": force.number}
    return _page(request, form, force, name)


@require_POST
@member(Role.ADMIN)
def segment_try(request: PortalRequest) -> HttpResponse:
    """Show what the rule in the form would do to the whole book, and to one account; nothing is saved."""
    force = selector.in_force()
    name = request.POST.get("segment", "")
    form = _form(force, name, request.POST)
    book = form.tried()
    context = thresholds.trial_context(request, book)
    if is_partial(request):
        return render(request, thresholds.TRIAL, context)
    if book is not None:
        # What is only missing for saving is no error yet.
        form = _form(force, name)
        form.initial = {**request.POST.dict(), **{key: request.POST.getlist(key) for key in _LISTS}}
    return _page(request, form, force, name, status=200 if book is not None else 422, **context)


_LISTS = ("segments", "stages", "owners")


def _form(force: InForce, name: str, data: Any = None) -> SegmentForm:
    try:
        return SegmentForm(data, book=force.book, name=name, choices=segment_choices.choices())
    except NoSuchSegment as error:
        raise Http404(str(error)) from error


def _save(request: PortalRequest, force: InForce) -> HttpResponse:
    name = request.POST.get("segment", "")
    form = _form(force, name, request.POST)
    if not form.is_valid():
        return _page(request, form, force, name, status=422)
    try:
        version = policies.save_book(
            form.book(),
            actor=request.user,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
            expected_number=form.cleaned_data["expected_number"],
        )
    except policies.Stale as stale:
        data = request.POST.copy()
        data["expected_number"] = str(stale.newest.number)
        newest = InForce(number=stale.newest.number, book=stale.newest.book())
        return _page(request, _form(newest, name, data), newest, name, status=409, newest=stale.newest)
    except (policies.Unchanged, policies.NoReason) as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, force, name, status=422)
    what = "deleted" if form.deletes else "in force"
    messages.success(request, f"The rule is {what}, with version {version.number} of the thresholds.")
    return thresholds.to_thresholds(request)


def _page(
    request: PortalRequest, form: SegmentForm, force: InForce, name: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"form": form, "number": force.number, "name": name, **more}
    return render(request, TEMPLATE, context, status=status)
