"""The churn risk: who may leave, why, and until when something can be done."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.portfolio_forms import RiskFilterForm
from accounts.selectors import churn_risk as selector
from accounts.selectors.churn_risk import RiskPage, RiskRow
from accounts.views import downloads, scopes
from csm_portal.core.models import Role
from csm_portal.http import PortalRequest, member


@require_safe
@member()
def churn_risk(request: PortalRequest) -> HttpResponse:
    """Show the accounts at risk that the address asks for; htmx gets the table alone."""
    asked = scopes.read(request, "scope", "q", "owner")
    page = selector.page(
        request.membership,
        filters=asked.filters,
        level=asked.value("level"),
        mark=asked.mark,
        today=timezone.localdate(timezone=request.tenant.zone),
        size=asked.size(selector.PAGE_SIZE),
    )
    if asked.wants_file:
        return downloads.answer(request, "churn-risk", _HEADER, map(_cells, page.rows))
    context = {
        "page": page,
        "notes": (*asked.notes, *page.notes),
        "form": RiskFilterForm(asked.filters, page.owners, level=page.level, scope=asked.value("scope")),
        "scopes": scopes.links(asked.query, asked.filters.scope, request.membership),
        "tiles": _tiles(asked.query, page),
        "clear_url": scopes.address(asked.query, keep=("scope",)),
        "reads_accounts": scopes.reads_accounts(request.membership),
        "is_admin": Role.ADMIN in request.membership.roles,
    }
    return scopes.shown(request, asked, "accounts/churn_risk.html", "risk-table", context)


_HEADER = (
    "Account", "Segment", "Owner", "Risk", "Called by", "Why", "Until", "Date is", "Band", "Score", "ARR", "Currency",
)  # fmt: skip


def _cells(row: RiskRow) -> tuple[Any, ...]:
    why = " ".join(fact.sentence for fact in row.facts)
    return (
        row.name, row.segment, row.owner, row.level, row.trigger, why, row.until, row.until_is, row.band, row.score,
        row.arr, row.currency,
    )  # fmt: skip


def _tiles(query: QueryDict, page: RiskPage) -> list[dict[str, Any]]:
    """Return a tile for each level: a link that narrows the list to it, or lifts that again."""
    return [
        {
            "level": figures.level,
            "count": figures.count,
            "arr": figures.arr,
            "is_current": page.level == figures.level,
            "url": scopes.address(
                query,
                {"level": "" if page.level == figures.level else figures.level},
                leave=("cursor",),
            ),
        }
        for figures in page.figures
    ]
