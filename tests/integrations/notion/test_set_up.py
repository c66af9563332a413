"""From pasted settings to data sources, and what a person is told when they are wrong."""

import httpx
import notion_client
import pytest

from csm_portal.integrations.notion import NotionCSMAdapter, connect
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import WorkspaceConfig
from csm_portal.simulators.notion import filling, seed
from tests.integrations.notion.conftest import BASE_URL

UNKNOWN = "00000000-0000-4000-8000-00000000dead"


def second_source(sim, name="EMEA"):
    body = {
        "parent": {"type": "database_id", "database_id": sim.workspace.accounts_database_id},
        "properties": {"Name": {"title": {}}},
        "title": [{"type": "text", "text": {"content": name}}],
    }
    return sim.ask("POST", "data_sources", body)["id"]


def refusal(call):
    with pytest.raises(PortError) as refused:
        call()
    assert str(refused.value).endswith(".")
    assert refused.value.permanent
    return refused.value


def test_a_wrong_token_is_told_with_what_to_do(sim):
    error = refusal(sim.adapter(token="ntn_wrong").check_access)

    assert error.trouble is Trouble.UNAUTHORIZED
    assert str(error).startswith("Notion does not accept the integration token. Copy the token again")
    assert error.request_id


@pytest.mark.parametrize("token", ["", "  ", "ntn_tökén", "ntn one", "ntn\nInjected: yes"])
def test_what_cannot_be_a_token_is_refused_before_anything_is_sent(token):
    config = WorkspaceConfig(token=token, accounts_database_id="x", qbr_database_id="", base_url=BASE_URL)

    error = refusal(lambda: connect(config))

    assert error.trouble is Trouble.NOT_CONFIGURED
    assert token.strip() == "" or token not in str(error)


@pytest.mark.parametrize(
    "address", ["", "api.notion.com", "ftp://x", "https://", "https://[", "http://x:port"]
)
def test_what_cannot_be_an_address_is_refused_before_anything_is_sent(address):
    config = WorkspaceConfig(token="ntn_1", accounts_database_id="x", qbr_database_id="", base_url=address)

    assert "NOTION_BASE_URL" in str(refusal(lambda: connect(config)))


def test_an_unshared_database_is_told_with_where_to_share_it(sim):
    seed.unshare(sim.store, sim.workspace.accounts_database_id)

    error = refusal(sim.adapter().describe_accounts)

    assert error.trouble is Trouble.NOT_FOUND
    assert str(error) == (
        "The integration has no access to the accounts database, or it no longer exists. Open it in Notion and "
        "share it with the integration: ••• → Connections."
    )


def test_another_integration_sees_nothing_that_was_not_shared_with_it(sim):
    token = seed.add_integration(sim.store, workspace_id=sim.workspace.id, name="Stranger")

    assert refusal(sim.adapter(token=token).query_all_accounts).trouble is Trouble.NOT_FOUND


@pytest.mark.parametrize("given", ["", "   ", None])
def test_a_missing_accounts_database_is_told(sim, given):
    error = refusal(sim.adapter(accounts_database_id=given).describe_accounts)

    assert error.trouble is Trouble.NOT_CONFIGURED
    assert str(error).startswith("No id of the accounts database is set.")


def test_a_setting_that_is_no_id_is_told(sim):
    error = refusal(sim.adapter(accounts_database_id="Accounts").describe_accounts)

    assert error.trouble is Trouble.NOT_CONFIGURED
    assert str(error).startswith(
        "The setting for the accounts database cannot be used. “Accounts” holds no Notion id."
    )


def test_a_database_with_one_data_source_needs_nothing_else(sim):
    assert sim.adapter().describe_accounts().id == sim.workspace.accounts_data_source_id


def test_of_several_data_sources_one_has_to_be_named(sim):
    other = second_source(sim)

    error = refusal(sim.adapter().describe_accounts)

    assert error.trouble is Trouble.NOT_CONFIGURED
    assert str(error) == (
        "The accounts database holds several data sources: “Accounts”, “EMEA”. Choose one of them."
    )
    assert sim.adapter(accounts_data_source_id=other).describe_accounts().title == "EMEA"


def test_a_named_data_source_of_another_database_is_refused(sim):
    second_source(sim)

    error = refusal(sim.adapter(accounts_data_source_id=sim.workspace.qbr_data_source_id).describe_accounts)

    assert error.trouble is Trouble.NOT_CONFIGURED


def test_the_id_of_a_data_source_serves_as_well(sim):
    adapter = sim.adapter(accounts_database_id=sim.workspace.accounts_data_source_id)

    assert adapter.describe_accounts().title == "Accounts"


def test_the_id_of_nothing_is_told_as_a_database_without_access(sim):
    assert refusal(sim.adapter(accounts_database_id=UNKNOWN).describe_accounts).trouble is Trouble.NOT_FOUND


def test_the_link_of_a_page_is_not_taken_for_a_database(sim):
    (page_id,) = sim.add({"name": "Acme"})

    assert refusal(sim.adapter(accounts_database_id=page_id).describe_accounts).trouble is Trouble.NOT_FOUND


