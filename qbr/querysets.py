"""QBR queries named by meaning; a read starts with ``visible_to``."""

from typing import Any, Self

from csm_portal.core.models import Membership, Role
from csm_portal.core.scope import TenantQuerySet


class QBRQuerySet(TenantQuerySet[Any]):
    def visible_to(self, membership: Membership) -> Self:
        """Reviews that this member may read: the tenant's (SPEC 10.1), none for sales alone."""
        if membership.roles <= {Role.SALES}:
            return self.none()
        return self.filter(tenant_id=membership.tenant_id)
