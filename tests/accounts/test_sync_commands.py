"""``sync_accounts``: status 0 only when all of it was done (SPEC 9.3)."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, SyncRun, SyncState
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from tests.workspace import Connected, a_row

pytestmark = pytest.mark.django_db


def call(name: str, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(name, stdout=out, stderr=err, no_color=True, **options)
    return out.getvalue(), err.getvalue()


@pytest.mark.usefixtures("alice")
def test_sync_accounts_tells_its_progress_and_its_figures(notion: Connected) -> None:
    notion.add_accounts(*(a_row(n) for n in range(120)))

    out, err = call("sync_accounts", tenant="northwind")

    assert "120 accounts read; 120 new" in out
    assert "100 accounts read" in err
    with tenant_scope(notion.tenant):
        assert Account.objects.count() == 120


def test_the_only_tenant_need_not_be_named_and_one_of_several_must(
    notion: Connected, other_tenant: Tenant
) -> None:
    with pytest.raises(CommandError, match="several tenants: charlie, northwind"):
        call("sync_accounts")
    with pytest.raises(CommandError, match="no tenant “nowhere”"):
        call("sync_accounts", tenant="nowhere")
    other_tenant.is_active = False
    other_tenant.save()

    assert "0 accounts read" in call("sync_accounts")[0]


def test_sync_accounts_fails_with_a_sentence_on_a_wrong_token(notion: Connected) -> None:
    notion.reconnect(token="ntn_wrong")

    with pytest.raises(CommandError, match="does not accept the integration token"):
        call("sync_accounts", tenant="northwind")


def test_sync_accounts_fails_with_a_sentence_where_nothing_is_set_up(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="No Notion token is set"):
        call("sync_accounts", tenant="northwind")
    with tenant_scope(tenant):
        assert not SyncRun.objects.exists()


def test_sync_accounts_does_not_claim_success_while_a_property_is_gone(notion: Connected) -> None:
    notion.add_accounts(a_row(1))
    call("sync_accounts", tenant="northwind")
    notion.change_schema({"ARR": None})
    err = StringIO()

    with pytest.raises(CommandError, match="not complete"):
        call_command("sync_accounts", tenant="northwind", stderr=err, stdout=StringIO())

    assert "ARR" in err.getvalue()


def test_a_sync_that_asks_says_so_and_does_not_end_well(notion: Connected) -> None:
    page_ids = notion.add_accounts(*(a_row(n) for n in range(12)))
    call("sync_accounts", tenant="northwind")
    for page_id in page_ids:
        notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True})

    with pytest.raises(CommandError, match="not complete"):
        call("sync_accounts", tenant="northwind")

    with tenant_scope(notion.tenant):
        run = SyncRun.objects.order_by("-started_at").first()
        assert run is not None
        assert (run.state, run.removed) == (SyncState.ASKS, 0)


def test_values_that_could_not_be_read_are_told_by_account(notion: Connected) -> None:
    notion.add_accounts(a_row(1, nps_score=42), a_row(2))

    out, _ = call("sync_accounts", tenant="northwind")

    assert "Account 001: The property “NPS Score” holds 42" in out
    assert "Account 002" not in out
