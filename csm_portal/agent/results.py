"""What the agent answers, one form for each task (SPEC 5.1, 5.2). Knows no Django.

An answer says how far it can be relied on: ``confidence`` is "high" where all that it rests on was known, "medium" where
some of it was missing or templates stood in for a model, "low" where part of the work was not done; then ``partial`` is
true and ``trouble`` says in a sentence what is missing.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from accounts.handoffs import CSMHandoffRequest, ExpansionOpportunity
from accounts.scoring.results import CSMHealthScoreResult, RagStatus
from accounts.scoring.signals import HealthSignals
from csm_portal.agent.tasks import TaskType
from qbr.schemas import QBRPage

Confidence = Literal["high", "medium", "low"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class _Owned(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CSMHealthSignals(_Owned):
    """The thirteen inputs of the health score (SPEC 1); None: not known."""

    feature_adoption_rate: Share | None = None
    support_ticket_volume: Annotated[float, Field(ge=0)] | None = None
    support_sentiment: Literal["positive", "neutral", "negative"] | None = None
    last_interaction_days: Annotated[float, Field(ge=0)] | None = None
    login_frequency_score: Share | None = None
    usage_trend: Literal["growing", "stable", "declining"] | None = None
    payment_current: bool | None = None
    stakeholder_engagement_score: Share | None = None
    nps_score: Annotated[float, Field(ge=0, le=10)] | None = None
    renewal_days_out: float | None = None
    seats_utilization: Annotated[float, Field(ge=0)] | None = None
    escalation_history_count: Annotated[float, Field(ge=0)] | None = None
    tam_health_rag: Literal["Red", "Amber", "Green"] | None = None

    @classmethod
    def of(cls, signals: HealthSignals) -> "CSMHealthSignals":
        """Return the signals as they leave the portal."""
        return cls.model_validate(signals.to_mapping())


class TaskAnswer(_Owned):
    """What every answer has; ``trouble`` is "" where nothing is missing."""

    confidence: Confidence = "high"
    partial: bool = False
    trouble: str = ""


class TaskFailure(_Owned):
    """The result of a task that could not be carried out (SPEC 5.2)."""

    error: str = Field(min_length=1)
    confidence: Literal["low"] = "low"
    partial: Literal[True] = True


class AccountHealthAnswer(TaskAnswer):
    """``health_scan`` of one account: its score with the reasons, and what it was scored by."""

    health: CSMHealthScoreResult
    signals: CSMHealthSignals
    coverage: Share = Field(description="Share of the total weight that was observed (SPEC 3.3).")


class PortfolioHealthAnswer(TaskAnswer):
    """``health_scan`` of all accounts, in counts: bands, and what became of alerts."""

    as_of: date
    policy_number: Count
    scored: Count
    bands: dict[RagStatus, Count]
    last_known: Count = Field(description="Accounts whose last known band stands for lack of data.")
    alerts_raised: Count
    alerts_opened_again: Count
    alerts_closed: Count
    alerts_handed_over: Count
    counts: dict[str, int | float | str] = Field(description="All that the scan counted, by name.")


class ChurnRiskFact(_Owned):
    """A dated fact behind the risk, in words."""

    code: str
    kind: Literal["contract", "behaviour"]
    sentence: str
    on: date


class ChurnRiskResult(TaskAnswer):
    """The churn risk of one account (SPEC 4.1).

    Level and trigger are the rules'; ``trigger_type`` is None where nothing calls for action. Narrative and actions are
    by ``written_by``: a model by its name, or "templates".
    """

    account_id: str = Field(min_length=1)
    churn_risk_level: Literal["low", "medium", "high", "critical"]
    trigger_type: Literal["contract_proximity", "behavioral", "combined"] | None
    risk_narrative: str
    recommended_actions: list[str]
    facts: list[ChurnRiskFact]
    assessed_on: date
    act_until: date | None = Field(description="The notice date, or else the renewal.")
    written_by: str


class QBRAnswer(TaskAnswer):
    """``qbr_generation``: the review as it stands. A person checks it, a manager approves it, nobody here publishes it."""

    qbr: QBRPage
    review_id: str
    was_there: bool = Field(description="Whether the quarter had its review already; then that one is given.")


class ExpansionAnswer(TaskAnswer):
    """``expansion_dispatch``: what was handed to Sales (SPEC 4.3)."""

    status: Literal["dispatched"]
    handoff_task: dict[str, Any] = Field(description="The Sales agent's task.")
    target_agent_id: Literal["sales_agent"]

    @property
    def request(self) -> CSMHandoffRequest:
        """The request within the task. Raises ValueError where it is none."""
        return CSMHandoffRequest.from_task(self.handoff_task)

    @property
    def opportunity(self) -> ExpansionOpportunity:
        return self.request.opportunity


class CoachingStep(_Owned):
    """One recommendation, and the signals that called for it."""

    title: str
    why: str
    feature_area: str
    signals: list[str]
    due_on: date | None
    is_done: bool


class CoachingAnswer(TaskAnswer):
    """``adoption_coaching``: the account's plan as it stands (SPEC 4.4)."""

    account_id: str
    plan_id: str
    written_by: str
    steps: list[CoachingStep]
    was_there: bool = Field(description="Whether a plan was in work already; then that one is given.")


