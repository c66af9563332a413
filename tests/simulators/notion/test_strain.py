"""What wears a client down: sessions that end, short pages, budgets, latency, writes that collide, block limits."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import notion_client
import pytest
from notion_client.errors import HTTPResponseError

from csm_portal.simulators.notion import app, arrivals, latency, seed
from csm_portal.simulators.notion.app import AnswerNeverComes, ConnectionDropped
from csm_portal.simulators.notion.body import Node
from tests.simulators.notion.conftest import Clock, Connect, paragraph, text
from tests.simulators.notion.control import Control

pytestmark = pytest.mark.one_database


@pytest.fixture
def source_id(simulator: app.App, workspace: seed.Workspace) -> str:
    rows = ({"name": f"Account {number}"} for number in range(12))
    seed.add_account_rows(simulator.store, workspace.accounts_data_source_id, rows)
    return workspace.accounts_data_source_id


def refused(call: Any, *args: Any, **kwargs: Any) -> Any:
    # The SDK knows no 529 and calls it a response error of its own.
    with pytest.raises(HTTPResponseError) as caught:
        call(*args, **kwargs)
    return caught.value


def names(answer: dict[str, Any]) -> list[str]:
    return [page["properties"]["Account"]["title"][0]["plain_text"] for page in answer["results"]]


def test_a_session_ends_after_so_many_pages_and_the_question_can_be_asked_again(
    notion: Any, source_id: str, control: Control
) -> None:
    control.told("POST", "cursors", {"after_uses": 2})
    answers = [notion.data_sources.query(source_id, page_size=3)]
    for _ in range(2):
        answers.append(
            notion.data_sources.query(source_id, page_size=3, start_cursor=answers[-1]["next_cursor"])
        )
    cursor = answers[-1]["next_cursor"]

    error = refused(notion.data_sources.query, source_id, page_size=3, start_cursor=cursor)

    assert (error.status, error.code) == (400, "validation_error")
    assert str(error) == f"The start_cursor provided is invalid: {cursor}"
    found, cursor = [], None
    while cursor is not None or not found:
        place = {"start_cursor": cursor} if cursor else {}
        answer = notion.data_sources.query(source_id, page_size=3, **place)
        found, cursor = found + names(answer), answer["next_cursor"]
    assert len(set(found)) == 12
    assert control.state()["cursors"] == {"after_uses": 2, "times_left": 0, "expired": 1}


def test_every_session_can_be_ended_at_once(notion: Any, source_id: str, control: Control) -> None:
    ascending = [{"timestamp": "created_time", "direction": "ascending"}]
    by_place = notion.data_sources.query(source_id, page_size=3)["next_cursor"]
    by_time = notion.data_sources.query(source_id, page_size=3, sorts=ascending)["next_cursor"]
    control.told("POST", "cursors", {"expire": True})

    assert "start_cursor" in str(refused(notion.data_sources.query, source_id, start_cursor=by_place))
    assert "start_cursor" in str(
        refused(notion.data_sources.query, source_id, start_cursor=by_time, sorts=ascending)
    )
    cursor = notion.data_sources.query(source_id, page_size=3)["next_cursor"]
    assert len(notion.data_sources.query(source_id, start_cursor=cursor)["results"]) == 9


def test_a_short_page_is_not_the_end(notion: Any, source_id: str, control: Control) -> None:
    control.told("POST", "short-pages", {"every": 2, "rows": 1})
    sizes, found, cursor = [], [], None

    while cursor is not None or not found:
        place = {"start_cursor": cursor} if cursor else {}
        answer = notion.data_sources.query(source_id, page_size=4, **place)
        assert answer["has_more"] == (answer["next_cursor"] is not None)
        sizes.append(len(answer["results"]))
        found, cursor = found + names(answer), answer["next_cursor"]

    assert sizes == [4, 1, 4, 1, 2]
    assert len(set(found)) == 12


def test_lists_of_blocks_are_cut_short_as_well(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    page = notion.pages.create(
        parent={"data_source_id": workspace.qbr_data_source_id},
        properties={},
        children=[paragraph(str(number)) for number in range(5)],
    )
    control.told("POST", "short-pages", {"every": 1, "rows": 2})

    first = notion.blocks.children.list(page["id"])

    assert (len(first["results"]), first["has_more"]) == (2, True)
    control.told("DELETE", "short-pages")
    rest = notion.blocks.children.list(page["id"], start_cursor=first["next_cursor"])
    assert (len(rest["results"]), rest["has_more"]) == (3, False)


def test_a_workspace_has_a_budget_that_its_tokens_share(
    notion: Any,
    connect: Connect,
    simulator: app.App,
    workspace: seed.Workspace,
    control: Control,
    clock: Clock,
) -> None:
    other = connect(seed.add_integration(simulator.store, workspace_id=workspace.id, name="Other"))
    control.set_budget(requests=3, seconds=60, workspace_requests=4, workspace_seconds=300)
    for client in (notion, notion, other, other):
        client.users.me()
        clock.advance(seconds=1)

    error = refused(other.users.me)

    assert error.headers["retry-after"] == "296"
    assert error.additional_data == {"rate_limit_reason": "workspace"}
    clock.advance(seconds=100)
    assert refused(notion.users.me).headers["retry-after"] == "196"
    clock.advance(seconds=196)
    assert notion.users.me()["object"] == "user"
    assert control.state()["budget"] == {
        "requests": 3, "seconds": 60.0, "refused": 2, "too_early": 1,
        "workspace_requests": 4, "workspace_seconds": 300.0,
    }  # fmt: skip


def test_a_rate_limit_may_come_without_the_seconds_to_wait(notion: Any, control: Control) -> None:
    control.set_budget(requests=1, seconds=60, retry_after=False)
    notion.users.me()

    error = refused(notion.users.me)

    assert (error.status, "retry-after" in error.headers) == (429, False)
    assert error.additional_data == {"rate_limit_reason": "connection"}


def test_arrivals_tell_what_came_when_and_what_came_too_early(
    notion: Any, control: Control, clock: Clock, simulator: app.App, workspace: seed.Workspace
) -> None:
    control.set_budget(requests=2, seconds=60)
    for _ in range(3):
        clock.advance(seconds=10)
        try:
            notion.users.me()
        except notion_client.APIResponseError:
            clock.advance(seconds=1)
    refused(notion.users.me)
    clock.advance(seconds=60)
    control.lay(status=529, retry_after=5)
    refused(notion.databases.retrieve, workspace.qbr_database_id)
    clock.advance(seconds=5)
    notion.databases.retrieve(workspace.qbr_database_id)

    log = control.told("GET", "arrivals?seconds=25")

    assert [(each["outcome"], each["status"], each["retry_after"]) for each in log["arrivals"]] == [
        ("answered", 200, None), ("answered", 200, None), ("refused", 429, 40), ("refused", 429, 39),
        ("failed", 529, 5), ("answered", 200, None),
    ]  # fmt: skip
    assert [each["early_seconds"] for each in log["arrivals"]] == [None, None, None, 39.0, None, None]
    assert log["early"] == 1
    assert log["busiest"] == {"seconds": 25.0, "requests": 4}
    assert {each["integration"] for each in log["arrivals"]} == {"CSM Portal"}
    assert log["arrivals"][4]["endpoint"] == "GET /v1/databases/{database_id}"
    assert arrivals.busiest(simulator.arrivals.kept(), seconds=120) == 6
    assert len(control.told("GET", "arrivals?after=4")["arrivals"]) == 2
    control.told("DELETE", "arrivals")
    assert control.told("GET", "arrivals")["arrivals"] == []


def test_answers_wait_for_the_latency_and_overlap(
    connect: Connect, workspace: seed.Workspace, control: Control, simulator: app.App
) -> None:
    # Nobody goes on before all five wait: one after the other they would wait for ever.
    asked, all_wait = [], threading.Barrier(5)

    def wait(seconds: float) -> None:
        asked.append(seconds)
        all_wait.wait(timeout=60)

    simulator.control.latency = latency.Latency(clock=time.monotonic, sleep=wait)
    simulator.control.latency.set(Node({"milliseconds": 60_000}, "body"))
    client = connect(workspace.token)

    with ThreadPoolExecutor(5) as pool:
        kinds = list(pool.map(lambda _: client.users.me()["object"], range(5)))

    assert kinds == ["user"] * 5
    assert len(asked) == 5
    assert all(0 < seconds <= 60 for seconds in asked)


def test_an_answer_takes_as_long_as_the_latency_says(
    connect: Connect, workspace: seed.Workspace, control: Control
) -> None:
    control.told("POST", "latency", {"milliseconds": 50})
    client, started = connect(workspace.token), time.monotonic()

    client.users.me()

    assert time.monotonic() - started >= 0.05


def test_parallel_writes_to_one_parent_collide(
    connect: Connect, workspace: seed.Workspace, control: Control
) -> None:
    client = connect(workspace.token)
    page_id = client.pages.create(parent={"data_source_id": workspace.qbr_data_source_id}, properties={})[
        "id"
    ]
    control.told("POST", "collisions", {"parallel_writes": True})
    control.told("POST", "latency", {"milliseconds": 200})
    outcomes, gate = [], threading.Barrier(3)

    def append(words: str) -> None:
        gate.wait()
        try:
            client.blocks.children.append(page_id, children=[paragraph(words)])
            outcomes.append(200)
        except notion_client.APIResponseError as error:
            outcomes.append(error.status)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(append, "abc"))

    assert sorted(outcomes) == [200, 409, 409]
    control.told("DELETE", "latency")
    assert len(client.blocks.children.list(page_id)["results"]) == 1
    client.blocks.children.append(page_id, children=[paragraph("later")])
    assert control.state()["collisions"] == {"parallel_writes": True, "refused": 2}


def test_a_full_workspace_takes_changes_but_nothing_new(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    parent = {"data_source_id": workspace.qbr_data_source_id}
    control.told("POST", "block-limit", {"left": 2})
    page = notion.pages.create(parent=parent, properties={}, children=[paragraph("a"), paragraph("b")])

    error = refused(notion.pages.create, parent=parent, properties={})

    assert (error.status, error.code) == (403, "restricted_resource")
    assert error.additional_data == {"reason": "block_limit"}
    assert refused(notion.blocks.children.append, page["id"], children=[paragraph("c")]).status == 403
    title = {"Name": {"title": text("Changed")}}
    assert notion.pages.update(page["id"], properties=title)["id"] == page["id"]


def test_a_fault_may_wait_for_the_nth_request(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    control.lay(status=503, nth=3, match="/v1/pages", writes=True)
    parent = {"data_source_id": workspace.qbr_data_source_id}
    made = [notion.pages.create(parent=parent, properties={})["id"] for _ in range(2)]
    notion.pages.retrieve(made[0])

    assert refused(notion.pages.create, parent=parent, properties={}).status == 503
    assert len(notion.data_sources.query(workspace.qbr_data_source_id)["results"]) == 2


def test_a_failed_append_names_the_blocks_that_it_saved(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    page_id = notion.pages.create(parent={"data_source_id": workspace.qbr_data_source_id}, properties={})[
        "id"
    ]
    control.lay(status=503, after_commit=True, method="PATCH")

    error = refused(notion.blocks.children.append, page_id, children=[paragraph("a"), paragraph("b")])

    saved = [block["id"] for block in notion.blocks.children.list(page_id)["results"]]
    assert error.additional_data == {"committed_resource_id": page_id, "committed_child_ids": saved}
    control.lay(status=503, after_commit=True, method="PATCH")
    assert refused(notion.pages.update, page_id, in_trash=True).additional_data is None


def test_an_answer_may_never_come(notion: Any, control: Control) -> None:
    control.lay(hang=True)

    with pytest.raises(AnswerNeverComes):
        notion.users.me()

    (arrival,) = control.told("GET", "arrivals")["arrivals"]
    assert arrival["outcome"] == "hung"


def test_a_dropped_connection_is_written_down(notion: Any, control: Control) -> None:
    control.lay(drop=True)

    with pytest.raises(ConnectionDropped):
        notion.users.me()

    assert control.told("GET", "arrivals")["arrivals"][0]["outcome"] == "dropped"


@pytest.mark.parametrize(
    ("address", "body", "sentence"),
    [
        ("latency", {"milliseconds": -1}, "body.milliseconds should be from `0` to `120000`"),
        ("cursors", {}, "body.after_uses should be defined"),
        ("short-pages", {"every": 0, "rows": 5}, "body.every should be from `1` to `1000`"),
        ("short-pages", {"every": 1, "rows": 0}, "body.rows should be from `1` to `100`"),
        ("collisions", {"parallel_writes": "yes"}, "body.parallel_writes should be a boolean"),
        ("block-limit", {"left": None}, "body.left should be a number"),
        ("faults", {"kill_pid": 0}, "body.kill_pid should be the id of one process"),
        ("faults", {"kill_pid": -7}, "body.kill_pid should be the id of one process"),
        ("faults", {"kill_pid": 7, "when": "soon"}, "body.when should be"),
        ("faults", {"status": 503, "when": "after_commit"}, "body.kill_pid should be defined"),
        ("faults", {"status": 503, "nth": 0}, "body.nth should be from `1`"),
        ("webhooks", {"url": "http://example.com/hook"}, "body.url should be an http address of 127.0.0.1"),
        ("webhooks", {"url": "https://127.0.0.1/hook"}, "body.url should be an http address of 127.0.0.1"),
        ("webhooks", {"loss": 2}, "body.loss should be a share from `0` to `1`"),
        ("webhooks", {"types": ["page.exploded"]}, "body.types[0] should be"),
        ("webhooks/verify", {"verification_token": "secret_guess"}, "No subscription waits"),
    ],
)
def test_what_does_not_fit_is_told_why(
    workspace: seed.Workspace, control: Control, address: str, body: Any, sentence: str
) -> None:
    answer = control.ask("POST", address, body)

    assert answer.status_code == 400
    assert sentence in answer.json()["message"]
