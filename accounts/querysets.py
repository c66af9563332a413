"""Account queries named by meaning; a read starts with ``visible_to``."""

from typing import Any, Self

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
