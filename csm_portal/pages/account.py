"""The page of one account: why its score is what it is, what threatens it, and its QBRs."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import policies as account_policies
from accounts.models import Account, CoachingPlan, Opportunity, PlanState
from accounts.selectors import account_detail, alerts, coaching, in_notion, opportunities, overrides
from accounts.views import alerts as alert_views
from csm_portal.http import PortalRequest, member
from csm_portal.pages import profile
from qbr import policies as qbr_policies
from qbr import quarters
from qbr.models import QBR


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """One QBR of the account."""

    qbr_id: UUID
    label: str
    state: str
    starts_on: date
    updated_at: datetime
    notion_url: str


@require_safe
@member()
def account(request: PortalRequest, account_id: UUID) -> HttpResponse:
    """Show one account."""
    today = timezone.localdate(timezone=request.tenant.zone)
    visible = Account.objects.visible_to(request.membership).select_related(
        "owner", "health__latest__policy", "churn_story", *in_notion.RELATED
    )
    # What most accounts do not have is not asked for a second time.
    marked = visible.annotate(
        has_opportunities=Exists(Opportunity.objects.filter(account=OuterRef("pk"))),
        has_plan=Exists(CoachingPlan.objects.filter(account=OuterRef("pk"), state=PlanState.OPEN)),
    )
    found = get_object_or_404(overrides.with_standing(marked, today=today), pk=account_id)
    detail = account_detail.detail(
        found,
        today=today,
        span=request.GET.get("since", ""),
    )
    reviews, running = _reviews(found), quarters.quarter_of(today)
    context = {
        "detail": detail,
        "alerts": alerts.of_account(found, request.membership, today=today),
        "opportunities": opportunities.of_account(found, request.membership)
        if getattr(found, "has_opportunities", False)
        else (),
        "undo": alert_views.undoable(request),
        "here": request.path,
        "account": found,
        "reviews": reviews,
        # There is one review of a quarter: where it is begun, the way leads to it.
        "present_review": next((one for one in reviews if one.starts_on == running.start), None),
        "spans": _spans(detail.span),
        "can_draft": qbr_policies.can_draft(request.membership, found) and _is_current(found),
        "override": getattr(found, "word", None),
        "can_override": account_policies.can_write(request.membership, found) and _is_current(found),
        "coaching": coaching.in_brief(found) if getattr(found, "has_plan", False) else None,
        "idle_features": coaching.idle(found),
        "is_own": found.owner_id == request.user.pk,
        **profile.context(request, found),
    }
    return render(request, "pages/account.html", context)


def _reviews(found: Account) -> tuple[ReviewRow, ...]:
    rows = (
        QBR.objects.filter(account=found)
        .order_by("-quarter_start", "pk")
        .values_list("pk", "quarter_label", "state", "quarter_start", "updated_at", "notion_url")
    )
    return tuple(
        ReviewRow(qbr_id=pk, label=label, state=state, starts_on=start, updated_at=updated, notion_url=url)
        for pk, label, state, start, updated, url in rows
    )


def _spans(present: str) -> list[dict[str, object]]:
    """Return the links to how far back the score is compared."""
    return [
        {
            "label": label,
            "url": f"?since={name}#moved" if name else "?#moved",
            "is_current": name == present,
        }
        for name, (label, _) in account_detail.SPANS.items()
    ]


def _is_current(found: Account) -> bool:
    return not found.is_archived and found.removed_at is None
