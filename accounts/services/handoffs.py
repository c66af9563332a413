"""Hands opportunities over to Sales and takes their answers: each once, whoever asks how often (SPEC 4.3)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F

from accounts import handoffs as messages
from accounts import policies
from accounts.handoffs import CSMHandoffRequest, CSMHandoffResponse, ExpansionOpportunity
from accounts.models import Account, Opportunity, OpportunityPlace, PlacePurpose
from accounts.models.expansion import A_DAY
from accounts.scoring import expansion as rules
from accounts.scoring import expansion_states
from accounts.scoring.expansion import RANK
from accounts.scoring.expansion_states import ENDED, NEEDS_REASON, OpportunityState, Step
from accounts.selectors import expansion_inputs
from accounts.services import expansion, handoff_delivery
from csm_portal import currency_codes
from csm_portal.core import acting, audit
from csm_portal.core.models import Membership, Role, Tenant, User
from csm_portal.core.scope import current_tenant_id

_VERBS: Final = {
    Step.DISPATCH: "expansion.dispatched",
    Step.DISMISS: "expansion.dismissed",
    Step.ACCEPT: "expansion.accepted",
    Step.DECLINE: "expansion.declined",
    Step.WIN: "expansion.won",
    Step.LOSE: "expansion.lost",
}
LARGEST: Final = Decimal("99999999999999.99")


class NotPossible(ValueError):
    """It cannot be done as asked for; the message says why and what to do."""


class ChangedMeanwhile(NotPossible):
    """The opportunity is not what the person looked at any more: somebody else was faster, or a scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What goes with a step: a reason to turn it down, the amount a year and its currency where it was won."""

    note: str = ""
    amount: Decimal | None = None
    currency: str = ""


@transaction.atomic
def dispatch(
    opportunity: Opportunity,
    *,
    actor: User | None,
    version: int | None = None,
    today: date,
    now: datetime,
) -> dict[str, Any]:
    """Hand an opportunity over to Sales; return the answer of SPEC 4.3.

    Asked for again it answers the same and does nothing. Without an ``actor`` an agent does it, which takes one of five
    places a tenant and local day; what a person decides takes none. ``version`` is the one that the person looked at.

    Raises PermissionDenied for somebody who does not look after the account, NotPossible where the account is Red, in
    arrears or otherwise not to be called now, ChangedMeanwhile where it is not there to be handed over any more.
    """
    if actor is None:
        # Its places are counted under this lock, and a scan takes it before the opportunities: so does this, or each
        # would wait for the other.
        Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    locked = _locked(opportunity)
    if actor is not None and not policies.can_write(_membership(actor), locked.account):
        raise PermissionDenied
    if locked.dispatched_at is not None and (actor is None or locked.dispatched_by_id == actor.pk):
        return _answer(CSMHandoffRequest.model_validate(locked.handoff))
    _must_be(locked, Step.DISPATCH, version)
    if because := why_not(locked.account, as_of=today):
        raise NotPossible(f"{because} Nobody is offered more until that is over, so nothing was handed over.")
    if actor is None:
        _take_place(locked, on=today, now=now)
    request = _request(locked, by=str(actor) if actor else acting.name(messages.CSM_AGENT_ID), now=now)
    _move(
        locked,
        Step.DISPATCH,
        actor=actor,
        now=now,
        handoff=request.model_dump(mode="json"),
        dispatched_at=now,
        dispatched_by=actor,
        # What turns it down later is held against what was handed over.
        barred_because="",
    )
    handoff_delivery.announce(locked, request=request, now=now)
    _record(locked, Step.DISPATCH, actor=actor, now=now)
    receive(request, now=now)
    return _answer(request)


def dispatch_best(
    account: Account, *, today: date, now: datetime, actor: User | None = None
) -> dict[str, Any]:
    """Hand the account's surest opportunity over, as an agent's task asks for it; the same again while Sales has it.

    Where nothing is open it looks at the account first, as a scan would, within the day's five. Raises NotPossible where the account has none, or may not be called now; PermissionDenied as ``dispatch``.
    """
    found = list(Opportunity.objects.open().filter(account=account))
    if not found:
        expansion.keep_in_step(as_of=today, now=now, account_ids=[account.pk])
        found = list(Opportunity.objects.open().filter(account=account))
    if not found:
        because = why_not(account, as_of=today)
        raise NotPossible(
            because or "No expansion was found at this account. The daily scan looks again tomorrow."
        )
    waiting = [one for one in found if one.state == OpportunityState.FOUND] or found
    best = min(waiting, key=lambda one: (-RANK[one.confidence], -(one.amount or 0), str(one.pk)))
    return dispatch(best, actor=actor, today=today, now=now)


def why_not(account: Account, *, as_of: date) -> str:
    """Say why nobody may offer this account anything now, by what is known at this moment; empty where somebody may."""
    if account.is_archived or account.removed_at is not None:
        return "The account is archived or gone in Notion."
    case = expansion_inputs.case_of(account, as_of=as_of)
    return "The account has no score yet." if case is None else rules.bar(case)


@transaction.atomic
def receive(request: CSMHandoffRequest, *, now: datetime) -> CSMHandoffResponse:
    """Put what was handed over into the inbox of Sales: the Sales agent's side. A second time changes nothing."""

    def answer(status: Any, message: str) -> CSMHandoffResponse:
        return CSMHandoffResponse(request_id=request.request_id, status=status, message=message)

    if request.tenant_id != current_tenant_id():
        return answer("refused", "The request is of another tenant.")
    found = Opportunity.objects.filter(pk=request.request_id, dispatched_at__isnull=False).first()
    if found is None or CSMHandoffRequest.model_validate(found.handoff) != request:
        return answer("refused", "No such opportunity was handed over in these words.")
    if Opportunity.objects.filter(pk=found.pk, received_at=None).update(received_at=now):
        return answer("received", "It is in the inbox of Sales.")
    return answer("already_received", "It was in the inbox of Sales already.")


