"""The churn risk of one account as the agent tells it (SPEC 4.1)."""

from accounts.models import Account
from accounts.services import churn_story, scans
from csm_portal import wiring
from csm_portal.agent.orders import Order
from csm_portal.agent.results import ChurnRiskFact, ChurnRiskResult, Confidence


def assess(account: Account, order: Order) -> ChurnRiskResult:
    """Return the latest assessment with its words; an account that was never scored is scored first."""
    now = order.now
    try:
        assessed = _assess(account, order)
    except churn_story.NotAssessed:
        scans.of_account(account, as_of=order.today, now=now, actor=order.actor)
        assessed = _assess(account, order)
    return ChurnRiskResult(
        account_id=account.notion_page_id,
        churn_risk_level=assessed.level,
        trigger_type=assessed.trigger or None,
        risk_narrative=assessed.narrative,
        recommended_actions=list(assessed.actions),
        facts=[
            ChurnRiskFact(code=one["code"], kind=one["kind"], sentence=one["sentence"], on=one["on"])
            for one in assessed.facts
        ],
        assessed_on=assessed.assessed_on,
        act_until=assessed.until,
        written_by=assessed.written_by,
        confidence=_confidence(is_of_today=assessed.assessed_on == order.today, trouble=assessed.trouble),
        trouble=assessed.trouble,
    )


def _assess(account: Account, order: Order) -> churn_story.Assessed:
    return churn_story.assess(
        account, writers=wiring.writers(), now=order.now, actor=order.actor, run_id=order.run_id
    )


def _confidence(*, is_of_today: bool, trouble: str) -> Confidence:
    return "high" if is_of_today and not trouble else "medium"