def test_a_database_in_the_trash_is_told(sim):
    sim.ask("PATCH", f"databases/{sim.workspace.accounts_database_id}", {"in_trash": True})

    assert "is in Notion's trash. Restore it there" in str(refusal(sim.adapter().describe_accounts))


def test_which_data_source_is_meant_is_asked_for_once(sim):
    adapter = sim.adapter()
    adapter.describe_accounts()
    adapter.describe_accounts()

    assert sum(path.startswith("GET /v1/databases/") for path in sim.wire.paths()) == 1


def test_the_bare_sdk_client_serves_with_our_version_and_without_its_retries(sim):
    filling.add_rows(sim.store, sim.workspace.accounts_data_source_id, [{"Account": "Acme"}])
    sdk = notion_client.Client(
        auth=sim.workspace.token, base_url=BASE_URL, client=httpx.Client(transport=sim.wire)
    )

    adapter = NotionCSMAdapter(sdk, sim.workspace.accounts_database_id, sim.workspace.qbr_database_id)

    assert [record["name"] for record in adapter.query_all_accounts()] == ["Acme"]
    assert {sent.headers["Notion-Version"] for sent in sim.wire.sent} == {"2026-03-11"}
    sim.fault(status=503, match="/users/me")
    sim.wire.sent.clear()
    with pytest.raises(PortError):
        adapter._client.write("POST", "users/me", what="x", body={})
    assert len(sim.wire.sent) == 1


# The first rows


def test_the_first_rows_come_through_the_mapping_that_is_tried(sim):
    sim.add(*({"name": f"Account {number}", "arr": number} for number in range(8)))
    adapter = sim.adapter()
    by_name = {info.name: info.id for info in adapter.describe_accounts().properties}

    found = adapter.preview_accounts({"name": by_name["Account"], "arr": by_name["Notes"]}, count=3)

    assert len(found) == 3
    assert all(record["name"].startswith("Account ") for record in found)
    assert {record.values.get("arr") for record in found} == {None}
    assert sim.wire.sent[-1].body == {"page_size": 3}


def test_rows_of_an_empty_database_are_none(sim):
    assert sim.adapter().preview_accounts({}, count=5) == ()


# What the QBR database needs


def states_of(adapter):
    return {check.name: check.state.value for check in adapter.check_qbr_properties()}


def qbrs(sim, properties):
    database, source = seed.create_database(
        sim.store, sim.workspace.bot_id, title="Reviews", properties={"Name": {"title": {}}, **properties}
    )
    return sim.adapter(qbr_database_id=database), source


def test_a_seeded_qbr_database_has_all_it_needs(sim):
    assert set(states_of(sim.adapter()).values()) == {"ok"}


def test_a_status_without_draft_and_ready_cannot_say_them(sim):
    adapter, _ = qbrs(sim, {"Status": {"status": {"options": [{"name": "Draft"}, {"name": "Done"}]}}})

    (check,) = [check for check in adapter.check_qbr_properties() if check.name == "Status"]

    assert check.state.value == "wrong"
    assert check.clause == "its status “Status” lacks the option “Ready”"


def test_a_select_needs_no_options_before_the_first_entry(sim):
    adapter, _ = qbrs(sim, {"Status": {"select": {}}})

    assert states_of(adapter)["Status"] == "ok"


def test_a_relation_into_another_data_source_of_the_same_database_is_wrong(sim):
    other = second_source(sim)
    adapter, _ = qbrs(sim, {"Account": {"relation": {"data_source_id": other, "single_property": {}}}})
    adapter._named_source = sim.workspace.accounts_data_source_id

    assert states_of(adapter)["Account"] == "wrong"


def test_only_what_is_missing_and_named_is_written(sim):
    adapter, source = qbrs(sim, {"status": {"select": {}}, "Health Score": {"rich_text": {}}})
    sim.wire.sent.clear()

    created = adapter.create_qbr_properties(["Status", "Health Score", "Account", "Quarter", "Remarks"])

    assert created == ("Account", "Quarter")
    writes = [sent for sent in sim.wire.sent if sent.method != "GET"]
    assert [(sent.method, sent.path) for sent in writes] == [("PATCH", f"/v1/data_sources/{source}")]
    assert set(writes[0].body) == {"properties"}
    assert set(writes[0].body["properties"]) == {"Account", "Quarter"}
    assert writes[0].body["properties"]["Account"]["relation"]["data_source_id"] == (
        sim.workspace.accounts_data_source_id
    )


def test_where_nothing_is_missing_nothing_is_written(sim):
    adapter = sim.adapter()

    assert adapter.create_qbr_properties(["Account", "Status"]) == ()
    assert {sent.method for sent in sim.wire.sent} == {"GET"}


def test_what_was_created_can_be_written_to_at_once(sim):
    adapter, _ = qbrs(sim, {})
    adapter.create_qbr_properties(["Account", "Quarter", "Status", "Health Score", "Created Date", "QBR Key"])

    assert set(states_of(adapter).values()) == {"ok"}
    assert adapter.find_qbr_pages("none") == []
