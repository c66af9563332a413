"""The quarter's board: how far the reviews are, starting drafts, due dates, who stands in for a manager."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import spreadsheets
from accounts.views import downloads
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, came_from, is_partial, member
from qbr import quarters
from qbr.board_forms import BoardFilterForm, DeputyForm, DueForm, StartForm
from qbr.models import QBR, Deputy
from qbr.selectors import board as selector
from qbr.selectors import deputies as deputy_selector
from qbr.selectors.board import BoardPage, Filters, Row, Standing
from qbr.services import deputies, due_dates, scheduled
from qbr.views.review import look_up


@require_safe
@member(Role.MANAGER, Role.ADMIN)
def board(request: PortalRequest) -> HttpResponse:
    """Show the quarter that the address asks for."""
    query = request.GET.copy()
    wants_file = downloads.asked_for(query)
    today = timezone.localdate(timezone=request.tenant.zone)
    filters, notes = _read(query, today)
    page = selector.page(
        request.membership,
        filters=filters,
        today=today,
        mark="" if wants_file else query.get("cursor", ""),
        size=spreadsheets.MOST if wants_file else selector.PAGE_SIZE,
    )
    if wants_file:
        return downloads.answer(request, "qbr-board", _HEADER, (_cells(row, filters) for row in page.rows))
    return _shown(request, page, notes=notes, today=today)


@require_POST
@member(Role.MANAGER)
def start(request: PortalRequest) -> HttpResponse:
    """Begin the reviews that were ticked."""
    today = timezone.localdate(timezone=request.tenant.zone)
    filters, _ = _read(request.POST, today)
    running = quarters.quarter_of(today)
    if filters.quarter not in (running, running.previous):
        page = selector.page(request.membership, filters=filters, today=today)
        refusal = f"Only {running} and {running.previous} can be reviewed now."
        return _shown(request, page, today=today, refusal=refusal, status=422)
    offered = selector.not_started(request.membership, filters).select_related("tenant", "owner")
    by_id = {str(account.pk): account for account in offered}
    form = StartForm(request.POST, offered=by_id)
    if not form.is_valid():
        page = selector.page(request.membership, filters=filters, today=today)
        refusal = str(form.errors["account"][0])
        return _shown(request, page, today=today, refusal=refusal, status=422)
    begun = scheduled.start(
        [by_id[one] for one in form.cleaned_data["account"]],
        quarter=filters.quarter,
        actor=request.user,
        now=timezone.now(),
    )
    what = "1 draft is" if begun.begun == 1 else f"{begun.begun} drafts are"
    messages.success(request, f"{what} being written. Since you asked, somebody else has to approve them.")
    return redirect(_address(filters))


@require_POST
@member(Role.MANAGER, of=QBR)
def move_due(request: PortalRequest, qbr_id: UUID) -> HttpResponse:
    """Let a review be due on another day; what is none comes back in the form that it was typed into (422)."""
    qbr = look_up(request, qbr_id)
    form = DueForm(request.POST, today=timezone.localdate(timezone=request.tenant.zone))
    back = came_from(request, reverse("qbr", args=[qbr.pk]))
    if not form.is_valid():
        context = {"qbr": qbr, "account": qbr.account, "form": form, "back": back}
        return render(request, "qbr/due.html", context, status=422)
    due_dates.move(qbr, to=form.cleaned_data["due_on"], actor=request.user, now=timezone.now())
    messages.success(request, f"The review of {qbr.account.name} is due on another day now.")
    return redirect(back)


@require_POST
@member(Role.MANAGER)
def name_deputy(request: PortalRequest) -> HttpResponse:
    """Let a colleague decide on reviews while the manager is away."""
    today = timezone.localdate(timezone=request.tenant.zone)
    absences = deputy_selector.absences(request.membership, today=today)
    form = DeputyForm(request.POST, candidates=absences.candidates)
    if form.is_valid():
        given = form.cleaned_data
        try:
            deputies.name(
                deputy=given["deputy"],
                starts_on=given["starts_on"],
                ends_on=given["ends_on"],
                actor=request.user,
                today=today,
                now=timezone.now(),
            )
        except deputies.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, f"{given['deputy']} sees what waits for you on these days, and decides on it."
            )
            return redirect("qbr-board")
    filters, _ = _read({}, today)
    page = selector.page(request.membership, filters=filters, today=today)
    return _shown(request, page, today=today, deputy_form=form, status=422)


@require_POST
@member(Role.MANAGER, of=Deputy)
def end_deputy(request: PortalRequest, deputy_id: UUID) -> HttpResponse:
    """Take it back."""
    row = get_object_or_404(Deputy.objects.select_related("deputy"), pk=deputy_id)
    deputies.end(row, actor=request.user, now=timezone.now())
    messages.success(request, f"{row.deputy} does not stand in for you any more.")
    return redirect("qbr-board")


def _read(given: Any, today: date) -> tuple[Filters, list[str]]:
    """Read the filters of an address, and a sentence for each value that is none.

    Without a quarter it is the one just ended: the reviews that are due are its (SPEC 6.1).
    """
    notes: list[str] = []
    quarter, standing, csm = quarters.quarter_of(today).previous, None, str(given.get("csm", ""))
    if label := given.get("quarter", ""):
        try:
            quarter = quarters.from_label(label)
        except ValueError:
            notes.append(f"“{label[:20]}” is no quarter, so this is the one just ended.")
    if name := given.get("standing", ""):
        try:
            standing = Standing(name)
        except ValueError:
            notes.append(f"“{name[:20]}” is no state of a review, so the list shows every one.")
    if csm and csm != "none":
        try:
            csm = str(UUID(csm))
        except ValueError:
            csm = ""
            notes.append("The address names nobody, so the list shows every CSM's accounts.")
    return Filters(quarter=quarter, standing=standing, csm=csm), notes


def _shown(
    request: PortalRequest,
    page: BoardPage,
    *,
    today: date,
    notes: list[str] | None = None,
    refusal: str = "",
    deputy_form: DeputyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    may_manage = Role.MANAGER in request.membership.roles
    running = quarters.quarter_of(today)
    context: dict[str, Any] = {
        "page": page,
        "notes": notes or [],
        "refusal": refusal,
        "form": BoardFilterForm(page.filters, page.quarters, page.books),
        "may_start": may_manage and page.filters.quarter in (running, running.previous),
        "may_manage": may_manage,
        "here": _address(page.filters),
        "today": today,
        "summary": f"{page.matching:,} account{'' if page.matching == 1 else 's'}, late ones first",
        "standings": list(Standing),
    }
    if may_manage and not is_partial(request):
        context["absences"] = deputy_selector.absences(request.membership, today=today)
        context["deputy_form"] = deputy_form or DeputyForm(candidates=context["absences"].candidates)
    template = "qbr/board.html" + ("#board-table" if is_partial(request) and status == 200 else "")
    return render(request, template, context, status=status)


def _address(filters: Filters) -> str:
    given = {"quarter": filters.quarter.label, "csm": filters.csm, "standing": filters.standing or ""}
    return f"{reverse('qbr-board')}?{urlencode({name: value for name, value in given.items() if value})}"


_HEADER = ("Account", "CSM", "Quarter", "State", "Late", "Due on", "Tokens", "Cost in US dollars")


def _cells(row: Row, filters: Filters) -> tuple[Any, ...]:
    return (
        row.account, row.csm, filters.quarter.label, row.standing.label, row.is_late, row.due_on, row.tokens, row.cost,
    )  # fmt: skip
