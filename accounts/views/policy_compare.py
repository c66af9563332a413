"""Two versions or drafts of the policy beside each other."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.selectors import policy_compare as selector
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member


@require_safe
@member(Role.ADMIN, Role.MANAGER)
def compare(request: PortalRequest) -> HttpResponse:
    """Show what differs between the two that the address names, and what it does to the book."""
    try:
        page = selector.page(request.GET.get("one", ""), request.GET.get("other", ""))
    except LookupError as error:
        raise Http404(str(error)) from error
    return render(request, "accounts/policy_compare.html", {"page": page})
