"""Account, alert and opportunity queries named by meaning; a read starts with ``visible_to``."""

from typing import Any, Self

from accounts.scoring.alert_states import LIVE
from accounts.scoring.expansion_states import OPEN
from csm_portal.core.models import Membership, Role
from csm_portal.core.scope import TenantQuerySet


class AccountQuerySet(TenantQuerySet[Any]):
    def visible_to(self, membership: Membership) -> Self:
        """Accounts that this member may read: the tenant's (SPEC 10.1), none for sales alone.

        Sales people see the opportunities handed to them, not the book of business.
        """
        if membership.roles <= {Role.SALES}:
            return self.none()
        return self.filter(tenant_id=membership.tenant_id)

    def current(self) -> Self:
        """Accounts that the workspace still holds, neither archived there nor gone from it."""
        return self.filter(is_archived=False, removed_at=None)

    def owned_by(self, user_id: Any) -> Self:
        return self.filter(owner_id=user_id)


class AlertQuerySet(TenantQuerySet[Any]):
    def visible_to(self, membership: Membership) -> Self:
        """Alerts that this member may read: those of the accounts that they may read."""
        if membership.roles <= {Role.SALES}:
            return self.none()
        return self.filter(tenant_id=membership.tenant_id)

    def live(self) -> Self:
        """Alerts that somebody still has before them: open, acknowledged or snoozed."""
        return self.filter(state__in=sorted(LIVE))

    def running(self) -> Self:
        """Alerts whose cause lasts, resolved ones too."""
        return self.filter(ended_at=None)


class PlanQuerySet(TenantQuerySet[Any]):
    def visible_to(self, membership: Membership) -> Self:
        """Coaching plans that this member may read: those of the accounts that they may read."""
        if membership.roles <= {Role.SALES}:
            return self.none()
        return self.filter(tenant_id=membership.tenant_id)


class OpportunityQuerySet(TenantQuerySet[Any]):
    def visible_to(self, membership: Membership) -> Self:
        """Opportunities that this member may read: those of the accounts that they may read."""
        if membership.roles <= {Role.SALES}:
            return self.none()
        return self.filter(tenant_id=membership.tenant_id)

    def handed_over_to(self, membership: Membership) -> Self:
        """Opportunities that were handed over to Sales: what sales people read, and nothing before that."""
        if Role.SALES not in membership.roles:
            return self.none()
        return self.filter(tenant_id=membership.tenant_id, dispatched_at__isnull=False)

    def open(self) -> Self:
        """Opportunities that somebody still has before them."""
        return self.filter(state__in=sorted(OPEN))
