"""Exchange rates: what amounts of other currencies are ranked and summed by."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rate_form import RateForm
from accounts.selectors import currencies as selector
from accounts.services import rates as service
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN, Role.MANAGER)
def currencies(request: PortalRequest) -> HttpResponse:
    """Show the currencies of the book with their rates; an admin's POST sets one."""
    is_admin = Role.ADMIN in request.membership.roles
    now = timezone.now()
    today = timezone.localdate(now, timezone=request.tenant.zone)
    if request.method != "POST":
        page = selector.page()
        first = request.GET.get("currency", "")[:3] or next(iter(page.missing), "")
        form = RateForm(base=page.base, initial={"as_of": today, "currency": first})
        return render(request, "accounts/currencies.html", {"page": page, "form": form, "is_admin": is_admin})
    if not is_admin:
        raise PermissionDenied
    form = RateForm(request.POST, base=request.tenant.currency)
    if form.is_valid():
        given = form.cleaned_data
        try:
            service.put(
                given["currency"],
                given["rate"],
                as_of=given["as_of"],
                source=given["source"],
                actor=request.user,
                today=today,
                now=now,
            )
        except service.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request, f"The rate of {given['currency']} is set. The accounts are being ranked by it now."
            )
            return redirect("currencies")
    context = {"page": selector.page(), "form": form, "is_admin": is_admin}
    return render(request, "accounts/currencies.html", context, status=422)


@require_POST
@member(Role.ADMIN)
def remove(request: PortalRequest) -> HttpResponse:
    """Let a currency have no rate any more."""
    currency = request.POST.get("currency", "")
    if currency.isalpha() and service.remove(currency, actor=request.user, now=timezone.now()):
        messages.success(
            request, f"{currency} has no rate any more: its accounts are ranked by the median ARR."
        )
    else:
        messages.info(request, "That currency has no rate.")
    return redirect("currencies")
