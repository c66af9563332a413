"""The agent: seven tasks over the same services that the pages use (SPEC 5).

The names below are looked up when they are first asked for, so that importing the package costs nothing and the forms of
tasks and results can be read without Django.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.handoffs import CSMHandoffRequest, CSMHandoffResponse, ExpansionOpportunity
    from accounts.prompts.churn import build_churn_risk_prompt
    from accounts.prompts.coaching import build_adoption_coaching_prompt
    from accounts.prompts.expansion import build_expansion_prompt
    from accounts.scoring.results import CSMHealthScoreResult
    from csm_portal.agent.capabilities import CSM_CAPABILITIES, create_csm_registration
    from csm_portal.agent.results import ChurnRiskResult, CSMHealthSignals, CSMResult
    from csm_portal.agent.router import CSMAgent
    from csm_portal.agent.sales import CSM_REQUEST_TO_TASK_TYPE, SalesAgent, create_sales_registration
    from csm_portal.agent.tasks import CSMTask, TaskType
    from csm_portal.core.agent_runs import Caller
    from csm_portal.ports.events import AgentEvent
    from qbr.prompts.review import build_qbr_prompt
    from qbr.prompts.system import CSM_SYSTEM_PROMPT
    from qbr.schemas import QBRPage

_WHERE = {
    "AgentEvent": "csm_portal.ports.events",
    "CSMAgent": "csm_portal.agent.router",
    "CSMHandoffRequest": "accounts.handoffs",
    "CSMHandoffResponse": "accounts.handoffs",
    "CSMHealthScoreResult": "accounts.scoring.results",
    "CSMHealthSignals": "csm_portal.agent.results",
    "CSMResult": "csm_portal.agent.results",
    "CSMTask": "csm_portal.agent.tasks",
    "CSM_CAPABILITIES": "csm_portal.agent.capabilities",
    "CSM_SYSTEM_PROMPT": "qbr.prompts.system",
    "Caller": "csm_portal.core.agent_runs",
    "CSM_REQUEST_TO_TASK_TYPE": "csm_portal.agent.sales",
    "ChurnRiskResult": "csm_portal.agent.results",
    "ExpansionOpportunity": "accounts.handoffs",
    "QBRPage": "qbr.schemas",
    "SalesAgent": "csm_portal.agent.sales",
    "TaskType": "csm_portal.agent.tasks",
    "build_adoption_coaching_prompt": "accounts.prompts.coaching",
    "build_churn_risk_prompt": "accounts.prompts.churn",
    "build_expansion_prompt": "accounts.prompts.expansion",
    "build_qbr_prompt": "qbr.prompts.review",
    "create_csm_registration": "csm_portal.agent.capabilities",
    "create_sales_registration": "csm_portal.agent.sales",
}

__all__ = [
    "CSM_CAPABILITIES",
    "CSM_REQUEST_TO_TASK_TYPE",
    "CSM_SYSTEM_PROMPT",
    "AgentEvent",
    "CSMAgent",
    "CSMHandoffRequest",
    "CSMHandoffResponse",
    "CSMHealthScoreResult",
    "CSMHealthSignals",
    "CSMResult",
    "CSMTask",
    "Caller",
    "ChurnRiskResult",
    "ExpansionOpportunity",
    "QBRPage",
    "SalesAgent",
    "TaskType",
    "build_adoption_coaching_prompt",
    "build_churn_risk_prompt",
    "build_expansion_prompt",
    "build_qbr_prompt",
    "create_csm_registration",
    "create_sales_registration",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"The agent has no {name}.")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
