"""One step of a review: claimed, written down in its history and in the audit log, all or nothing.

Whoever changes a review reads it first (``ground``), asks the table (``qbr.workflow``) and then claims the
version that was read. Every change raises the version, so what was read is what is changed, or nobody is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import F

from csm_portal.core import audit
from csm_portal.core.models import Membership, User
from qbr import policies, workflow
from qbr.models import QBR, Transition
from qbr.selectors import current, deputies
from qbr.selectors.current import Current
from qbr.workflow import Action, ActorFacts, NotAllowed, State

PORTAL: Final = "The portal"
_VERBS: Final[Mapping[Action, str]] = {
    Action.EDIT: "qbr.edited",
    Action.VOUCH: "qbr.vouched",
    Action.RESTORE: "qbr.restored",
    Action.REFRESH_FACTS: "qbr.facts_refreshed",
    Action.REDRAFT: "qbr.drafted",
    Action.SUBMIT: "qbr.submitted",
    Action.WITHDRAW: "qbr.withdrawn",
    Action.REQUEST_CHANGES: "qbr.changes_requested",
    Action.APPROVE: "qbr.approved",
    Action.PUBLISH: "qbr.publishing_asked",
    Action.KEEP_THEIRS: "qbr.notion_kept",
    Action.PUBLISHED: "qbr.published",
    Action.PUBLISH_FAILED: "qbr.publishing_failed",
}


class OutOfDate(Exception):
    """The review has changed since it was read; the message tells a person so."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody has changed this review since you opened it. Look at it again, then decide."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A review as it was read for one change. ``now_says`` is None while it has no text yet."""

    qbr: QBR
    state: State
    now_says: Current | None
    actor: User | None
    standing: ActorFacts
    stands_in_for: tuple[User, ...] = ()

    @property
    def text(self) -> Current:
        """Return what the review says. Raises NotAllowed where it says nothing yet."""
        if self.now_says is None:
            raise NotAllowed("This review is still being drafted; wait until its text is there.")
        return self.now_says


def read(qbr_id: UUID) -> QBR:
    """Return the review with its account and people. One query."""
    found: QBR = QBR.objects.select_related("account__tenant", "account__owner", "requested_by").get(
        pk=qbr_id
    )
    return found


def ground(qbr: QBR, *, actor: User, version: int | None = None, deputies_on: date | None = None) -> Ground:
    """Read a review anew for a change by a person.

    ``deputies_on`` is the local day of a step that a deputy may take in a manager's place. Raises
    PermissionDenied for somebody who has no part in it, OutOfDate where it is no longer at the
    ``version`` that the person looked at.
    """
    fresh = read(qbr.pk)
    membership = Membership.objects.filter(user=actor).first()
    if membership is None:
        raise PermissionDenied
    managers = () if deputies_on is None else deputies.stood_in_for(membership, on=deputies_on)
    if not managers and not policies.works_on(membership, fresh):
        raise PermissionDenied
    if version is not None and fresh.version != version:
        raise OutOfDate
    now_says = current.latest(fresh)
    return Ground(
        qbr=fresh,
        state=State(fresh.state),
        now_says=now_says,
        actor=actor,
        standing=policies.actor_facts(
            membership,
            fresh,
            history=Transition.objects.filter(qbr=fresh),
            open_findings=0 if now_says is None else now_says.open_findings,
            stands_in_for=[manager.pk for manager in managers],
        ),
        stands_in_for=managers,
    )


def advance(
    found: Ground,
    action: Action,
    *,
    now: datetime,
    comment: str = "",
    verb: str = "",
    content_hash: str | None = None,
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> QBR:
    """Take one step of a person and return the review as it is then. Call it inside a transaction.

    ``content_hash`` is that of the text after the step, the present one's where none is given; ``changes``
    are columns of the review that go along. Raises NotAllowed with the table's own sentence.
    """
    state = workflow.advance(found.state, action, found.standing)
    if content_hash is None:
        content_hash = "" if found.now_says is None else found.now_says.revision.content_hash
    return take(
        found.qbr,
        action,
        to=state,
        now=now,
        actor=found.actor,
        comment=comment,
        content_hash=content_hash,
        verb=verb,
        data=data,
        **changes,
    )


def take(
    qbr: QBR,
    action: Action,
    *,
    to: State,
    now: datetime,
    actor: User | None,
    by: str = PORTAL,
    comment: str = "",
    content_hash: str = "",
    verb: str = "",
    data: Mapping[str, Any] | None = None,
    **changes: Any,
) -> QBR:
    """Write down one step that the table allows; raises OutOfDate where the review has moved meanwhile."""
    before = State(qbr.state)
    claimed = QBR.objects.filter(pk=qbr.pk, version=qbr.version, state=before).update(
        state=to, version=F("version") + 1, updated_at=now, **changes
    )
    if claimed != 1:
        raise OutOfDate
    for name, value in {"state": to, "version": qbr.version + 1, "updated_at": now, **changes}.items():
        setattr(qbr, name, value)
    Transition.objects.create(
        qbr=qbr,
        action=action,
        from_state=before,
        to_state=to,
        actor=actor,
        actor_name=str(actor) if actor is not None else by,
        comment=comment,
        content_hash=content_hash,
        at=now,
        version=qbr.version,
    )
    audit.record(
        verb or _VERBS[action],
        qbr,
        actor=actor,
        at=now,
        by=by,
        data={"account": str(qbr.account_id), "from": before, "to": to, "hash": content_hash, **(data or {})},
    )
    return qbr
