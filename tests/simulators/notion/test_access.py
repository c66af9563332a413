"""Who may ask, at which version, and what a token sees."""

import json
from typing import Any

import httpx
import notion_client
import pytest

from csm_portal.simulators.notion import app, seed
from tests.simulators.notion.conftest import Connect, text

pytestmark = pytest.mark.one_database

UNKNOWN = "11111111-2222-4333-8444-555555555555"


def ask(simulator: app.App, method: str, path: str, **options: Any) -> httpx.Response:
    with httpx.Client(transport=httpx.WSGITransport(simulator), base_url="http://simulator") as client:
        return client.request(method, path, **options)


def refusal(client: notion_client.Client, *call: Any, **body: Any) -> notion_client.APIResponseError:
    with pytest.raises(notion_client.APIResponseError) as caught:
        client.request(*call, body=body or None)
    return caught.value


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer ntn_wrong"}, {"Authorization": "Basic abc"}]
)
def test_a_missing_or_wrong_token_is_not_valid(simulator: app.App, headers: dict[str, str]) -> None:
    answer = ask(simulator, "GET", "/v1/users/me", headers=headers | {"Notion-Version": "2026-03-11"})

    assert answer.status_code == 401
    body = answer.json()
    assert body.pop("request_id") == answer.headers["x-notion-request-id"]
    assert body == {
        "object": "error",
        "status": 401,
        "code": "unauthorized",
        "message": "API token is invalid.",
    }


def test_a_missing_version_is_named(simulator: app.App, workspace: seed.Workspace) -> None:
    answer = ask(simulator, "GET", "/v1/users/me", headers={"Authorization": f"Bearer {workspace.token}"})

    assert (answer.status_code, answer.json()["code"]) == (400, "missing_version")
    assert "should be defined, instead was `undefined`" in answer.json()["message"]


def test_another_version_is_refused(connect: Connect, workspace: seed.Workspace) -> None:
    error = refusal(connect(workspace.token, notion_version="2022-06-28"), "users/me", "GET")

    assert (error.status, error.code) == (400, "validation_error")
    assert '"2022-06-28"' in str(error)
    assert '"2026-03-11"' in str(error)


def test_an_unknown_address_is_an_invalid_url(notion: notion_client.Client) -> None:
    for method, path in (("GET", "pages"), ("POST", "users/me"), ("GET", "nothing/here")):
        error = refusal(notion, path, method)
        assert (error.status, error.code) == (400, "invalid_request_url")


