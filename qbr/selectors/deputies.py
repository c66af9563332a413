"""Who stands in for which manager, and since when (SPEC 6.2 on approvers, delegated while one is away)."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from csm_portal.core.models import Membership, User
from qbr.models import Deputy


def stood_in_for(membership: Membership, *, on: date) -> tuple[User, ...]:
    """Return the managers whose deputy a member is on a local day. One query.

    Whoever is no manager any more, or cannot sign in, has nobody to stand in for them.
    """
    rows = _in_force(on).filter(
        deputy_id=membership.user_id, manager__is_active=True, manager__membership__is_manager=True
    )
    found: dict[object, User] = {row.manager_id: row.manager for row in rows.select_related("manager")}
    return tuple(found.values())


def deputies_of(managers: set[object], *, on: date) -> dict[object, User]:
    """Return who stands in for each of these managers on a local day, by the manager's id. One query."""
    rows = _in_force(on).filter(manager_id__in=managers).select_related("deputy")
    return {row.manager_id: row.deputy for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """What a manager has arranged and is still to come, and who could stand in for them."""

    planned: tuple[Deputy, ...]
    candidates: tuple[User, ...]
    others: tuple[Deputy, ...]


def absences(membership: Membership, *, today: date) -> Absences:
    """Return a manager's own deputies from today on, other managers', and the colleagues to choose from. Two queries."""
    rows = list(
        Deputy.objects.filter(ended_at=None, ends_on__gte=today)
        .select_related("manager", "deputy")
        .order_by("starts_on", "pk")
    )
    colleagues = (
        Membership.objects.filter(Q(is_csm=True) | Q(is_manager=True), user__is_active=True)
        .exclude(user_id=membership.user_id)
        .select_related("user")
        .order_by("user__name", "pk")
    )
    return Absences(
        planned=tuple(row for row in rows if row.manager_id == membership.user_id),
        others=tuple(row for row in rows if row.manager_id != membership.user_id),
        candidates=tuple(one.user for one in colleagues),
    )


def _in_force(on: date) -> QuerySet[Deputy]:
    return Deputy.objects.filter(ended_at=None, starts_on__lte=on, ends_on__gte=on)
