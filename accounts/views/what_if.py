"""What if: move the inputs of one account and see what its score would be. Nothing is kept."""

from typing import Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django_htmx.http import retarget

from accounts.models import Account
from accounts.scoring.signals import INPUT_NAMES, INPUTS
from accounts.selectors import what_if as selector
from accounts.what_if_form import WhatIfForm, shown
from csm_portal.http import PortalRequest, is_partial, member

TEMPLATE: Final = "accounts/what_if.html"
WHOLE: Final = "what-if"
RESULT: Final = "would-be"


@require_safe
@member()
def what_if(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Show the thirteen inputs as fields, and the score that they would give; the address holds what is tried."""
    account = get_object_or_404(
        Account.objects.visible_to(request.membership).select_related("health__latest__policy"),
        pk=account_id,
    )
    now = selector.scored(account)
    if now is None:
        return render(request, TEMPLATE, {"account": account})
    # An address names what is moved; whatever it does not name is as it is.
    asked = {spec.name: request.GET.get(spec.name, shown(spec, now.signals)) for spec in INPUTS}
    is_asked = any(name in request.GET for name in INPUT_NAMES)
    form = WhatIfForm(asked if is_asked else None, signals=now.signals)
    is_refused = is_asked and not form.is_valid()
    given = form.values() if is_asked and not is_refused else {}
    page = selector.page(account, now, given)
    context = {"account": account, "form": form, "page": page, "is_refused": is_refused}
    if not is_partial(request):
        return render(request, TEMPLATE, context, status=422 if is_refused else 200)
    # A person may be in the next field already: the fields are drawn anew only where one has to be mended.
    if request.htmx.target == RESULT and not is_refused:
        return render(request, f"{TEMPLATE}#{RESULT}", context)
    answer = render(request, f"{TEMPLATE}#{WHOLE}", context, status=422 if is_refused else 200)
    return retarget(answer, f"#{WHOLE}")
