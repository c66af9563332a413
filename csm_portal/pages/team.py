"""The team: each CSM's book, what is open and late in it, and what nobody owns."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.selectors import team as selector
from accounts.selectors.team import Book
from accounts.views import downloads, scopes
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member
from qbr.selectors import by_owner
from qbr.selectors.by_owner import Reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRow:
    """One line of the table."""

    book: Book
    reviews: Reviews


@require_safe
@member(Role.MANAGER, Role.ADMIN)
def team(request: PortalRequest) -> HttpResponse:
    """Show who has how much, and who needs help first."""
    query = scopes.without_empty(request.GET)
    wants_file = downloads.asked_for(query)
    request.GET = cast(Any, query)
    today = timezone.localdate(timezone=request.tenant.zone)
    found = selector.team(request.membership, today=today)
    reviews = by_owner.reviews(request.membership, today=today)
    rows = [_row(book, reviews) for book in found.books]
    unowned = _row(found.unowned, reviews)
    if wants_file:
        return downloads.answer(request, "team", _header(found.base), map(_cells, [*rows, unowned]))
    context = {
        "team": found,
        "rows": rows,
        "unowned": unowned,
        "late_reviews": sum(one.late for one in reviews.values()),
        "late_after": by_owner.LATE_AFTER.days,
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    return render(request, "pages/team.html", context)


def _row(book: Book, reviews: Mapping[UUID | None, Reviews]) -> TeamRow:
    return TeamRow(book=book, reviews=reviews.get(book.owner_id, Reviews()))


def _header(base: str) -> tuple[str, ...]:
    return (
        "CSM", "Accounts", f"ARR in {base}", "Red", "Amber", "Unknown", "Open alerts", "Critical", "Late alerts",
        "Oldest alert", "QBRs under way", "QBRs late",
    )  # fmt: skip


def _cells(row: TeamRow) -> tuple[Any, ...]:
    book = row.book
    # The same on both databases, whatever a sum comes back as.
    arr = None if book.arr_in_base is None else book.arr_in_base.quantize(Decimal("0.01"))
    return (
        book.owner or "Nobody", book.accounts, arr, book.red, book.amber, book.unknown, book.open,
        book.critical, book.late, book.oldest_on, row.reviews.under_way, row.reviews.late,
    )  # fmt: skip
