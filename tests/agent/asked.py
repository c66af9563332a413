"""Tasks as other code asks for them, and what a test looks at afterwards."""

import hashlib
from typing import Any

from django.apps import apps
from django.core import serializers

from accounts.models import Account
from csm_portal.agent import CSMAgent, CSMResult
from csm_portal.agent.results import TaskAnswer, TaskFailure, checked
from csm_portal.core.scope import TenantModel

EVERY = (
    "health_scan",
    "churn_risk_assessment",
    "qbr_generation",
    "expansion_dispatch",
    "adoption_coaching",
    "churn_alert",
    "update_csm_profile",
)


def task(account: Account, task_type: str, **more: Any) -> dict[str, Any]:
    return {
        "task_type": task_type,
        "tenant_id": str(account.tenant_id),
        "account_id": account.notion_page_id,
        **more,
    }


def form_of(result: CSMResult) -> TaskAnswer | TaskFailure:
    """The result in the form that its schema gives it; whatever a model said, it has one."""
    assert CSMResult.model_validate_json(result.model_dump_json()) == result
    return checked(result.task_type, result.result)


def ask(agent: CSMAgent, account: Account, task_type: str, **more: Any) -> TaskAnswer | TaskFailure:
    return form_of(agent.execute(task(account, task_type, **more)))


def rows() -> dict[str, str]:
    """A hash of each table's rows as the scope sees them."""
    return {
        model._meta.label: hashlib.sha256(
            serializers.serialize("json", model._default_manager.order_by("pk")).encode()
        ).hexdigest()
        for model in apps.get_models()
        if issubclass(model, TenantModel)
    }


def changed(before: dict[str, str]) -> set[str]:
    """The tables that hold something else than before."""
    return {label for label, found in rows().items() if found != before[label]}
