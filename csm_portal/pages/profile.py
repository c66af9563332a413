"""What the portal keeps in Notion about one account: the card on its page, and the update of its CSM Profile."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import policies
from accounts.models import Account
from accounts.profile import Review
from accounts.selectors import in_notion, profile_facts
from accounts.services import profiles
from csm_portal import wiring
from csm_portal.core.jobs import Partial, Running
from csm_portal.http import PortalRequest, is_partial, member
from csm_portal.ports.errors import PortError
from qbr.models import QBR

_STATES: Mapping[str, str] = {
    "draft": "being drafted",
    "in_review": "in review",
    "approved": "approved",
    "publishing": "being published",
    "published": "published",
}


@require_http_methods(["GET", "HEAD", "POST"])
@member()
def card(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Show the card; a POST asks for the profile to be brought up to date.

    ``anew`` is a person's word that a profile which is gone may be made a second time.
    """
    found = get_object_or_404(
        Account.objects.visible_to(request.membership).select_related("tenant", *in_notion.RELATED),
        pk=account_id,
    )
    if request.method != "POST":
        if not is_partial(request):
            return redirect("account", account_id=found.pk)
        return render(request, "pages/in_notion.html", context(request, found, is_watching=True))
    if not policies.can_update_profile(request.membership, found):
        raise PermissionDenied
    if found.is_archived or found.removed_at is not None:
        messages.error(request, "The account is no longer in Notion, so its profile cannot be written there.")
        return redirect("account", account_id=found.pk)
    profiles.ask(found, actor=request.user, now=timezone.now(), anew="anew" in request.POST)
    messages.success(request, "The CSM Profile is being brought up to date. Its card says what came of it.")
    return redirect("account", account_id=found.pk)


def context(request: PortalRequest, found: Account, *, is_watching: bool = False) -> dict[str, Any]:
    """Return what the card's template needs; ``is_watching`` where it replaces one that showed a job at work."""
    kept = in_notion.card(found)
    return {
        "account": found,
        "kept": kept,
        "can_update_profile": policies.can_update_profile(request.membership, found)
        and not found.is_archived
        and found.removed_at is None,
        "has_ended": is_watching and kept.job is None,
    }


def update(job: Running) -> Mapping[str, Any]:
    """Bring the CSM Profile of one account up to date: the job behind the button."""
    found = Account.objects.select_related("tenant", "owner", "health__latest").get(
        pk=UUID(job.params["account"])
    )
    now = timezone.now()
    try:
        workspace = wiring.workspace()
    except PortError as error:
        profiles.note(found, error)
        raise
    try:
        outcome = profiles.update(
            found,
            facts=profile_facts.facts(found, reviews=_reviews(found)),
            workspace=workspace,
            today=now.astimezone(job.tenant.zone).date(),
            now=now,
            actor=job.requested_by,
            progress=job.progress,
        )
    except profiles.Overtaken as error:
        raise Partial(str(error)) from error
    return {"page": outcome.url, **outcome.counts(), "requests": workspace.usage.requests}


def _reviews(found: Account) -> list[Review]:
    """Return the account's QBRs as the profile tells of them, newest first."""
    zone = found.tenant.zone
    rows = QBR.objects.filter(account=found).order_by("-quarter_start", "pk")
    return [
        Review(
            label=label,
            state=_STATES.get(state, state),
            on=(published or updated).astimezone(zone).date(),
        )
        for label, state, published, updated in rows.values_list(
            "quarter_label", "state", "published_at", "updated_at"
        )
    ]
