"""The Sales agent's side of a hand-over: what it registers, and how a request gets into the inbox (SPEC 4.3, 5.3).

It knows the CSM agent by the form of its requests alone; neither imports the other.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone

from accounts.handoffs import DISPATCH_TASK, SALES_AGENT_ID, CSMHandoffRequest, CSMHandoffResponse
from accounts.scoring.expansion import OpportunityType
from accounts.services import handoffs
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope

CSM_REQUEST_TO_TASK_TYPE: Final[Mapping[str, str]] = {kind.value: DISPATCH_TASK for kind in OpportunityType}
"""Which task of the Sales agent each request of the CSM agent becomes."""

SALES_CAPABILITIES: Final = (DISPATCH_TASK,)


class UnknownSalesTask(ValueError):
    """The Sales agent knows no task of this type; the message names those there are."""

    def __init__(self, given: Any) -> None:
        shown = f"“{given[:60]}” is" if isinstance(given, str) else "That is"
        super().__init__(f"{shown} no task of the Sales agent. It knows: {', '.join(SALES_CAPABILITIES)}.")


class SalesAgent:
    """Takes hand-overs into the inbox of Sales; people there answer them."""

    agent_id = SALES_AGENT_ID

    def execute(self, task: CSMHandoffRequest | Mapping[str, Any]) -> CSMHandoffResponse:
        """Take one request, or the task that it became, and say whether it is in the inbox. A second time changes nothing.

        Raises ValueError for a task of another type or form (pydantic's ValidationError is one).
        """
        request = task if isinstance(task, CSMHandoffRequest) else _read(task)
        tenant = Tenant.objects.filter(pk=request.tenant_id, is_active=True).first()
        if tenant is None:
            return CSMHandoffResponse(
                request_id=request.request_id, status="refused", message="There is no such tenant."
            )
        with tenant_scope(tenant):
            return handoffs.receive(request, now=timezone.now())


def _read(task: Mapping[str, Any]) -> CSMHandoffRequest:
    kind = task.get("type")
    if kind != DISPATCH_TASK:
        raise UnknownSalesTask(kind)
    return CSMHandoffRequest.from_task(dict(task))


def create_sales_registration() -> dict[str, Any]:
    """Describe the Sales agent to an agent registry."""
    return {
        "agent_id": SALES_AGENT_ID,
        "name": "Sales agent",
        "description": "Takes expansion opportunities from the CSM agent into the inbox of Sales, where people answer them.",
        "capabilities": [
            {
                "task_type": DISPATCH_TASK,
                "description": "Put an expansion opportunity into the inbox of Sales.",
                "input_schema": CSMHandoffRequest.model_json_schema(),
                "output_schema": CSMHandoffResponse.model_json_schema(),
            }
        ],
        "accepts_requests": dict(CSM_REQUEST_TO_TASK_TYPE),
    }