@pytest.mark.parametrize("body", [b"{", b"[1, NaN]", b'{"a": "\\ud83d"}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_told(simulator: app.App, workspace: seed.Workspace, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {workspace.token}", "Notion-Version": "2026-03-11"}

    answer = ask(simulator, "POST", "/v1/search", headers=headers, content=body)

    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["message"]) == ("invalid_json", "Error parsing JSON body.")


@pytest.mark.parametrize("body", ["[]", "3", '"x"'])
def test_a_body_that_is_no_object_is_told(simulator: app.App, workspace: seed.Workspace, body: str) -> None:
    headers = {"Authorization": f"Bearer {workspace.token}", "Notion-Version": "2026-03-11"}

    answer = ask(simulator, "POST", "/v1/pages", headers=headers, content=body)

    assert answer.json()[
        "message"
    ] == f"body failed validation: body should be an object, instead was `{json.loads(body)!r}`.".replace(
        "'", '"'
    )


@pytest.mark.parametrize("kind", ["page", "database", "data_source", "block", "user"])
def test_what_does_not_exist_is_not_found_in_notions_words(notion: notion_client.Client, kind: str) -> None:
    error = refusal(notion, f"{kind}s/{UNKNOWN}", "GET")

    assert (error.status, error.code) == (404, "object_not_found")
    assert str(error) == (
        f"Could not find {kind} with ID: {UNKNOWN}. Make sure the relevant pages and databases are shared with your "
        'integration "CSM Portal".'
    )


@pytest.mark.parametrize("path", ["pages/abc", "data_sources/123", "blocks/x/children"])
def test_an_id_that_is_none_is_named(notion: notion_client.Client, path: str) -> None:
    error = refusal(notion, path, "GET")

    kind, given = path.split("/")[0].removesuffix("s"), path.split("/")[1]
    assert (
        str(error)
        == f'path failed validation: path.{kind}_id should be a valid uuid, instead was `"{given}"`.'
    )


def test_an_id_without_dashes_is_the_same_id(notion: notion_client.Client, workspace: seed.Workspace) -> None:
    bare = workspace.accounts_database_id.replace("-", "")

    assert notion.databases.retrieve(bare)["id"] == workspace.accounts_database_id


def test_a_token_sees_what_is_shared_with_it_and_nothing_else(
    simulator: app.App, workspace: seed.Workspace, connect: Connect
) -> None:
    (account_id,) = seed.add_account_rows(
        simulator.store, workspace.accounts_data_source_id, [{"name": "Acme"}]
    )
    token = seed.add_integration(
        simulator.store, workspace_id=workspace.id, name="Narrow", shares=[workspace.qbr_database_id]
    )
    narrow = connect(token)

    for path in (
        f"databases/{workspace.accounts_database_id}",
        f"data_sources/{workspace.accounts_data_source_id}",
        f"pages/{account_id}",
        f"blocks/{account_id}",
        f"blocks/{account_id}/children",
        f"pages/{account_id}/properties/title",
    ):
        error = refusal(narrow, path, "GET")
        assert error.code == "object_not_found"
        assert 'integration "Narrow"' in str(error)
    assert refusal(narrow, f"data_sources/{workspace.accounts_data_source_id}/query", "POST").status == 404
    assert refusal(narrow, f"pages/{account_id}", "PATCH", in_trash=True).status == 404
    assert [found["id"] for found in narrow.search()["results"]] == [workspace.qbr_data_source_id]
    assert narrow.databases.retrieve(workspace.qbr_database_id)["id"] == workspace.qbr_database_id


def test_a_relation_into_an_unshared_database_reads_as_empty_and_is_not_in_the_schema(
    simulator: app.App, workspace: seed.Workspace, notion: notion_client.Client, connect: Connect
) -> None:
    (account_id,) = seed.add_account_rows(
        simulator.store, workspace.accounts_data_source_id, [{"name": "Acme"}]
    )
    page = notion.pages.create(
        parent={"data_source_id": workspace.qbr_data_source_id},
        properties={"Name": {"title": text("QBR")}, "Account": {"relation": [{"id": account_id}]}},
    )
    assert page["properties"]["Account"]["relation"] == [{"id": account_id}]
    narrow = connect(
        seed.add_integration(
            simulator.store, workspace_id=workspace.id, name="Narrow", shares=[workspace.qbr_database_id]
        )
    )

    seen = narrow.pages.retrieve(page["id"])["properties"]["Account"]

    assert (seen["relation"], seen["has_more"]) == ([], False)
    assert "Account" not in narrow.data_sources.retrieve(workspace.qbr_data_source_id)["properties"]
    listed = narrow.pages.properties.retrieve(page["id"], seen["id"])
    assert listed["results"] == []


def test_taking_a_database_away_hides_it_and_its_rows(
    simulator: app.App, workspace: seed.Workspace, notion: notion_client.Client
) -> None:
    seed.unshare(simulator.store, workspace.accounts_database_id)

    assert refusal(notion, f"databases/{workspace.accounts_database_id}", "GET").status == 404


def test_two_workspaces_of_one_file_do_not_see_each_other(
    simulator: app.App, workspace: seed.Workspace, notion: notion_client.Client, connect: Connect
) -> None:
    other = seed.create_workspace(simulator.store, name="Charlie & Co")
    seed.add_person(simulator.store, "Charlie", "charlie@example.com", workspace_id=other.id)
    (account_id,) = seed.add_account_rows(
        simulator.store, other.accounts_data_source_id, [{"name": "Theirs"}]
    )

    assert notion.users.me()["bot"]["workspace_name"] == "Northwind"
    assert [user["name"] for user in notion.users.list()["results"]] == ["CSM Portal"]
    assert refusal(notion, f"pages/{account_id}", "GET").status == 404
    theirs = connect(other.token)
    assert theirs.users.me()["bot"]["workspace_name"] == "Charlie & Co"
    assert [user["name"] for user in theirs.users.list()["results"]] == ["CSM Portal", "Charlie"]
    assert theirs.pages.retrieve(account_id)["properties"]["Account"]["title"][0]["plain_text"] == "Theirs"
