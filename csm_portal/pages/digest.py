"""A person's own daily digest: where it goes and when, and what today's would say."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import digest_messages
from accounts.digest_form import DigestForm
from accounts.models import DigestChannel, DigestChoice
from accounts.selectors import digests as selector
from accounts.services import digests as service
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member
from qbr.selectors import waiting

_TOLD = {
    DigestChannel.OFF: "No digest is sent to you.",
    DigestChannel.MAIL: "Your digest comes as a draft at {at}, from the next time that this is.",
    DigestChannel.CHAT: "Your digest comes into the chat space at {at}, from the next time that this is.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.CSM, Role.MANAGER)
def digest(request: PortalRequest) -> HttpResponse:
    """Show what a person chose; a POST chooses."""
    zone = request.tenant.time_zone
    if request.method != "POST":
        chosen = selector.choice(request.membership) or DigestChoice()
        initial = {
            "channel": chosen.channel,
            "at": f"{chosen.at:%H:%M}",
            "on_weekends": chosen.on_weekends,
        }
        return render(request, "pages/digest.html", _context(request, DigestForm(initial=initial, zone=zone)))
    form = DigestForm(request.POST, zone=zone)
    if not form.is_valid():
        return render(request, "pages/digest.html", _context(request, form), status=422)
    given = form.cleaned_data
    channel = DigestChannel(given["channel"])
    service.choose(
        request.membership,
        channel,
        at=given["at"],
        on_weekends=given["on_weekends"],
        actor=request.user,
        now=timezone.now(),
    )
    messages.success(request, _TOLD[channel].format(at=f"{given['at']:%H:%M}"))
    return redirect("digest")


def _context(request: PortalRequest, form: DigestForm) -> dict[str, Any]:
    now = timezone.now()
    today = timezone.localdate(now, timezone=request.tenant.zone)
    news = selector.news(request.membership, today=today, now=now)
    reviews = waiting.lines(request.membership, today=today)
    return {
        "form": form,
        "text": digest_messages.text(news, reviews=reviews, today=today, url=""),
        "since": news.since,
        "latest": selector.latest(request.membership),
    }
