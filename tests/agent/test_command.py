"""``manage.py run_task``: the result as JSON, status 0 only when all of it was done (SPEC 9.3)."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from csm_portal.agent import CSMResult
from csm_portal.agent.results import CoachingAnswer, TaskFailure
from csm_portal.core.models import AgentRun, Tenant
from csm_portal.core.scope import tenant_scope
from tests.agent.asked import form_of, task

pytestmark = pytest.mark.django_db


def run(given: Any, **options: Any) -> CSMResult:
    out = StringIO()
    try:
        call_command(
            "run_task", given if isinstance(given, str) else json.dumps(given), stdout=out, **options
        )
    finally:
        run.printed = out.getvalue()  # type: ignore[attr-defined]
    return CSMResult.model_validate_json(out.getvalue())


def test_a_task_is_done_and_its_result_is_printed(quay: Account) -> None:
    result = run(task(quay, "adoption_coaching"))

    assert isinstance(form_of(result), CoachingAnswer)
    recorded = AgentRun.objects.get()
    assert (recorded.origin, recorded.caller_name) == ("command", "run_task")


def test_the_only_company_need_not_be_named(quay: Account) -> None:
    result = run({"task_type": "churn_alert", "account_id": quay.notion_page_id})

    assert result.tenant_id == str(quay.tenant_id)


def test_of_several_companies_one_is_named(quay: Account, other_tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="several tenants"):
        run({"task_type": "churn_alert", "account_id": quay.notion_page_id})

    assert (
        run({"task_type": "churn_alert", "account_id": quay.notion_page_id}, tenant="northwind").status
        == "done"
    )
    with pytest.raises(CommandError, match="not both"):
        run(task(quay, "churn_alert"), tenant="northwind")


def test_what_was_not_done_is_printed_and_the_status_is_no_0(quay: Account) -> None:
    with pytest.raises(CommandError, match="no score yet"):
        run(task(quay, "expansion_dispatch"))

    result = CSMResult.model_validate_json(run.printed)  # type: ignore[attr-defined]
    assert isinstance(form_of(result), TaskFailure)


def test_another_companys_account_is_not_there(quay: Account, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant), pytest.raises(CommandError, match="no account with that id"):
        run({**task(quay, "churn_alert"), "tenant_id": "charlie"})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("{", "The task is no JSON"),
        ("[]", "has to be one JSON object"),
        ('{"task_type": "make_coffee"}', "no task of the CSM agent"),
        ('{"task_type": "churn_alert"}', "give its account_id"),
        ('{"task_type": "health_scan", "colour": 1}', "colour: Extra inputs are not permitted"),
    ],
)
def test_what_is_no_task_is_told(given: str, sentence: str, scoped: Tenant) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(given)
