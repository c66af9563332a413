"""The seven tasks: each looks up what it is about, makes one service call and puts the outcome into its form (SPEC 5.1)."""

from decimal import Decimal
from typing import Final

from accounts.scoring.signals import HealthSignals
from accounts.services import alert_now, coaching, handoffs, profiles, scans
from accounts.services.alert_now import Told
from csm_portal import wiring
from csm_portal.agent import reviews, risks
from csm_portal.agent.orders import Order
from csm_portal.agent.results import (
    AccountHealthAnswer,
    AlertDelivery,
    ChurnAlertAnswer,
    ChurnRiskResult,
    CoachingAnswer,
    CoachingStep,
    Confidence,
    CSMHealthSignals,
    ExpansionAnswer,
    PortfolioHealthAnswer,
    ProfileAnswer,
    QBRAnswer,
    TaskAnswer,
)
from csm_portal.core import jobs
from csm_portal.core.models import DeliveryState, JobState
from csm_portal.ports.errors import PortError, Trouble

WELL_COVERED: Final = Decimal("0.9")
BARELY_COVERED: Final = Decimal("0.5")


def health_scan(order: Order) -> TaskAnswer:
    """Score one account as it is mirrored, or read and score all of them."""
    if order.task.account_id is None:
        return _scan_all(order)
    account = order.account()
    order.require_work_on(account, is_profile=True)
    result, score = scans.of_account(account, as_of=order.today, now=order.now, actor=order.actor)
    return AccountHealthAnswer(
        health=result,
        signals=CSMHealthSignals.of(HealthSignals.from_mapping(score.inputs)),
        coverage=float(score.coverage),
        confidence=_covered(score.coverage),
    )


def _scan_all(order: Order) -> PortfolioHealthAnswer:
    order.require_runner()
    scanned = scans.run(
        order.tenant,
        open_workspace=wiring.workspace,
        as_of=order.today,
        clock=order.clock,
        actor=order.actor,
    )
    counts = scanned.counts
    return PortfolioHealthAnswer(
        as_of=counts.as_of,
        policy_number=counts.policy_number,
        scored=counts.scored,
        bands=dict(counts.bands),
        last_known=counts.last_known,
        alerts_raised=counts.raised,
        alerts_opened_again=counts.reopened,
        alerts_closed=counts.closed,
        alerts_handed_over=counts.handed_over,
        counts=counts.to_mapping(),
        confidence="low" if scanned.trouble else "medium" if counts.problems else "high",
        partial=bool(scanned.trouble),
        trouble=scanned.trouble,
    )


def churn_risk_assessment(order: Order) -> ChurnRiskResult:
    """Say how likely an account is to leave, why, and what to do."""
    return risks.assess(order.account(), order)


def qbr_generation(order: Order) -> QBRAnswer:
    """Begin an account's review, drafted and checked; one that is there is given as it stands."""
    return reviews.generate(order.account(), order)


def expansion_dispatch(order: Order) -> ExpansionAnswer:
    """Hand the account's best opportunity to Sales."""
    account = order.account()
    order.require_work_on(account)
    sent = handoffs.dispatch_best(account, actor=order.actor, today=order.today, now=order.now)
    return ExpansionAnswer(**sent)


def adoption_coaching(order: Order) -> CoachingAnswer:
    """Give the account's plan for using more of what it pays for, made where there is none."""
    account = order.account()
    was_there = coaching.open_plan(account) is not None
    plan = coaching.plan_for(
        account,
        actor=order.actor,
        writers=wiring.writers(),
        today=order.today,
        now=order.now,
        run_id=order.run_id,
    )
    steps = [
        CoachingStep(
            title=step.title,
            why=step.why,
            feature_area=step.area,
            signals=[str(one["signal"]) for one in step.evidence],
            due_on=step.due_on,
            is_done=step.done_at is not None,
        )
        for step in plan.steps.order_by("position", "pk")
    ]
    return CoachingAnswer(
        account_id=account.notion_page_id,
        plan_id=str(plan.pk),
        written_by=plan.written_by,
        steps=steps,
        was_there=was_there,
        confidence="medium" if plan.trouble else "high",
        trouble=plan.trouble,
    )


def churn_alert(order: Order) -> ChurnAlertAnswer:
    """Have the account's most urgent alert told on the four channels, within the five of the day."""
    account = order.account()
    order.require_work_on(account)
    told = alert_now.tell(account, as_of=order.today, now=order.now, actor=order.actor)
    channels = [
        AlertDelivery(channel=one.channel, state=one.state, error=one.last_error) for one in told.deliveries
    ]
    failed = [one.channel for one in told.deliveries if one.state == DeliveryState.FAILED]
    return ChurnAlertAnswer(
        account_id=account.notion_page_id,
        status=told.telling.value,
        channels=channels,
        places_left_today=told.places_left,
        confidence="low" if failed else "high",
        partial=bool(failed),
        trouble=f"It did not arrive on: {', '.join(failed)}. The page “Messages” says why." if failed else "",
        **_alert(told),
    )


def _alert(told: Told) -> dict[str, object]:
    if told.alert is None:
        return {}
    alert = told.alert
    return {
        "reason": alert.reason,
        "severity": alert.severity,
        "headline": alert.headline,
        "due_on": alert.due_on,
    }


def update_csm_profile(order: Order) -> ProfileAnswer:
    """Bring the CSM Profile under the account's page in Notion up to date."""
    account = order.account()
    order.require_work_on(account, is_profile=True)
    job = jobs.run_here(profiles.ask(account, actor=order.actor, now=order.now))
    if job.state not in (JobState.DONE, JobState.PARTIAL):
        raise PortError(
            job.error
            or job.progress_message
            or "The profile is still being written; its card says what comes of it.",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
        )
    found = job.result
    is_partial = job.state == JobState.PARTIAL
    return ProfileAnswer(
        account_id=account.notion_page_id,
        url=str(found.get("page", "")),
        made=bool(found.get("made")),
        changed=int(found.get("changed", 0)),
        added=int(found.get("added", 0)),
        removed=int(found.get("removed", 0)),
        confidence="low" if is_partial else "high",
        partial=is_partial,
        trouble=job.error if is_partial else "",
    )


def _covered(coverage: Decimal) -> Confidence:
    if coverage >= WELL_COVERED:
        return "high"
    return "medium" if coverage >= BARELY_COVERED else "low"