class AlertDelivery(_Owned):
    channel: Literal["notion", "events", "mail", "chat"]
    state: Literal["pending", "sending", "delivered", "failed"]
    error: str = ""


class ChurnAlertAnswer(TaskAnswer):
    """``churn_alert``: what became of the account's most urgent alert.

    ``delivered``: it went out now, ``already_delivered``: it has gone out before, ``held_back``: the five of the day are
    out and it competes again tomorrow, ``no_alert``: nothing at the account calls for one.
    """

    account_id: str
    status: Literal["delivered", "already_delivered", "held_back", "no_alert"]
    reason: str = ""
    severity: str = ""
    headline: str = ""
    due_on: date | None = None
    channels: list[AlertDelivery] = Field(default_factory=list)
    places_left_today: int = Field(ge=0, le=5)


class ProfileAnswer(TaskAnswer):
    """``update_csm_profile``: the sub-page in Notion, and how many of its blocks changed."""

    account_id: str
    url: str = ""
    made: bool = False
    changed: Count = 0
    added: Count = 0
    removed: Count = 0


ANSWERS: Final[Mapping[TaskType, tuple[type[TaskAnswer], ...]]] = {
    TaskType.HEALTH_SCAN: (AccountHealthAnswer, PortfolioHealthAnswer),
    TaskType.CHURN_RISK_ASSESSMENT: (ChurnRiskResult,),
    TaskType.QBR_GENERATION: (QBRAnswer,),
    TaskType.EXPANSION_DISPATCH: (ExpansionAnswer,),
    TaskType.ADOPTION_COACHING: (CoachingAnswer,),
    TaskType.CHURN_ALERT: (ChurnAlertAnswer,),
    TaskType.UPDATE_CSM_PROFILE: (ProfileAnswer,),
}
"""The forms that the ``result`` of each task can have; any can be a TaskFailure instead."""

Status = Literal["done", "partial", "refused", "not_found", "not_allowed", "failed"]


class CSMResult(_Owned):
    """What came of one task. ``result`` has one of the forms of ``ANSWERS``, or is a TaskFailure.

    ``status`` is "refused" where the rules leave nothing to do, as for an account that has no opportunity; "failed" where
    something that should have worked did not.

    ``confidence``, ``partial`` and ``error`` stand in the result too, and here for whoever only wants to know whether it
    went well. ``account_id`` is the id of the account's page, however the task named it; None where it is about all
    accounts, or where the company has no such account. ``run_id`` is the row under which it is recorded, None where there was no tenant to record it for.
    """

    task_type: TaskType
    tenant_id: str
    account_id: str | None = None
    run_id: str | None = None
    status: Status
    result: dict[str, Any]
    confidence: Confidence
    partial: bool
    error: str | None = None
    started_at: AwareDatetime
    finished_at: AwareDatetime

    @property
    def is_complete(self) -> bool:
        """Whether all of the task was done."""
        return self.status == "done"


def checked(task_type: TaskType, result: Mapping[str, Any]) -> TaskAnswer | TaskFailure:
    """Return a result in the form that it has. Raises ValueError where it has none of the task's."""
    if "error" in result:
        return TaskFailure.model_validate(dict(result))
    problems = []
    for form in ANSWERS[task_type]:
        try:
            return form.model_validate(dict(result))
        except ValueError as error:
            problems.append(str(error))
    raise ValueError("\n".join(problems))
