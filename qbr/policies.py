"""What a person is to a review: the facts that the rules of ``qbr.workflow`` ask for (SPEC 6.2, 10.1)."""

from collections.abc import Iterable
from uuid import UUID

from accounts import policies as account_policies
from accounts.models import Account
from csm_portal.core.models import Membership, Role
from qbr import workflow
from qbr.models import QBR, Transition
from qbr.workflow import Action, ActorFacts


def can_draft(membership: Membership, account: Account) -> bool:
    """Whether the member may begin a review: the account's own CSM, or any manager."""
    return account_policies.can_write(membership, account)


def works_on(membership: Membership, qbr: QBR) -> bool:
    """Whether the member takes part in this review at all, whatever its state."""
    return account_policies.can_write(membership, qbr.account)


def actor_facts(
    membership: Membership,
    qbr: QBR,
    *,
    history: Iterable[Transition],
    open_findings: int,
    stands_in_for: Iterable[UUID] = (),
) -> ActorFacts:
    """Return what the rules need to know of a member and a review.

    ``history`` holds the review's steps in any order; the account is loaded. ``stands_in_for`` are the managers
    whose deputy the member is today (``qbr.selectors.deputies``).
    """
    steps = sorted(history, key=lambda step: step.version)
    editors = workflow.people_who_edited_since_last_approval(
        (Action(step.action), step.actor_id) for step in steps
    )
    managers = tuple(stands_in_for)
    is_here = membership.tenant_id == qbr.tenant_id
    return ActorFacts(
        is_csm=is_here and Role.CSM in membership.roles and qbr.account.owner_id == membership.user_id,
        is_manager=is_here and Role.MANAGER in membership.roles,
        is_admin=is_here and Role.ADMIN in membership.roles,
        is_deputy=is_here and bool(managers),
        stands_in_for_authors=bool(managers)
        and all(manager in editors or manager == qbr.requested_by_id for manager in managers),
        submitted=qbr.submitted_by_id == membership.user_id,
        requested_draft=qbr.requested_by_id == membership.user_id,
        edited_since_last_approval=membership.user_id in editors,
        open_findings=open_findings,
    )
