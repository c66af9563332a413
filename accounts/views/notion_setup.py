"""The Notion page of an admin: the settings, what the last check found, which property feeds which field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.forms import CreatePropertiesForm, MappingForm, NotionForm
from accounts.roi_forms import ROIFactForms, roi_formset
from accounts.selectors import setup
from accounts.selectors.setup import SetupPage
from accounts.services import connection, mapping, preview, roi_mapping
from accounts.services.connection import Candidate
from csm_portal.core import audit, jobs
from csm_portal.core.models import Job, Role
from csm_portal.http import PortalRequest, is_partial, member

_TEMPLATE = "accounts/notion_setup.html"
_WHERE_IT_STANDS = (
    "It begins with ntn_ and stands on the integration's page in Notion. The portal keeps it encrypted, and no page shows "
    "it again."
)
_NO_PROPERTIES_YET = "The properties are not known yet. Let the portal check the settings first."


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN)
def notion_setup(request: PortalRequest) -> HttpResponse:
    """Show the page; put the settings that are sent on trial."""
    page = setup.page()
    if request.method != "POST":
        is_poll = is_partial(request)
        context = _context(page, has_ended="watching" in request.GET)
        # Settings, properties and rows stand elsewhere on the page than the check that is swapped, and change with it.
        template = _TEMPLATE + ("#checked" if is_poll else "")
        return render(request, template, {**context, "is_beside": is_poll})
    candidate = connection.candidate_of(page.connection)
    form = NotionForm(request.POST, **_given(page, candidate))
    _ask_for_database(form)
    if not form.is_valid():
        return _again(request, "settings", _context(page, form=form))
    now = timezone.now()
    with transaction.atomic():
        saved = connection.save(form.wanted(), actor=request.user, now=now)
        job = _ask_for_check(request, now, candidate=saved.candidate)
        if not saved.changed and not saved.candidate:
            audit.record("notion.check_requested", job, actor=request.user, at=now)
    if saved.candidate:
        messages.info(
            request, "The portal tries the new settings. They count as soon as Notion accepts them."
        )
    elif saved.changed:
        messages.success(request, "The settings are saved.")
    else:
        messages.info(request, "Nothing was changed. The check is made again.")
    return _to_page(request)


@require_POST
@member(Role.ADMIN)
def notion_check(request: PortalRequest) -> HttpResponse:
    """Check the set-up again, settings on trial first."""
    now = timezone.now()
    candidate = connection.candidate_of(connection.current())
    with transaction.atomic():
        job = _ask_for_check(request, now, candidate=candidate.number if candidate else "")
        audit.record("notion.check_requested", job, actor=request.user, at=now)
    return _to_page(request)


@require_POST
@member(Role.ADMIN)
def notion_candidate(request: PortalRequest) -> HttpResponse:
    """Use the settings on trial although Notion cannot be asked (``use``), or forget them."""
    now = timezone.now()
    if "use" not in request.POST:
        if connection.discard(actor=request.user, now=now):
            messages.success(request, "The new settings are discarded. Those in use stay as they are.")
        return _to_page(request)
    try:
        with transaction.atomic():
            connection.use_untried(actor=request.user, now=now)
            _ask_for_check(request, now)
    except connection.NothingToUse:
        messages.error(
            request, "There are no new settings that could be used untried. See what the page says now."
        )
    else:
        messages.warning(request, "The new settings are in use, untried. Check again once Notion answers.")
    return _to_page(request)


@require_POST
@member(Role.ADMIN)
def notion_mapping(request: PortalRequest) -> HttpResponse:
    """Keep which property feeds which field, and check what that comes to."""
    page = setup.page()
    if page.check is None or not page.check.fields:
        messages.error(request, _NO_PROPERTIES_YET)
        return _to_page(request)
    form = MappingForm(request.POST, check=page.check)
    if not form.is_valid():
        return _again(request, "mapping", _context(page, mapping_form=form))
    now = timezone.now()
    with transaction.atomic():
        row = connection.locked()
        changed = mapping.choose(form.chosen(), connection=row, actor=request.user, now=now)
        preview.forget_trial(row)
        job = _ask_for_check(request, now)
        if not changed:
            audit.record("notion.check_requested", job, actor=request.user, at=now)
    if changed:
        messages.success(request, "The mapping is saved. It counts from the next sync on.")
    else:
        messages.info(request, "Nothing was changed.")
    return _to_page(request)


@require_POST
@member(Role.ADMIN)
def notion_preview(request: PortalRequest) -> HttpResponse:
    """Read the first rows through the mapping in the form without saving it, or go back to the saved one."""
    page = setup.page()
    now = timezone.now()
    if "back" in request.POST:
        if preview.discard(actor=request.user, now=now):
            messages.info(request, "The properties are shown as they are saved.")
        return _to_page(request)
    if page.check is None or not page.check.fields:
        messages.error(request, _NO_PROPERTIES_YET)
        return _to_page(request)
    form = MappingForm(request.POST, check=page.check)
    if not form.is_valid():
        return _again(request, "mapping", _context(page, mapping_form=form))
    with transaction.atomic():
        trial = preview.propose(form.tried(), actor=request.user, now=now)
        jobs.enqueue(
            "accounts.setup_tasks.preview_mapping",
            tenant=request.tenant,
            title="Read the first rows from Notion",
            now=now,
            params={"trial": trial},
            requested_by=request.user,
            key=setup.preview_key(trial),
        )
    if not is_partial(request):
        return redirect(f"{reverse('notion-setup')}#preview")
    # The rows appear below the form that was sent, which stays where the person is.
    return render(
        request, f"{_TEMPLATE}#tried", {**_context(setup.page()), "is_beside": True, "is_answer": True}
    )


@require_POST
@member(Role.ADMIN)
def notion_qbr_properties(request: PortalRequest) -> HttpResponse:
    """Create the named properties in the QBR database: those that the last check missed, and no others."""
    page = setup.page()
    missing = page.check.creatable if page.check else ()
    if not missing:
        messages.info(request, "The QBR database lacks no property that the portal could create.")
        return _to_page(request)
    form = CreatePropertiesForm(request.POST, missing=missing)
    if not form.is_valid():
        return _again(request, "qbr-properties", _context(page, properties_form=form))
    now = timezone.now()
    names = form.cleaned_data["names"]
    with transaction.atomic():
        job = jobs.enqueue(
            "accounts.setup_tasks.create_qbr_properties",
            tenant=request.tenant,
            title="Create properties in the QBR database",
            now=now,
            params={"names": names},
            requested_by=request.user,
            key=setup.PROPERTIES_KEY,
        )
        audit.record(
            "notion.qbr_properties_requested", job, actor=request.user, at=now, data={"names": names}
        )
    return _to_page(request)


@require_POST
@member(Role.ADMIN)
def notion_roi(request: PortalRequest) -> HttpResponse:
    """Keep which properties are figures of the customers' return, and read the first rows through them."""
    page = setup.page()
    if page.check is None or not page.check.fields:
        messages.error(request, _NO_PROPERTIES_YET)
        return _to_page(request)
    formset = roi_formset(request.POST, check=page.check, stored=roi_mapping.stored())
    if not formset.is_valid():
        return _again(request, "roi", _context(page, roi_forms=formset))
    now = timezone.now()
    with transaction.atomic():
        row = connection.locked()
        changed = roi_mapping.choose(formset.wanted(), connection=row, actor=request.user, now=now)
        if changed:
            _ask_for_check(request, now)
    if changed:
        messages.success(request, "The ROI facts are saved. Reviews have them after the next sync.")
    else:
        messages.info(request, "Nothing was changed.")
    return _to_page(request)