@transaction.atomic
def take(
    opportunity: Opportunity, step: Step, *, version: int, said: Said, actor: User, now: datetime
) -> Opportunity:
    """Dismiss an opportunity, or answer it for Sales: accept, decline, won, lost. The CSM is told of each answer.

    Of two who answer at once one wins; the other gets ChangedMeanwhile. Raises PermissionDenied, NotPossible where a
    reason or an amount is missing.
    """
    member = _membership(actor)
    if step in expansion_states.BY_SALES:
        is_allowed = Role.SALES in member.roles
    else:
        is_allowed = policies.can_write(member, opportunity.account)
    if not is_allowed:
        raise PermissionDenied
    _check(step, said)
    locked = _locked(opportunity)
    _must_be(locked, step, version)
    state = expansion_states.after(OpportunityState(locked.state), step)
    values: dict[str, Any] = {"note": said.note.strip()[:500]}
    if step is Step.ACCEPT:
        values["taken_by"] = actor
    if step is Step.WIN:
        values |= {"won_amount": said.amount, "won_currency": said.currency.upper()}
    if state in ENDED:
        values |= {"ended_at": now, "barred_because": ""}
    _move(locked, step, actor=actor, now=now, **values)
    _record(locked, step, actor=actor, now=now)
    if step in expansion_states.BY_SALES:
        handoff_delivery.tell_csm(locked, step=step, now=now)
    return locked


def _check(step: Step, said: Said) -> None:
    if step in NEEDS_REASON and not said.note.strip():
        raise NotPossible("Say why: it is not proposed again until the facts change, and somebody will ask.")
    if step is not Step.WIN:
        return
    if said.amount is None or not 0 < said.amount <= LARGEST:
        raise NotPossible("Give the amount a year that was won; it is more than 0.")
    if not said.currency:
        raise NotPossible("Give the currency in three letters, as in EUR.")
    if refusal := currency_codes.refusal(said.currency.upper()):
        raise NotPossible(refusal)


def _locked(opportunity: Opportunity) -> Opportunity:
    rows = Opportunity.objects.select_related("account__owner", "account__tenant", "state_by")
    locked: Opportunity = rows.select_for_update(of=("self",)).get(pk=opportunity.pk)
    return locked


def _must_be(opportunity: Opportunity, step: Step, version: int | None) -> None:
    """Refuse a step that the state does not allow, or that was meant for an earlier version."""
    state = OpportunityState(opportunity.state)
    is_as_seen = version is None or version == opportunity.version
    if is_as_seen and expansion_states.after(state, step) is not None:
        return
    raise ChangedMeanwhile(what_happened(opportunity))


