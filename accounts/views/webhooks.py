"""Where Notion posts what changed, and the page on which an admin sets that up."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors import webhooks as selector
from accounts.services import hints, hook_setup
from accounts.services.hints import Received
from csm_portal import wiring
from csm_portal.core import audit, jobs
from csm_portal.core.models import Role
from csm_portal.core.scope import tenant_scope
from csm_portal.http import PortalRequest, is_partial, member
from csm_portal.ports.hooks import Unreadable

# Notion's events are a kilobyte or two; the largest name a few hundred blocks.
LARGEST_BYTES = 256 * 1024
TEMPLATE = "accounts/webhooks.html"


@csrf_exempt
@require_POST
def notion_hook(request: HttpRequest, address: str) -> HttpResponse:
    """Take what Notion posts: check the signature over the raw body, store, ask for a refresh, answer.

    200 where it was believed or is a hand-shake, 401 where it is neither, 404 at an address that is nobody's.
    """
    tenant = hints.tenant_at(address)
    if tenant is None:
        raise Http404
    body = request.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        return _told("The body is larger than any event of Notion's.", status=413)
    with tenant_scope(tenant):
        try:
            received = hints.receive(
                body,
                signature=request.headers.get("X-Notion-Signature", ""),
                hooks=wiring.workspace_hooks(),
                tenant=tenant,
                now=timezone.now(),
            )
        except Unreadable as error:
            return _told(str(error), status=400)
    if received is Received.REFUSED:
        return _told("The signature is missing, or it was not made with this workspace's token.", status=401)
    return _told("Thank you.", status=200)


@require_safe
@member(Role.ADMIN)
def webhooks(request: PortalRequest) -> HttpResponse:
    """Show how Notion tells the portal of changes, and what came of it."""
    template = TEMPLATE + ("#refreshes" if is_partial(request) else "")
    return render(request, template, _context(request))


@require_POST
@member(Role.ADMIN)
def make_address(request: PortalRequest) -> HttpResponse:
    """Make a new address; the old one is nobody's from now on."""
    hook_setup.make_address(actor=request.user, now=timezone.now())
    messages.success(
        request, "There is a new address. Enter it in Notion; the portal then waits for the token."
    )
    return redirect("notion-webhooks")


@require_POST
@member(Role.ADMIN)
def switch_off(request: PortalRequest) -> HttpResponse:
    """Stop listening."""
    hook_setup.switch_off(actor=request.user, now=timezone.now())
    messages.success(
        request, "The portal no longer listens. Delete the subscription in Notion too, or it keeps on trying."
    )
    return redirect("notion-webhooks")


@require_POST
@member(Role.ADMIN)
def show_key(request: PortalRequest) -> HttpResponse:
    """Show the token that came, in this answer and never again."""
    try:
        key = hook_setup.show_key(actor=request.user, now=timezone.now())
    except hook_setup.NothingWaits as error:
        messages.error(request, str(error))
        return redirect("notion-webhooks")
    return render(request, TEMPLATE, {**_context(request), "shown_key": key})


@require_POST
@member(Role.ADMIN)
def accept_key(request: PortalRequest) -> HttpResponse:
    """Believe what is signed with the token that was shown."""
    now = timezone.now()
    try:
        with transaction.atomic():
            hook_setup.accept_key(request.POST.get("fingerprint", ""), actor=request.user, now=now)
            # Asks Notion once who the portal is, so that its own edits are known from the first event on.
            hints.wake(request.tenant, now=now)
    except (hook_setup.NothingWaits, hook_setup.AnotherKeyCame) as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, "The token is accepted. Changes in Notion now reach the portal within a minute or so."
        )
    return redirect("notion-webhooks")


@require_POST
@member(Role.ADMIN)
def reject_key(request: PortalRequest) -> HttpResponse:
    """Forget the token that came."""
    hook_setup.reject_key(actor=request.user, now=timezone.now())
    messages.info(request, "The token that came is forgotten.")
    return redirect("notion-webhooks")


@require_POST
@member(Role.ADMIN)
def switch_quick_refresh(request: PortalRequest) -> HttpResponse:
    """Switch the quick refresh on or off."""
    is_on = request.POST.get("is_on") == "1"
    hook_setup.switch_quick_refresh(is_on=is_on, actor=request.user, now=timezone.now())
    words = (
        "The portal now reads every quarter of an hour what was edited in Notion."
        if is_on
        else "The portal no longer reads edits between two full syncs by itself."
    )
    messages.success(request, words)
    return redirect("notion-webhooks")


@require_POST
@member(Role.ADMIN, Role.MANAGER)
def quick_refresh(request: PortalRequest) -> HttpResponse:
    """Read now what was edited since the last time."""
    now = timezone.now()
    with transaction.atomic():
        job = jobs.enqueue(
            "accounts.refresh_tasks.quick_refresh",
            tenant=request.tenant,
            title="Read what was edited in Notion",
            now=now,
            requested_by=request.user,
            key=selector.QUICK_KEY,
        )
        audit.record("quick_refresh.requested", job, actor=request.user, at=now)
    messages.info(
        request, "The portal reads what was edited in Notion since the last time. The run appears below."
    )
    return redirect("sync-runs")


def _context(request: PortalRequest) -> dict[str, Any]:
    page = selector.page()
    path = reverse("notion-hook", args=[page.address]) if page.address else ""
    return {
        "page": page,
        "hook_url": request.build_absolute_uri(path) if path else "",
        "is_reachable": request.is_secure(),
    }


def _told(sentence: str, *, status: int) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
