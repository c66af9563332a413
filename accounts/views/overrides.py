"""A person's word on an account's band: giving it, taking it back, and the report of which proved right."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import policies
from accounts.models import Account
from accounts.override_form import OverrideForm
from accounts.selectors import overrides as selector
from accounts.services import overrides as service
from accounts.views import scopes
from csm_portal.http import PortalRequest, member


@require_http_methods(["GET", "HEAD", "POST"])
@member()
def override(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Show the form of a person's word on one account; a POST gives it."""
    account = _look_up(request, account_id)
    today = timezone.localdate(timezone=request.tenant.zone)
    standing = selector.standing(account, today=today)
    context = {"account": account, "standing": standing}
    if request.method != "POST":
        form = OverrideForm(initial={"until": selector.usual_end(today)})
        return render(request, "accounts/override.html", {**context, "form": form})
    form = OverrideForm(request.POST)
    if form.is_valid():
        try:
            service.give(account, **form.said(), actor=request.user, today=today, now=timezone.now())
        except service.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Your word stands beside the score until the day you chose.")
            return redirect("account", account_id=account.pk)
    return render(request, "accounts/override.html", {**context, "form": form}, status=422)


@require_POST
@member()
def override_end(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Take a word back."""
    account = _look_up(request, account_id)
    if service.take_back(account, actor=request.user, now=timezone.now()):
        messages.success(request, "The word is taken back; the score stands alone.")
    else:
        messages.info(request, "Nothing stands beside the score of this account any more.")
    return redirect("account", account_id=account.pk)


@require_safe
@member()
def overrides(request: PortalRequest) -> HttpResponse:
    """Report what became of each word that people gave."""
    today = timezone.localdate(timezone=request.tenant.zone)
    context = {
        "report": selector.report(request.membership, today=today),
        "reads_accounts": scopes.reads_accounts(request.membership),
    }
    return render(request, "accounts/overrides.html", context)


def _look_up(request: PortalRequest, account_id: UUID) -> Account:
    account: Account = get_object_or_404(
        Account.objects.visible_to(request.membership).select_related("health"), pk=account_id
    )
    if not policies.can_write(request.membership, account):
        raise PermissionDenied
    return account
