"""The Notion page: what it keeps, what it finds wrong, whom it admits (SPEC 2.2, 2.3, 10.3)."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import PropertyMapping
from accounts.services import connection, mapping, notion_check
from accounts.setup_check import FieldState, StepState
from csm_portal import wiring
from csm_portal.core import secrets
from csm_portal.core.models import AuditEvent, Job, JobState, NotionConnection, Tenant, TenantSecret, User
from csm_portal.core.scope import tenant_scope
from csm_portal.simulators.notion import seed
from tests.accounts.notion_page import WRITTEN_BACK, form, kept, on_trial, post, send, shown, states, text
from tests.conftest import signed_in
from tests.factories import TODAY
from tests.workspace import Connected

pytestmark = pytest.mark.django_db

SECRET = "ntn_canary_4f81c0d2"
OTHER_ID = "0e790e89-6c18-45ff-bdf3-5fb5e377156d"


# What is kept


def test_a_first_connection_is_made_on_the_page_alone(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    with tenant_scope(notion.tenant):
        NotionConnection.objects.all().delete()
        TenantSecret.objects.all().delete()
    notion.change_schema(WRITTEN_BACK)

    found = send(
        notion,
        ada,
        django_capture_on_commit_callbacks,
        token=notion.seeded.token,
        accounts_database=f"https://www.notion.so/n/Accounts-{notion.seeded.accounts_database_id.replace('-', '')}?v=1",
    )

    assert found.is_fine
    assert list(states(found)) == [
        "Token",
        "Accounts database",
        "Properties",
        "Scores in Notion",
        "QBR database",
    ]
    assert {field.state for field in found.fields} == {FieldState.OK}
    page = signed_in(ada).get(reverse("notion-setup")).content.decode()
    assert "Notion accepts the token" in page
    assert "Sync the accounts now" in page


def test_the_token_is_encrypted_and_no_page_or_row_shows_it(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    send(notion, ada, django_capture_on_commit_callbacks, token=notion.seeded.token)

    wrong = form(notion, token=SECRET, accounts_database="?")
    refused = signed_in(ada).post(reverse("notion-setup"), wrong).content.decode()
    assert notion.seeded.token not in shown(ada)
    assert SECRET not in refused
    with tenant_scope(notion.tenant):
        assert secrets.read(wiring.NOTION_TOKEN) == notion.seeded.token
        assert notion.seeded.token not in TenantSecret.objects.get().ciphertext
        for row in (*AuditEvent.objects.values(), *Job.objects.values(), *NotionConnection.objects.values()):
            assert notion.seeded.token not in str(row)


def test_an_empty_token_field_keeps_the_stored_one(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    found = send(notion, ada, django_capture_on_commit_callbacks, requests_per_minute=600)

    assert states(found)["Token"] == StepState.OK
    with tenant_scope(notion.tenant):
        assert NotionConnection.objects.get().requests_per_minute == 600
        assert AuditEvent.objects.get(verb="notion.connection_changed").data == {
            "changed": ["requests_per_minute"]
        }


def test_saving_what_stands_there_changes_nothing_and_checks_again(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    notion.change_schema(WRITTEN_BACK)
    send(notion, ada, django_capture_on_commit_callbacks)
    with tenant_scope(notion.tenant):
        before = AuditEvent.objects.count()

    found = send(notion, ada, django_capture_on_commit_callbacks)

    assert found.is_fine
    with tenant_scope(notion.tenant):
        events = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))[before:]
    assert events == ["notion.check_requested"]


def test_another_database_is_mapped_anew_and_another_way_of_writing_the_same_is_not(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    same = notion.seeded.accounts_database_id.replace("-", "").upper()
    with tenant_scope(notion.tenant):
        mapped = mapping.refresh(workspace=notion.workspace())
        mapping.choose(
            {"arr": None}, connection=notion.connection, actor=ada, now=notion.connection.updated_at
        )

    found = send(notion, ada, django_capture_on_commit_callbacks, accounts_database=same)
    assert {field.field for field in found.fields if field.state == FieldState.LEFT_OUT} == {"arr"}

    other, _ = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Clients", properties={"Client": {"title": {}}}
    )
    found = send(notion, ada, django_capture_on_commit_callbacks, accounts_database=other)
    assert found.source_title == "Clients"
    with tenant_scope(notion.tenant):
        assert list(PropertyMapping.objects.values_list("field", "property_name")) == [("name", "Client")]
        assert not PropertyMapping.objects.filter(property_id=mapped.properties["arr"]).exists()


# What is found wrong


def test_a_wrong_token_is_said_and_the_rest_is_not_guessed(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    notion.reconnect(token=SECRET)

    post(ada, "notion-check", django_capture_on_commit_callbacks)

    found = kept(notion)
    assert list(states(found).values()) == [StepState.ERROR] + [StepState.SKIPPED] * 4
    assert "does not accept the integration token" in text(found, "Token")


def test_an_unshared_database_is_said_with_what_to_do_and_nothing_misleading_about_qbrs(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    seed.unshare(notion.app.store, notion.seeded.accounts_database_id)

    post(ada, "notion-check", django_capture_on_commit_callbacks)

    found = kept(notion)
    assert states(found) == {
        "Token": StepState.OK,
        "Accounts database": StepState.ERROR,
        "Properties": StepState.SKIPPED,
        "Scores in Notion": StepState.SKIPPED,
        "QBR database": StepState.SKIPPED,
    }
    assert "Connections" in text(found, "Accounts database")
    assert text(found, "QBR database").startswith("“QBRs” can be read.")


def test_a_database_without_the_properties_names_each_missing_field(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    other, _ = seed.create_database(
        notion.app.store,
        notion.seeded.bot_id,
        title="Clients",
        properties={"Client": {"title": {}}, "ARR": {"checkbox": {}}},
    )

    found = send(notion, ada, django_capture_on_commit_callbacks, accounts_database=other)

    by_field = {field.field: field for field in found.fields}
    assert states(found)["Properties"] == StepState.ERROR
    assert by_field["arr"].state == FieldState.MISTYPED
    assert "checkbox" in by_field["arr"].message
    assert by_field["name"].state == FieldState.OK
    assert by_field["nps_score"].state == FieldState.UNMAPPED
    assert "“NPS Score” or “NPS”" in by_field["nps_score"].message
    assert "cannot carry ARR" in shown(ada)


def test_a_property_that_went_missing_is_named(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    send(notion, ada, django_capture_on_commit_callbacks)
    notion.change_schema({"Renewal Date": None})

    found = send(notion, ada, django_capture_on_commit_callbacks)

    missing = [field for field in found.fields if field.state == FieldState.MISSING]
    assert [field.field for field in missing] == ["renewal_on"]
    assert "Renewal date" in text(found, "Properties")


def test_an_answer_that_is_not_json_is_a_sentence(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    notion.fault(raw="<html>Bad gateway</html>", match="data_sources", times=99)

    found = send(notion, ada, django_capture_on_commit_callbacks)

    assert states(found)["Accounts database"] == StepState.ERROR
    assert text(found, "Accounts database").endswith(".")
    assert "<html>" not in text(found, "Accounts database")


def test_a_qbr_database_without_its_properties_names_them_all(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    other, _ = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Reviews", properties={"Name": {"title": {}}}
    )

    found = send(notion, ada, django_capture_on_commit_callbacks, qbr_database=other)

    said = text(found, "QBR database")
    assert states(found)["QBR database"] == StepState.ERROR
    assert all(name in said for name in ("Account", "Quarter", "Status", "QBR Key", "Reviews"))
    assert found.can_sync


def test_no_qbr_database_is_a_warning_and_no_error(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    found = send(notion, ada, django_capture_on_commit_callbacks, qbr_database="")

    assert states(found)["QBR database"] == StepState.WARNING


def test_several_data_sources_are_listed_and_one_is_chosen_on_the_page(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    made = notion.api(
        "POST",
        "/v1/data_sources",
        {
            "parent": {"type": "database_id", "database_id": notion.seeded.accounts_database_id},
            "title": [{"type": "text", "text": {"content": "Partners"}}],
            "properties": {"Name": {"title": {}}},
        },
    )

    post(ada, "notion-check", django_capture_on_commit_callbacks)
    asked, page = kept(notion), shown(ada)
    answered = send(notion, ada, django_capture_on_commit_callbacks, accounts_data_source=made["id"])

    assert [name for _, name in asked.choices] == ["Accounts", "Partners"]
    assert "several data sources" in text(asked, "Accounts database")
    assert f'<option value="{made["id"]}">Partners</option>' in page
    assert answered.source_title == "Partners"


def test_several_data_sources_of_a_new_database_are_asked_for_before_it_counts(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    other, first = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Clients", properties={"Client": {"title": {}}}
    )
    body = {
        "parent": {"type": "database_id", "database_id": other},
        "title": [{"type": "text", "text": {"content": "Partners"}}],
        "properties": {"Name": {"title": {}}},
    }
    notion.api("POST", "/v1/data_sources", body)

    send(notion, ada, django_capture_on_commit_callbacks, accounts_database=other)
    page = shown(ada)
    assert f'<option value="{first}">Clients</option>' in page
    assert on_trial(notion) is not None

    found = send(
        notion, ada, django_capture_on_commit_callbacks, accounts_database=other, accounts_data_source=first
    )

    assert found.source_title == "Clients"
    assert on_trial(notion) is None


def test_without_a_token_the_check_says_what_comes_first(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    with tenant_scope(notion.tenant):
        TenantSecret.objects.all().delete()

    with django_capture_on_commit_callbacks(execute=True):
        signed_in(ada).post(reverse("notion-check"))

    assert list(states(kept(notion)).values()) == [StepState.ERROR] + [StepState.SKIPPED] * 5
    assert "No Notion token is set" in text(kept(notion), "Settings")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("accounts_database", "", "This field is required"),
        ("accounts_database", "my accounts", "This holds no Notion id"),
        ("qbr_database", "https://www.notion.so/QBRs", "This holds no Notion id"),
        ("token", "ntn abc", "This is no token"),
        ("requests_per_minute", "0", "greater than or equal to 1"),
        ("requests_per_minute", "many", "Enter a whole number"),
    ],
)
def test_bad_input_comes_back_marked_and_nothing_is_kept(
    notion: Connected, ada: User, field: str, value: str, sentence: str
) -> None:
    answer = signed_in(ada).post(
        reverse("notion-setup"), form(notion, **{field: value}), headers={"HX-Request": "true"}
    )

    body = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in body
    assert 'aria-invalid="true"' in body
    assert "<html" not in body
    with tenant_scope(notion.tenant):
        assert not AuditEvent.objects.exists()
        assert not Job.objects.exists()


def test_one_database_cannot_be_both(notion: Connected, ada: User) -> None:
    answer = signed_in(ada).post(
        reverse("notion-setup"),
        form(notion, qbr_database=notion.seeded.accounts_database_id.replace("-", "")),
    )

    assert answer.status_code == 422
    assert "QBRs need a database of their own" in answer.content.decode()


# The properties


def test_an_admin_lets_another_property_feed_a_field(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    notion.change_schema({"Yearly money": {"number": {"format": "number"}}})
    found = send(notion, ada, django_capture_on_commit_callbacks)
    chosen = {field.field: field.property_id for field in found.fields}
    chosen["arr"] = next(info.id for info in found.properties if info.name == "Yearly money")
    chosen["nps_score"] = "-"

    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(ada).post(reverse("notion-mapping"), chosen)

    by_field = {field.field: field for field in kept(notion).fields}
    assert answer.status_code == 302
    assert by_field["arr"].property_name == "Yearly money"
    assert by_field["nps_score"].state == FieldState.LEFT_OUT
    with tenant_scope(notion.tenant):
        assert AuditEvent.objects.filter(verb="notion.mapping_changed").count() == 1


def test_a_property_that_nobody_offered_is_refused(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    found = send(notion, ada, django_capture_on_commit_callbacks)
    chosen = {field.field: field.property_id for field in found.fields} | {"arr": "made-up"}

    answer = signed_in(ada).post(reverse("notion-mapping"), chosen)

    assert answer.status_code == 422
    assert "no longer in the database" in answer.content.decode()


def test_properties_that_can_carry_a_field_come_first_and_names_are_escaped(
    notion: Connected, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    notion.change_schema({"<b>Money</b>": {"number": {"format": "number"}}})
    send(notion, ada, django_capture_on_commit_callbacks)

    page = shown(ada)
    start = page.index(' name="arr"')
    select = page[start : page.index("</select>", start)]
    fitting, others = select.split('<optgroup label="Of a type that cannot carry it">')
    assert "&lt;b&gt;Money&lt;/b&gt; (number)" in fitting
    assert "<b>" not in page
    assert ">NPS Score (number)<" in fitting
    assert ">CSM (people)<" in others
    assert fitting.count(" selected") == 1
    assert " selected>ARR (number)<" in fitting


# While it checks


def test_the_page_asks_again_until_the_check_is_over(notion: Connected, ada: User) -> None:
    client = signed_in(ada)
    client.post(reverse("notion-check"))
    headers = {"HX-Request": "true"}

    waiting = client.get(reverse("notion-setup"), headers=headers).content.decode()
    with tenant_scope(notion.tenant):
        Job.objects.update(state=JobState.DONE)
        notion_check.check(
            workspace=notion.workspace(), has_qbr_database=True, as_of=TODAY, now=notion.connection.updated_at
        )
    over = client.get(reverse("notion-setup"), {"watching": 1}, headers=headers).content.decode()

    assert 'hx-trigger="every 2s"' in waiting
    assert 'id="mapping"' not in waiting
    assert "every 2s" not in over
    assert 'data-announce="The check is over.' in over
    assert 'hx-swap-oob="true"' in over
    assert "<html" not in over


# Whom it admits


PAGES = (
    "notion-setup",
    "notion-check",
    "notion-candidate",
    "notion-mapping",
    "notion-preview",
    "notion-qbr-properties",
)


@pytest.mark.parametrize("name", PAGES)
def test_only_admins_reach_it(name: str, notion: Connected, alice: User, bob: User, sam: User) -> None:
    for colleague in (alice, bob, sam):
        assert signed_in(colleague).post(reverse(name)).status_code == 403
    assert signed_in(bob).get(reverse("notion-setup")).status_code == 403


def test_an_admin_sees_and_changes_their_own_tenant_only(
    notion: Connected, charlie: User, other_tenant: Tenant
) -> None:
    page = signed_in(charlie).get(reverse("notion-setup")).content.decode()
    sent = form(notion, accounts_database=OTHER_ID, token="ntn_charlie")
    signed_in(charlie).post(reverse("notion-setup"), sent)

    assert notion.seeded.accounts_database_id not in page
    with tenant_scope(notion.tenant):
        assert NotionConnection.objects.get().accounts_database_id == notion.seeded.accounts_database_id
    with tenant_scope(other_tenant):
        theirs = NotionConnection.objects.get().candidate["values"]
    assert theirs["accounts_database_id"] == OTHER_ID


def test_settings_from_the_environment_are_named_and_never_shown(
    tenant: Tenant, ada: User, settings: Any
) -> None:
    settings.NOTION_TOKEN = SECRET

    page = signed_in(ada).get(reverse("notion-setup")).content.decode()

    assert "NOTION_TOKEN is set where the portal runs" in page
    assert SECRET not in page


def test_service_and_wiring_mean_the_same_secret() -> None:
    assert (connection.TOKEN, connection.CANDIDATE_TOKEN) == (
        wiring.NOTION_TOKEN,
        wiring.NOTION_TOKEN_CANDIDATE,
    )
