"""Failures on request, each as a client of the real API would meet it."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import notion_client
import pytest
from notion_client.errors import HTTPResponseError

from csm_portal.simulators.notion import app, routes, seed
from csm_portal.simulators.notion.app import ConnectionDropped
from tests.simulators.notion.conftest import Clock, Connect, paragraph, text
from tests.simulators.notion.control import Control

pytestmark = pytest.mark.one_database

DOCS = Path(__file__).parents[3] / "docs" / "simulator.md"


def failure(call: Any, *args: Any, **kwargs: Any) -> notion_client.APIResponseError:
    with pytest.raises(notion_client.APIResponseError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_a_rate_limit_says_when_to_come_back_and_ends(notion: Any, control: Control) -> None:
    control.lay(status=429, retry_after=2, times=2)

    for _ in range(2):
        error = failure(notion.users.me)
        assert (error.status, error.code, error.headers["retry-after"]) == (429, "rate_limited", "2")
    assert notion.users.me()["name"] == "CSM Portal"


def test_the_real_sdk_waits_out_a_rate_limit_by_itself(
    connect: Connect, workspace: seed.Workspace, control: Control
) -> None:
    control.lay(status=429, retry_after=0, times=2)

    assert connect(workspace.token, retry=True).users.me()["name"] == "CSM Portal"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "conflict_error"),
        (500, "internal_server_error"),
        (503, "service_unavailable"),
        (504, "gateway_timeout"),
    ],
)
def test_a_failure_has_notions_shape(notion: Any, control: Control, status: int, code: str) -> None:
    control.lay(status=status)

    error = failure(notion.users.me)

    assert (error.status, error.code) == (status, code)
    assert json.loads(error.body).keys() == {"object", "status", "code", "message", "request_id"}


def test_a_fault_meets_only_what_it_names(notion: Any, workspace: seed.Workspace, control: Control) -> None:
    control.lay(status=503, match="/query", method="POST")

    assert notion.users.me()["object"] == "user"
    assert failure(notion.data_sources.query, workspace.accounts_data_source_id).status == 503
    assert notion.data_sources.query(workspace.accounts_data_source_id)["results"] == []


def test_an_answer_may_be_no_json(notion: Any, control: Control) -> None:
    control.lay(html=True, status=502)
    control.lay(raw="<html>Welcome to the hotel</html>")

    with pytest.raises(HTTPResponseError) as caught:
        notion.users.me()
    assert (caught.value.status, caught.value.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert "502 Bad Gateway" in caught.value.body
    with pytest.raises(json.JSONDecodeError):
        notion.users.me()


def test_a_write_may_be_saved_and_still_fail(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    source_id = workspace.qbr_data_source_id
    control.lay(status=503, method="POST", match="/v1/pages", after_commit=True)

    error = failure(
        notion.pages.create, parent={"data_source_id": source_id}, properties={"Name": {"title": text("Q")}}
    )

    (saved,) = notion.data_sources.query(source_id)["results"]
    assert json.loads(error.body)["additional_data"] == {"committed_resource_id": saved["id"]}
    control.lay(status=504, method="PATCH", after_commit=True)
    failure(notion.blocks.children.append, saved["id"], children=[paragraph("once")])
    assert len(notion.blocks.children.list(saved["id"])["results"]) == 1


def test_a_write_that_fails_before_it_is_saved_saves_nothing(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    control.lay(status=503, method="POST", match="/v1/pages")

    failure(notion.pages.create, parent={"data_source_id": workspace.qbr_data_source_id}, properties={})

    assert notion.data_sources.query(workspace.qbr_data_source_id)["results"] == []


def test_a_connection_may_be_dropped(notion: Any, control: Control) -> None:
    control.lay(drop=True)

    with pytest.raises(ConnectionDropped):
        notion.users.me()


def test_an_expired_cursor_can_be_played(
    simulator: app.App, workspace: seed.Workspace, notion: Any, control: Control
) -> None:
    source_id = workspace.accounts_data_source_id
    seed.add_account_rows(simulator.store, source_id, [{"name": "a"}, {"name": "b"}])
    cursor = notion.data_sources.query(source_id, page_size=1)["next_cursor"]
    control.lay(status=400, match="/query", message=f"The start_cursor provided is invalid: {cursor}")

    error = failure(notion.data_sources.query, source_id, start_cursor=cursor)

    assert (error.code, "start_cursor" in str(error)) == ("validation_error", True)


def test_faults_are_listed_and_lifted(notion: Any, control: Control) -> None:
    control.lay(status=503, times=5, match="/users")
    failure(notion.users.me)

    state = control.state()
    assert state["faults"] == [{"id": 1, "times_left": 4, "status": 503, "times": 5, "match": "/users"}]
    assert state["requests"] == {"GET /v1/users/me": 1}
    control.lift()
    assert control.state()["faults"] == []
    assert notion.users.me()["object"] == "user"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({}, "body.status should be defined"),
        ({"status": 200}, "body.status should be a status from `400` to `599`, instead was `200`."),
        ({"status": 503, "sometimes": True}, "body.sometimes should be not present"),
        ({"delay_seconds": 900}, "body.delay_seconds should be from `0` to `120`, instead was `900`."),
        ({"status": 429, "times": "often"}, 'body.times should be a number, instead was `"often"`.'),
        ({"status": 429, "match": 7}, "body.match should be a string, instead was `7`."),
    ],
)
def test_a_fault_that_does_not_fit_is_told_why(
    control: Control, fault: dict[str, Any], sentence: str
) -> None:
    answer = control.lay(**fault)

    assert answer.status_code == 400
    assert sentence in answer.json()["message"]
    assert control.state()["faults"] == []


def test_the_state_counts_what_is_there(
    simulator: app.App, workspace: seed.Workspace, control: Control
) -> None:
    seed.add_account_rows(simulator.store, workspace.accounts_data_source_id, [{"name": "a"}, {"name": "b"}])

    state = control.state()

    assert (state["databases"], state["data_sources"], state["pages"], state["blocks"]) == (2, 2, 2, 0)
    assert state["file"].endswith("notion.sqlite3")


def test_a_budget_is_a_sliding_window_with_the_seconds_to_wait(
    notion: Any,
    control: Control,
    clock: Clock,
    connect: Connect,
    simulator: app.App,
    workspace: seed.Workspace,
) -> None:
    control.set_budget(requests=3, seconds=60)
    for _ in range(3):
        notion.users.me()
        clock.advance(seconds=10)

    error = failure(notion.users.me)
    assert (error.status, error.code, error.headers["retry-after"]) == (429, "rate_limited", "30")
    clock.advance(seconds=29)
    assert failure(notion.users.me).headers["retry-after"] == "1"
    clock.advance(seconds=1)
    assert notion.users.me()["object"] == "user"
    assert failure(notion.users.me).headers["retry-after"] == "10"
    other = seed.add_integration(simulator.store, workspace_id=workspace.id, name="Other")
    assert connect(other).users.me()["name"] == "Other"

    assert control.state()["budget"] == {"requests": 3, "seconds": 60.0, "refused": 3, "too_early": 1}
    control.lift_budget()
    assert notion.users.me()["object"] == "user"
    assert control.state()["budget"]["requests"] is None


@pytest.mark.parametrize(
    "budget", [{}, {"requests": 0, "seconds": 60}, {"requests": 180, "seconds": "minute"}]
)
def test_a_budget_that_does_not_fit_is_told_why(control: Control, budget: dict[str, Any]) -> None:
    answer = control.set_budget(**budget)

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("body failed validation: body.")
    assert control.state()["budget"]["requests"] is None


def test_requests_are_counted_by_endpoint(notion: Any, workspace: seed.Workspace, control: Control) -> None:
    for object_id in (workspace.accounts_database_id, workspace.qbr_database_id):
        notion.databases.retrieve(object_id)

    assert control.state()["requests"] == {"GET /v1/databases/{database_id}": 2}


def test_a_connection_may_be_dropped_after_the_work_is_done(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    control.lay(drop=True, after_commit=True, method="POST", match="/v1/pages")

    with pytest.raises(ConnectionDropped):
        notion.pages.create(parent={"data_source_id": workspace.qbr_data_source_id}, properties={})

    assert len(notion.data_sources.query(workspace.qbr_data_source_id)["results"]) == 1


def test_every_example_of_the_docs_is_taken(control: Control, workspace: seed.Workspace) -> None:
    examples = re.findall(r"(?:`POST /_sim/([\w/-]+)` )?`(\{.*?\})`", DOCS.read_text())
    assert len(examples) >= 16

    for address, example in examples:
        control.told("POST", address or "faults", json.loads(example))


def test_no_page_in_a_browser_steers_the_simulator(simulator: app.App, control: Control) -> None:
    client = httpx.Client(transport=httpx.WSGITransport(simulator), base_url="http://127.0.0.1:8090")
    body = json.dumps({"kill_pid": 4711})

    answer = client.post("/_sim/faults", content=body, headers={"Origin": "https://elsewhere.example"})

    assert answer.status_code == 403
    assert control.state()["faults"] == []


def test_every_address_of_the_docs_is_there_and_every_one_is_named(simulator: app.App) -> None:
    named = {
        (method, path.split("?")[0])
        for method, path in re.findall(r"`(GET|POST) (/_sim/[\w/?=&-]+)`", DOCS.read_text())
    }

    assert named == {pair for pair in simulator.control.addresses if pair[0] != "DELETE"}


def test_every_endpoint_of_the_docs_is_there_and_every_one_is_named() -> None:
    (sentence,) = re.findall(r"Endpoints: (.*?)\.\n", DOCS.read_text(), flags=re.DOTALL)

    assert {route.template.split("/")[2] for route in routes.ROUTES} == set(re.findall(r"`(\w+)`", sentence))
