"""One task on its way to a handler: whose it is, whom it is about, and who asks (SPEC 5.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from accounts import policies
from accounts.models import Account
from csm_portal.agent.tasks import CSMTask
from csm_portal.core.agent_runs import Caller
from csm_portal.core.models import Membership, Role, Tenant, User

Clock = Callable[[], datetime]
RUNNERS = frozenset({Role.MANAGER, Role.ADMIN})


class NoSuchAccount(LookupError):
    """The tenant holds no account with this id; another tenant's is no different."""

    def __init__(self) -> None:
        super().__init__(
            "This company has no account with that id. Give the id of the account's page in Notion, or the one in its "
            "address here."
        )


class NotAllowed(PermissionDenied):
    """The person who asks may not do this; the message says what they lack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a handler is given. ``clock`` tells the time where the work takes longer than a moment."""

    task: CSMTask
    tenant: Tenant
    caller: Caller
    clock: Clock
    run_id: UUID

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def today(self) -> date:
        """The day in the tenant's zone."""
        return self.now.astimezone(self.tenant.zone).date()

    @property
    def actor(self) -> User | None:
        return self.caller.actor

    def account(self) -> Account:
        """Return the account that the task names, if whoever asks may see it. Raises NoSuchAccount."""
        visible = Account.objects.select_related("tenant", "owner", "health__latest")
        membership = self.membership()
        if membership is not None:
            visible = visible.visible_to(membership)
        found: Account | None = visible.filter(named(self.task.account_id or "")).order_by("pk").first()
        if found is None:
            raise NoSuchAccount
        return found

    def membership(self) -> Membership | None:
        """Return what the person who asks is here; None where no person does. Raises NotAllowed for a stranger."""
        if self.actor is None:
            return None
        membership: Membership | None = Membership.objects.filter(user=self.actor).first()
        if membership is None:
            raise NotAllowed("You are no member of this company.")
        return membership

    def require_runner(self) -> None:
        """Let only managers and admins pass, of people. Raises NotAllowed."""
        membership = self.membership()
        if membership is not None and not membership.roles & RUNNERS:
            raise NotAllowed("Only a manager or an admin may have all accounts scanned.")

    def require_work_on(self, account: Account, *, is_profile: bool = False) -> None:
        """Let only those pass, of people, who work on the account. Raises NotAllowed."""
        membership = self.membership()
        if membership is None:
            return
        may = policies.can_update_profile if is_profile else policies.can_write
        if not may(membership, account):
            raise NotAllowed("Only the account's own CSM or a manager may do this.")


def named(account_id: str) -> Q:
    """Return how an account is found by the id of its page, with or without hyphens, or by the portal's own."""
    named = Q(notion_page_id=account_id)
    try:
        key = UUID(account_id)
    except ValueError:
        return named
    return named | Q(notion_page_id=str(key)) | Q(notion_page_id=key.hex) | Q(pk=key)
