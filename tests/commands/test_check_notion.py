"""``check_notion``: the checks of the Notion page, status 0 only when all of them are right (SPEC 9.3)."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from csm_portal import wiring
from csm_portal.core.models import NotionConnection, Tenant, TenantSecret, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import ACCOUNT_FIELDS
from csm_portal.simulators.notion import seed
from tests.accounts.notion_page import WRITTEN_BACK, form
from tests.conftest import signed_in
from tests.workspace import Connected, connected

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("check_notion", "--tenant", "northwind", *arguments, stdout=out)
    return out.getvalue()


def refused(match: str, *arguments: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError, match=match):
        call_command("check_notion", "--tenant", "northwind", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def notion(tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    return connected(tenant, tmp_path, settings)


@pytest.fixture
def whole(notion: Connected) -> Connected:
    notion.change_schema(WRITTEN_BACK)
    return notion


def test_it_says_what_is_in_order_and_ends_well(whole: Connected) -> None:
    out = run()

    assert out.count("      ok  ") == 5
    assert f"All {len(ACCOUNT_FIELDS)} fields" in out
    assert "warning" not in out


def test_an_error_ends_it_with_what_is_wrong(whole: Connected) -> None:
    seed.unshare(whole.app.store, whole.seeded.qbr_database_id)

    out = refused("not in order: QBR database")

    assert "wrong  QBR database" in out


def test_a_warning_does_not_pass_for_right_unless_that_is_asked_for(notion: Connected) -> None:
    out = refused("works, with warnings: Scores in Notion")

    assert "no property “CSM Health Score”" in out
    assert "Scores in Notion" in run("--errors-only")


def test_scores_that_nobody_wants_in_notion_are_no_warning(notion: Connected) -> None:
    notion.reconnect(writes_figures=False)

    assert "not written back, as an admin chose" in run()


def test_it_tells_what_changed_since_the_check_before(notion: Connected) -> None:
    refused("warnings")
    notion.change_schema(WRITTEN_BACK)
    assert "Now right: Scores in Notion." in run()

    notion.change_schema({"ARR": None})
    assert "New: ARR." in refused("not in order: Properties")


def test_its_answer_is_that_of_the_page(whole: Connected, ada: User) -> None:
    out = run()

    page = signed_in(ada).get("/settings/notion/").content.decode()
    for line in out.splitlines():
        sentence = line.split(": ", 1)[1]
        assert sentence.split("“")[0].replace("'", "&#x27;") in page


def test_without_a_token_it_says_what_comes_first(notion: Connected) -> None:
    with tenant_scope(notion.tenant):
        TenantSecret.objects.all().delete()

    assert "No Notion token is set" in refused("not in order: Settings")


def test_settings_on_trial_are_no_part_of_it(whole: Connected, ada: User) -> None:
    # The job that tries them is still in the queue.
    signed_in(ada).post("/settings/notion/", form(whole, token="ntn_new"))
    with tenant_scope(whole.tenant):
        assert NotionConnection.objects.get().candidate

    assert "Notion accepts the token" in run()
    with tenant_scope(whole.tenant):
        assert set(TenantSecret.objects.values_list("name", flat=True)) == {
            wiring.NOTION_TOKEN,
            wiring.NOTION_TOKEN_CANDIDATE,
        }


def test_an_unknown_tenant_is_told(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="no tenant “nobody”"):
        call_command("check_notion", "--tenant", "nobody")
