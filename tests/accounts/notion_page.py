"""The Notion page as an admin uses it: what is sent, what was found, what is in use."""

from typing import Any

from django.urls import reverse

from accounts.services import connection
from accounts.services.connection import Candidate
from accounts.setup_check import Check, StepState, from_json
from csm_portal import wiring
from csm_portal.core import secrets
from csm_portal.core.models import NotionConnection, TenantSecret, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.workspace import Connected

WRITTEN_BACK = {"CSM Health Score": {"number": {"format": "number"}}, "Churn Risk": {"select": {}}}


def form(notion: Connected, **fields: Any) -> dict[str, Any]:
    return {
        "token": "",
        "accounts_database": notion.seeded.accounts_database_id,
        "qbr_database": notion.seeded.qbr_database_id,
        "requests_per_minute": 1000,
        **fields,
    }


def post(actor: User, address: str, callbacks: Any, /, **fields: Any) -> None:
    """Press a button of the page and let its job run."""
    with callbacks(execute=True):
        answer = signed_in(actor).post(reverse(address), fields)
    assert answer.status_code == 302, answer.content


def send(notion: Connected, actor: User, callbacks: Any, **fields: Any) -> Check:
    """Save the settings and return what the check of those in use found after that."""
    post(actor, "notion-setup", callbacks, **form(notion, **fields))
    return kept(notion)


def shown(actor: User) -> str:
    return signed_in(actor).get(reverse("notion-setup")).content.decode()


def kept(notion: Connected) -> Check:
    with tenant_scope(notion.tenant):
        found = from_json(NotionConnection.objects.get().last_check)
    assert found is not None
    return found


def on_trial(notion: Connected) -> Candidate | None:
    with tenant_scope(notion.tenant):
        return connection.candidate_of(NotionConnection.objects.get())


def token_in_use(notion: Connected) -> str | None:
    with tenant_scope(notion.tenant):
        return secrets.read(wiring.NOTION_TOKEN)


def secret_names(notion: Connected) -> set[str]:
    with tenant_scope(notion.tenant):
        return set(TenantSecret.objects.values_list("name", flat=True))


def states(found: Check) -> dict[str, StepState]:
    return {step.title: step.state for step in found.steps}


def text(found: Check, title: str) -> str:
    return next(step.text for step in found.steps if step.title == title)
