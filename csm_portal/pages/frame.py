"""Small things around every page: where home is, which theme is shown."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from csm_portal.http import PortalRequest, member


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
    back = request.POST.get("next", "")
    return redirect(back if _is_ours(request, back) else "home")


def _is_ours(request: HttpRequest, url: str) -> bool:
    return url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
