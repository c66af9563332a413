"""How the agent describes itself to an agent registry (SPEC 5.3). Knows no Django."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from accounts.handoffs import CSM_AGENT_ID
from csm_portal.agent.results import ANSWERS, CSMResult, TaskFailure
from csm_portal.agent.tasks import CSMTask, TaskType

VERSION: Final = "1.0"
ADDRESS: Final = "/agent/tasks/"


class AgentCapability(BaseModel):
    """One thing that the agent can do.

    ``changes`` says what the task changes, in words, "" where it only reads; ``is_long`` that it is done in the
    background unless the caller asks to wait.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_type: TaskType
    description: str
    needs_account: bool
    changes: str
    is_long: bool
    model_writes: str = Field(
        description="What a language model words, where one is set; never a figure, class or date."
    )


_SAID: Final[Mapping[TaskType, tuple[str, str, str]]] = {
    TaskType.HEALTH_SCAN: (
        "Scores one account, or reads every account from Notion and scores them all; raises and closes alerts.",
        "Scores of the day, alerts; at most five alerts go out a day.",
        "",
    ),
    TaskType.CHURN_RISK_ASSESSMENT: (
        "Says how likely an account is to leave, on which dated facts, and what to do about it.",
        "Scores the account where it never was.",
        "Narrative and actions.",
    ),
    TaskType.QBR_GENERATION: (
        "Drafts the review of an account and quarter and checks each figure in it; gives the one that is there.",
        "A draft, which a person checks and a manager approves.",
        "The prose of the four sections.",
    ),
    TaskType.EXPANSION_DISPATCH: (
        "Hands the account's surest expansion opportunity over to the Sales agent.",
        "The opportunity is with Sales; at most five a day go out without a person.",
        "The talk track.",
    ),
    TaskType.ADOPTION_COACHING: (
        "Gives the account's coaching plan, made from the signals that call for it where there is none.",
        "A plan that a person edits, sends and ticks off.",
        "The sentences of the steps.",
    ),
    TaskType.CHURN_ALERT: (
        "Has the account's most urgent alert told in Notion, on the event bus, as a Gmail draft and in the chat.",
        "Takes one of the day's five places.",
        "",
    ),
    TaskType.UPDATE_CSM_PROFILE: (
        "Brings the CSM Profile under the account's page in Notion up to date and keeps what people wrote there.",
        "The portal's blocks of that page.",
        "",
    ),
}

CSM_CAPABILITIES: Final[Mapping[str, AgentCapability]] = {
    name.value: AgentCapability(
        task_type=name,
        description=description,
        needs_account=name is not TaskType.HEALTH_SCAN,
        changes=changes,
        is_long=name in (TaskType.QBR_GENERATION, TaskType.UPDATE_CSM_PROFILE),
        model_writes=words,
    )
    for name, (description, changes, words) in _SAID.items()
}
"""What the agent can do, by task type."""


def schema_of(name: TaskType) -> dict[str, Any]:
    """Return the JSON schema of the ``result`` of a task: one of its forms, or a failure."""
    forms: tuple[type[BaseModel], ...] = (*ANSWERS[name], TaskFailure)
    return {"anyOf": [form.model_json_schema() for form in forms]}


def create_csm_registration() -> dict[str, Any]:
    """Return what a registry needs to know to send the agent tasks, as JSON values."""
    return {
        "agent_id": CSM_AGENT_ID,
        "name": "CSM agent",
        "version": VERSION,
        "description": "Watches the health of customer accounts, tells people what needs doing, and drafts reviews that people approve.",
        "capabilities": [
            {**capability.model_dump(mode="json"), "output_schema": schema_of(capability.task_type)}
            for capability in CSM_CAPABILITIES.values()
        ],
        "input_schema": CSMTask.model_json_schema(),
        "output_schema": CSMResult.model_json_schema(),
        "endpoint": {"method": "POST", "path": ADDRESS, "authorization": "Bearer"},
    }
