"""The switch that lets the portal write score and risk on the account pages, or keeps it from that."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.services import writeback
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member


@require_POST
@member(Role.ADMIN)
def switch(request: PortalRequest) -> HttpResponse:
    """Switch it on where ``on`` is sent, else off."""
    on = "on" in request.POST
    writeback.switch(on=on, actor=request.user, now=timezone.now())
    if on:
        messages.success(request, "The next scan writes score and churn risk on the account pages.")
    else:
        messages.success(request, "The portal leaves the account pages alone. What stands there stays.")
    return redirect("notion-setup")
