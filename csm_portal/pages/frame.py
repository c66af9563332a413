"""Small things around every page: where home is, which theme is shown."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from csm_portal.http import PortalRequest, came_from, member


@require_safe
@member()
def home(request: PortalRequest) -> HttpResponse:
    """Send a member to where their day starts."""
    return redirect("today")


@require_POST
@member()
def choose_theme(request: PortalRequest) -> HttpResponse:
    """Keep the person's choice of light, dark or the system's theme; go back to where they were."""
    theme = request.POST.get("theme", "")
    if theme in ("", "light", "dark"):
        request.user.theme = theme
        request.user.save(update_fields=["theme"])
    return redirect(came_from(request, reverse("home")))