def what_happened(opportunity: Opportunity) -> str:
    """Say in a sentence where an opportunity is now, and who brought it there."""
    state = expansion_states.LABELS[opportunity.state].lower()
    if opportunity.state == OpportunityState.WITHDRAWN:
        return f"The portal withdrew it meanwhile. {opportunity.note}"
    if opportunity.state == OpportunityState.FOUND:
        return "A scan has changed it since you opened the page. Look at what it says now, then decide."
    if opportunity.state_by is None:
        return f"It is {state} by now. Look at it again, then decide."
    done = {
        OpportunityState.DISPATCHED: "handed it over to Sales",
        OpportunityState.ACCEPTED: "accepted it",
        OpportunityState.DECLINED: "declined it",
        OpportunityState.WON: "recorded it as won",
        OpportunityState.LOST: "recorded it as lost",
        OpportunityState.DISMISSED: "dismissed it",
    }.get(OpportunityState(opportunity.state), "changed it")
    reason = f" They said: “{opportunity.note}”" if opportunity.note else ""
    return f"{opportunity.state_by} {done} meanwhile.{reason}"


def _move(opportunity: Opportunity, step: Step, *, actor: User | None, now: datetime, **values: Any) -> None:
    state = expansion_states.after(OpportunityState(opportunity.state), step)
    assert state is not None  # noqa: S101  # _must_be asked the table
    moved = Opportunity.objects.filter(
        pk=opportunity.pk, state=opportunity.state, version=opportunity.version
    ).update(state=state, state_at=now, state_by=actor, version=F("version") + 1, **values)
    if moved != 1:
        opportunity.refresh_from_db()
        raise ChangedMeanwhile(what_happened(opportunity))
    opportunity.refresh_from_db()


def _take_place(opportunity: Opportunity, *, on: date, now: datetime) -> None:
    """Take one of the day's places. The tenant's row is locked."""
    taken = set(
        OpportunityPlace.objects.filter(local_date=on, purpose=PlacePurpose.HANDED_OVER).values_list(
            "number", flat=True
        )
    )
    free = [number for number in range(1, A_DAY + 1) if number not in taken]
    if not free:
        raise NotPossible(
            "Five opportunities have been handed over by themselves today. This one can be tomorrow, or by a person now."
        )
    OpportunityPlace.objects.create(
        local_date=on,
        purpose=PlacePurpose.HANDED_OVER,
        number=free[0],
        opportunity=opportunity,
        taken_at=now,
    )


def as_message(opportunity: Opportunity) -> ExpansionOpportunity:
    """Return an opportunity as agents speak of it."""
    return ExpansionOpportunity(
        opportunity_type=rules.OpportunityType(opportunity.kind),
        evidence=[one["sentence"] for one in opportunity.evidence],
        estimated_arr_impact=opportunity.amount,
        currency=opportunity.currency,
        arithmetic=opportunity.arithmetic,
        talk_track=opportunity.talk_track,
        subject=opportunity.subject,
        confidence=rules.Confidence(opportunity.confidence),
    )


def _request(opportunity: Opportunity, *, by: str, now: datetime) -> CSMHandoffRequest:
    account = opportunity.account
    return CSMHandoffRequest(
        request_id=opportunity.pk,
        request_type=rules.OpportunityType(opportunity.kind),
        tenant_id=opportunity.tenant_id,
        account_id=account.notion_page_id,
        account_name=account.name,
        opportunity=as_message(opportunity),
        requested_by=by,
        requested_at=now,
    )


def _answer(request: CSMHandoffRequest) -> dict[str, Any]:
    return {
        "status": "dispatched",
        "handoff_task": request.to_task(),
        "target_agent_id": messages.SALES_AGENT_ID,
    }


def _record(opportunity: Opportunity, step: Step, *, actor: User | None, now: datetime) -> None:
    data = {"account": str(opportunity.account_id), "kind": opportunity.kind}
    if step is Step.WIN:
        data |= {"amount": str(opportunity.won_amount), "currency": opportunity.won_currency}
    audit.record(_VERBS[step], opportunity, actor=actor, at=now, data=data)


def _membership(actor: User) -> Membership:
    membership = Membership.objects.filter(user=actor).first()
    if membership is None:
        raise PermissionDenied
    return membership
