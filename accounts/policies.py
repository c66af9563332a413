"""Who may change what about an account (SPEC 10.1)."""

from accounts.models import Account
from csm_portal.core.models import Membership, Role


def can_write(membership: Membership, account: Account) -> bool:
    """Whether the member may act on the account: its own CSM, or any manager of the tenant."""
    if membership.tenant_id != account.tenant_id:
        return False
    if Role.MANAGER in membership.roles:
        return True
    return Role.CSM in membership.roles and account.owner_id == membership.user_id


def can_update_profile(membership: Membership, account: Account) -> bool:
    """Whether the member may let the portal write the account's CSM Profile: who works on it, and admins."""
    if membership.tenant_id != account.tenant_id:
        return False
    return Role.ADMIN in membership.roles or can_write(membership, account)
