"""The price list, by which expansions are sized."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts import price_files
from accounts.models import PriceItem
from accounts.price_forms import PriceFileForm, PriceForm
from accounts.scoring import wording
from accounts.services import prices
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member

_NAMED = 10
_NEXT = "Opportunities are sized by it from the next scan on."


@require_http_methods(["GET", "HEAD", "POST"])
@member(Role.ADMIN)
def price_list(request: PortalRequest) -> HttpResponse:
    """Show the price list; a POST adds a price or changes the one of the same thing and currency."""
    if request.method != "POST":
        return _show(request)
    form = PriceForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form, status=422)
    try:
        taken = prices.save([form.price()], actor=request.user, now=timezone.now())
    except prices.NotPossible as refusal:
        form.add_error(None, str(refusal))
        return _show(request, form=form, status=422)
    done = "added" if taken.added else "changed" if taken.changed else "as it was"
    messages.success(request, f"The price is {done}. {_NEXT}")
    return redirect("price-list")


@require_POST
@member(Role.ADMIN)
def price_file(request: PortalRequest) -> HttpResponse:
    """Take in a file of prices: all of it, or nothing where a row cannot be right."""
    form = PriceFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, file_form=form, status=422)
    file = form.cleaned_data["file"]
    try:
        read = price_files.parse(file.read())
        if read.problems:
            more = len(read.problems) - _NAMED
            told = [
                *read.problems[:_NAMED],
                *([f"And {wording.counted(more, 'more row')}."] if more > 0 else []),
            ]
            raise price_files.Unreadable(f"Nothing was taken in. {' '.join(told)}")
        taken = prices.save(read.prices, actor=request.user, now=timezone.now(), source=file.name or "")
    except (price_files.Unreadable, prices.NotPossible) as wrong:
        form.add_error("file", str(wrong))
        return _show(request, file_form=form, status=422)
    messages.success(
        request,
        f"{wording.counted(taken.added, 'price')} added, {taken.changed} changed, {taken.unchanged} as "
        f"{'it was' if taken.unchanged == 1 else 'they were'}. {_NEXT}",
    )
    return redirect("price-list")


@require_POST
@member(Role.ADMIN, of=PriceItem)
def price_remove(request: PortalRequest, price_id: UUID) -> HttpResponse:
    """Take a price off the list."""
    found = get_object_or_404(PriceItem, pk=price_id)
    told = str(found)
    prices.remove(found, actor=request.user, now=timezone.now())
    messages.success(request, f"{told} is off the list.")
    return redirect("price-list")


def _show(
    request: PortalRequest,
    *,
    form: PriceForm | None = None,
    file_form: PriceFileForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "items": list(
            PriceItem.objects.select_related("changed_by").order_by("kind", "name_key", "currency")
        ),
        "form": form or PriceForm(initial={"currency": request.tenant.currency, "period": "year"}),
        "file_form": file_form or PriceFileForm(auto_id="id_upload_%s"),
        "has_file_errors": file_form is not None,
    }
    return render(request, "accounts/price_list.html", context, status=status)
