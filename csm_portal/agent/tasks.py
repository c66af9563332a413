"""What the agent can be asked to do, and in which form (SPEC 5.1). Knows no Django."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from qbr import quarters


class TaskType(StrEnum):
    HEALTH_SCAN = "health_scan"
    CHURN_RISK_ASSESSMENT = "churn_risk_assessment"
    QBR_GENERATION = "qbr_generation"
    EXPANSION_DISPATCH = "expansion_dispatch"
    ADOPTION_COACHING = "adoption_coaching"
    CHURN_ALERT = "churn_alert"
    UPDATE_CSM_PROFILE = "update_csm_profile"


class UnknownTaskType(ValueError):
    """The agent knows no task of this type; the message names those there are."""

    def __init__(self, given: Any) -> None:
        shown = f"“{given[:60]}” is" if isinstance(given, str) else "That is"
        super().__init__(f"{shown} no task of the CSM agent. It knows: {', '.join(TaskType)}.")


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


Id = Annotated[
    str, BeforeValidator(_text), StringConstraints(strip_whitespace=True, min_length=1, max_length=64)
]


class CSMTask(BaseModel):
    """One task for the agent.

    ``tenant_id`` is the tenant's id or its short name. ``account_id`` is the id of the account's page in Notion, with or
    without hyphens, or the portal's own; every task but ``health_scan`` needs it, and that one is about all accounts
    without it. ``quarter`` goes with ``qbr_generation``; without it the running quarter is reviewed to date.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_type: TaskType
    tenant_id: Id
    account_id: Id | None = None
    quarter: Annotated[str, StringConstraints(pattern=r"^Q[1-4] \d{4}$")] | None = Field(
        default=None, description="Such as “Q1 2026”."
    )

    @model_validator(mode="after")
    def _belongs_together(self) -> "CSMTask":
        if self.account_id is None and self.task_type is not TaskType.HEALTH_SCAN:
            raise ValueError(f"{self.task_type} is about one account: give its account_id.")
        if self.quarter is not None and self.task_type is not TaskType.QBR_GENERATION:
            raise ValueError("A quarter goes with qbr_generation only: leave it out.")
        if self.quarter is not None:
            quarters.from_label(self.quarter)
        return self

    @property
    def is_long(self) -> bool:
        """Whether it may take longer than a caller would wait for: it reads or writes Notion, or drafts a review."""
        if self.task_type is TaskType.HEALTH_SCAN:
            return self.account_id is None
        return self.task_type in _LONG


_LONG: Final = frozenset({TaskType.QBR_GENERATION, TaskType.UPDATE_CSM_PROFILE})


def read(task: CSMTask | Mapping[str, Any]) -> CSMTask:
    """Return the task, checked. Raises UnknownTaskType, and pydantic.ValidationError for what else is wrong: both ValueError."""
    if isinstance(task, CSMTask):
        return task
    given = task.get("task_type") if isinstance(task, Mapping) else None
    if given is not None and not (isinstance(given, str) and given in set(TaskType)):
        raise UnknownTaskType(given)
    return CSMTask.model_validate(task)
