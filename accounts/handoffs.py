"""What one agent says to another about an expansion, as Pydantic models (SPEC 4.3, 5). Pure."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from accounts.scoring.expansion import Confidence, OpportunityType

DISPATCH_TASK: Final = "dispatch_expansion_opportunity"
SALES_AGENT_ID: Final = "sales_agent"
CSM_AGENT_ID: Final = "csm_agent"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Money = Annotated[
    Decimal, PlainSerializer(lambda value: float(value), return_type=float, when_used="json"), Field(gt=0)
]
Sentence = Annotated[str, Field(min_length=1, max_length=600)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpansionOpportunity(_Message):
    """One way in which an account could grow.

    ``evidence`` are sentences, ``estimated_arr_impact`` is money a year in ``currency``, or None where nothing sizes it;
    ``arithmetic`` says how it came about.
    """

    opportunity_type: OpportunityType
    evidence: Annotated[list[Sentence], BeforeValidator(_listed)] = Field(min_length=1, max_length=20)
    estimated_arr_impact: Money | None = None
    currency: str = Field(default="", max_length=3)
    arithmetic: str = Field(default="", max_length=600)
    talk_track: str = Field(min_length=1, max_length=4000)
    subject: str = Field(default="", max_length=200)
    confidence: Confidence = Confidence.MEDIUM


class CSMHandoffRequest(_Message):
    """What the CSM agent asks of Sales. ``request_id`` is the same however often it is sent: the second changes nothing."""

    request_id: UUID
    request_type: OpportunityType
    tenant_id: UUID
    account_id: str = Field(
        min_length=1, max_length=64, description="The id of the account's page in Notion."
    )
    account_name: str = Field(min_length=1, max_length=500)
    opportunity: ExpansionOpportunity
    requested_by: str = Field(min_length=1, max_length=320)
    requested_at: datetime
    source_agent_id: Literal["csm_agent"] = CSM_AGENT_ID

    def to_task(self) -> dict[str, Any]:
        """Return the Sales agent's task, as JSON values."""
        return {"type": DISPATCH_TASK, **self.model_dump(mode="json")}

    @classmethod
    def from_task(cls, task: Any) -> "CSMHandoffRequest":
        """Rebuild what ``to_task`` wrote. Raises ValueError for a task of another type or form."""
        if not isinstance(task, dict) or task.get("type") != DISPATCH_TASK:
            raise ValueError(f"The task is no {DISPATCH_TASK}.")
        return cls.model_validate({name: value for name, value in task.items() if name != "type"})


class CSMHandoffResponse(_Message):
    """What the Sales agent answers: whether the opportunity is in its inbox now, or was there before."""

    request_id: UUID
    status: Literal["received", "already_received", "refused"]
    task_type: Literal["dispatch_expansion_opportunity"] = DISPATCH_TASK
    agent_id: Literal["sales_agent"] = SALES_AGENT_ID
    message: str = ""
