"""The Sales agent: what it registers, and that a hand-over is in its inbox once (SPEC 4.3, 5.3)."""

import ast
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from accounts.handoffs import CSMHandoffRequest
from accounts.models import Opportunity
from accounts.services import handoffs, health
from csm_portal.agent import sales
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.factories import NOW, TODAY, make_account, make_opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(tenant: Tenant, alice: User) -> dict[str, Any]:
    with tenant_scope(tenant):
        account = make_account(owner=alice, seats_used=50)
        health.score_accounts(as_of=TODAY, now=NOW)
        answer = handoffs.dispatch(make_opportunity(account), actor=alice, today=TODAY, now=NOW)
        Opportunity.objects.update(received_at=None)
    found: dict[str, Any] = answer["handoff_task"]
    return found


def test_the_three_requests_become_one_task() -> None:
    assert sales.CSM_REQUEST_TO_TASK_TYPE == {
        "expansion_seats": "dispatch_expansion_opportunity",
        "expansion_module": "dispatch_expansion_opportunity",
        "expansion_integration": "dispatch_expansion_opportunity",
    }
    registration = sales.create_sales_registration()
    assert registration["agent_id"] == "sales_agent"
    assert [one["task_type"] for one in registration["capabilities"]] == list(sales.SALES_CAPABILITIES)


def test_a_task_is_taken_once(task: dict[str, Any]) -> None:
    agent = sales.SalesAgent()

    first = agent.execute(task)
    second = agent.execute(CSMHandoffRequest.from_task(task))

    assert (first.status, second.status) == ("received", "already_received")
    assert str(first.request_id) == task["request_id"]
    assert first.task_type == "dispatch_expansion_opportunity"


def test_a_request_of_nobodys_tenant_is_refused(task: dict[str, Any]) -> None:
    assert sales.SalesAgent().execute({**task, "tenant_id": str(uuid4())}).status == "refused"


def test_a_tenant_cannot_take_what_is_anothers(task: dict[str, Any], other_tenant: Tenant) -> None:
    assert sales.SalesAgent().execute({**task, "tenant_id": str(other_tenant.pk)}).status == "refused"


@pytest.mark.parametrize("kind", ["health_scan", None, 7])
def test_a_task_of_another_type_is_a_value_error(task: dict[str, Any], kind: Any) -> None:
    with pytest.raises(ValueError, match="no task of the Sales agent"):
        sales.SalesAgent().execute({**task, "type": kind})


def test_a_task_with_more_than_is_asked_for_is_refused(task: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        sales.SalesAgent().execute({**task, "amount": 1})


def test_neither_agent_imports_the_other_at_module_level() -> None:
    folder = Path(sales.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.ImportFrom):
                continue
            named = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
            if path.name == "sales.py":
                assert not any(str(name).startswith("csm_portal.agent") for name in named)
            else:
                assert "csm_portal.agent.sales" not in named, path.name
