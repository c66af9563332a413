"""The Notion page of an admin: the settings, what the last check found, which property feeds which field."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.forms import MappingForm, NotionForm
from accounts.selectors import setup
from accounts.selectors.setup import SetupPage
from accounts.services import connection, mapping
from csm_portal.core import audit, jobs
from csm_portal.core.models import Job, Role
from csm_portal.http import PortalRequest, is_partial, member

_HOW_TO_GET_ONE = (
    "In Notion, open Settings → Connections → Develop or manage integrations, make an internal integration and copy its "
    "token. Then share both databases with it: ••• → Connections."
)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN)
def notion_setup(request: PortalRequest) -> HttpResponse:
    """Show the page; keep the settings that are sent and check them."""
    page = setup.page()
    if request.method != "POST":
        is_poll = is_partial(request)
        context = _context(page, has_ended="watching" in request.GET)
        # The properties stand elsewhere on the page than the check that is swapped, and change with it.
        template = "accounts/notion_setup.html" + ("#checked" if is_poll else "")
        return render(request, template, {**context, "is_beside": is_poll})
    form = _settings_form(page, request.POST)
    if not form.is_valid():
        template = "accounts/notion_setup.html" + ("#settings" if is_partial(request) else "")
        return render(request, template, _context(page, form=form), status=422)
    now = timezone.now()
    with transaction.atomic():
        changed = connection.save(form.wanted(), actor=request.user, now=now)
        job = _ask_for_check(request, now)
        if not changed:
            audit.record("notion.check_requested", job, actor=request.user, at=now)
    if changed:
        messages.success(request, "The settings are saved. The check beside them says how they hold.")
    else:
        messages.info(request, "Nothing was changed. The check beside the settings is made again.")
    return _to_page(request)


@require_POST
@member(Role.ADMIN)
def notion_check(request: PortalRequest) -> HttpResponse:
    """Check the set-up again."""
    now = timezone.now()
    with transaction.atomic():
        job = _ask_for_check(request, now)
        audit.record("notion.check_requested", job, actor=request.user, at=now)
    return _to_page(request)


@require_POST
@member(Role.ADMIN)
def notion_mapping(request: PortalRequest) -> HttpResponse:
    """Keep which property feeds which field, and check what that comes to."""
    page = setup.page()
    if page.check is None or not page.check.fields:
        messages.error(request, "The properties are not known yet. Let the portal check the settings first.")
        return _to_page(request)
    form = MappingForm(request.POST, check=page.check)
    if not form.is_valid():
        template = "accounts/notion_setup.html" + ("#mapping" if is_partial(request) else "")
        return render(request, template, _context(page, mapping_form=form), status=422)
    now = timezone.now()
    with transaction.atomic():
        changed = mapping.choose(form.chosen(), connection=connection.current(), actor=request.user, now=now)
        job = _ask_for_check(request, now)
        if not changed:
            audit.record("notion.check_requested", job, actor=request.user, at=now)
    if changed:
        messages.success(request, "The mapping is saved. It counts from the next sync on.")
    else:
        messages.info(request, "Nothing was changed.")
    return _to_page(request)


def _context(
    page: SetupPage,
    *,
    form: NotionForm | None = None,
    mapping_form: MappingForm | None = None,
    has_ended: bool = False,
) -> dict[str, Any]:
    check = page.check
    if mapping_form is None and check is not None and check.fields:
        mapping_form = MappingForm(check=check)
    rows = [(field, mapping_form[field.field]) for field in check.fields] if check and mapping_form else []
    return {
        "page": page,
        "check": check,
        "form": form or _settings_form(page),
        "mapping_form": mapping_form,
        "rows": rows,
        "from_environment": _from_environment(page),
        "has_ended": has_ended and not page.is_checking,
    }


def _settings_form(page: SetupPage, data: Any = None) -> NotionForm:
    saved = page.token_saved_at is not None
    told = "A token is stored, encrypted; no page shows it again. Leave the field empty to keep it."
    form = NotionForm(
        data, connection=page.connection, token_help=told if saved else _HOW_TO_GET_ONE, check=page.check
    )
    form.fields["accounts_database"].required = not settings.NOTION_CSM_ACCOUNTS_DATABASE_ID
    return form


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


def _ask_for_check(request: PortalRequest, now: datetime) -> Job:
    return jobs.enqueue(
        "accounts.tasks.check_notion",
        tenant=request.tenant,
        title="Check the Notion set-up",
        now=now,
        requested_by=request.user,
        key=setup.CHECK_KEY,
    )


def _to_page(request: PortalRequest) -> HttpResponse:
    return (
        HttpResponseClientRedirect(reverse("notion-setup"))
        if is_partial(request)
        else redirect("notion-setup")
    )