def _context(
    page: SetupPage,
    *,
    form: NotionForm | None = None,
    mapping_form: MappingForm | None = None,
    properties_form: CreatePropertiesForm | None = None,
    roi_forms: ROIFactForms | None = None,
    has_ended: bool = False,
) -> dict[str, Any]:
    check = page.check
    candidate = connection.candidate_of(page.connection)
    if mapping_form is None and check is not None and check.fields:
        mapping_form = MappingForm(check=check, tried=page.preview.mapping if page.preview else None)
    if properties_form is None and check is not None and check.creatable:
        properties_form = CreatePropertiesForm(missing=check.creatable)
    if roi_forms is None and check is not None and check.fields:
        roi_forms = roi_formset(check=check, stored=roi_mapping.stored())
    rows = [(field, mapping_form[field.field]) for field in check.fields] if check and mapping_form else []
    return {
        "page": page,
        "check": check,
        "candidate": candidate,
        "form": form or NotionForm.shown(**_given(page, candidate)),
        "mapping_form": mapping_form,
        "properties_form": properties_form,
        "roi_forms": roi_forms,
        "rows": rows,
        "from_environment": _from_environment(page),
        "has_ended": has_ended and not page.is_checking,
    }


def _given(page: SetupPage, candidate: Candidate | None) -> Mapping[str, Any]:
    """Return what the form is made from beside what was sent."""
    is_stored = page.token_saved_at is not None
    is_on_trial = candidate is not None and candidate.has_token
    if is_on_trial:
        told = "The new token is kept, encrypted, until it is accepted or discarded. Leave the field empty to keep it."
    elif is_stored:
        told = "A token is stored, encrypted; no page shows it again. Leave the field empty to keep it."
    else:
        told = _WHERE_IT_STANDS
    return {
        "connection": page.connection,
        "candidate": candidate,
        "check": page.check,
        "token_help": told,
        "needs_token": not (is_stored or is_on_trial or settings.NOTION_TOKEN),
    }


def _ask_for_database(form: Form) -> None:
    form.fields["accounts_database"].required = not settings.NOTION_CSM_ACCOUNTS_DATABASE_ID


def _from_environment(page: SetupPage) -> list[str]:
    """Name the settings that come from the environment because the page has none (SPEC 2.2)."""
    given = {
        "NOTION_TOKEN": bool(settings.NOTION_TOKEN) and page.token_saved_at is None,
        "NOTION_CSM_ACCOUNTS_DATABASE_ID": bool(settings.NOTION_CSM_ACCOUNTS_DATABASE_ID)
        and not page.connection.accounts_database_id,
        "NOTION_CSM_QBR_DATABASE_ID": bool(settings.NOTION_CSM_QBR_DATABASE_ID)
        and not page.connection.qbr_database_id,
    }
    return [name for name, counts in given.items() if counts]


def _ask_for_check(request: PortalRequest, now: datetime, *, candidate: str = "") -> Job:
    return jobs.enqueue(
        "accounts.setup_tasks.check_notion",
        tenant=request.tenant,
        title="Check the Notion set-up",
        now=now,
        params={"candidate": candidate} if candidate else None,
        requested_by=request.user,
        key=setup.check_key(candidate),
    )


def _again(request: PortalRequest, fragment: str, context: dict[str, Any]) -> HttpResponse:
    """Answer bad input with the form that it came from, marked."""
    return render(request, _TEMPLATE + (f"#{fragment}" if is_partial(request) else ""), context, status=422)


def _to_page(request: PortalRequest) -> HttpResponse:
    address = reverse("notion-setup")
    return HttpResponseClientRedirect(address) if is_partial(request) else redirect(address)
