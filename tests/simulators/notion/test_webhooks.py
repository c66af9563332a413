"""Webhooks: the hand-shake, the signature, the shape of each event, and what loss, doubles and disorder do."""

import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from csm_portal.simulators.notion import app, seed, webhooks
from tests.simulators.notion import api_schema
from tests.simulators.notion.conftest import paragraph, text
from tests.simulators.notion.control import Control

pytestmark = pytest.mark.one_database


@pytest.fixture
def verified(control: Control, workspace: seed.Workspace) -> dict[str, Any]:
    """Subscribe without an address and without the hand-shake."""
    subscription: dict[str, Any] = control.told("POST", "webhooks", {"verified": True})["subscription"]
    return subscription


def taken(simulator: app.App) -> list[dict[str, Any]]:
    return [delivery.event for delivery in simulator.webhooks.take()]


def kinds(simulator: app.App) -> list[str]:
    return [event["type"] for event in taken(simulator)]


def make_page(notion: Any, workspace: seed.Workspace, **more: Any) -> str:
    page = notion.pages.create(parent={"data_source_id": workspace.qbr_data_source_id}, properties={}, **more)
    return str(page["id"])


def test_nothing_is_told_before_the_token_was_brought_back(
    notion: Any, workspace: seed.Workspace, simulator: app.App, control: Control
) -> None:
    control.told("POST", "webhooks", {})
    make_page(notion, workspace)

    (handshake,) = simulator.webhooks.take()
    token = handshake.event["verification_token"]
    assert handshake.event == {"verification_token": token}
    assert token.startswith("secret_")
    assert webhooks.SIGNATURE not in handshake.headers
    assert control.ask("POST", "webhooks/verify", {"verification_token": token[:-1]}).status_code == 400
    make_page(notion, workspace)
    assert taken(simulator) == []
    control.told("POST", "webhooks/verify", {"verification_token": token})
    make_page(notion, workspace)
    assert kinds(simulator) == ["page.created", "data_source.content_updated"]


def test_the_signature_is_of_the_raw_body(
    notion: Any, workspace: seed.Workspace, simulator: app.App, verified: dict[str, Any], control: Control
) -> None:
    make_page(notion, workspace)

    (first, *_) = control.told("POST", "webhooks/take")["deliveries"]

    key = verified["verification_token"].encode()
    expected = "sha256=" + hmac.new(key, first["body"].encode(), hashlib.sha256).hexdigest()
    assert first["headers"]["X-Notion-Signature"] == expected
    assert webhooks.sign(first["body"].encode(), verification_token=key.decode()) == expected
    # As Notion signs it: no blanks between the parts.
    assert ": " not in first["body"]


def test_every_write_tells_what_it_did(
    notion: Any, workspace: seed.Workspace, simulator: app.App, verified: dict[str, Any]
) -> None:
    page_id = make_page(notion, workspace)
    told: list[tuple[str, list[str]]] = []

    def tell(what: str) -> None:
        told.append((what, kinds(simulator)))

    tell("create")
    notion.pages.update(page_id, properties={"Health Score": {"number": 70}})
    tell("number")
    notion.pages.update(page_id, properties={"Health Score": {"number": 70}})
    tell("same number")
    notion.pages.update(page_id, properties={"Name": {"title": text("QBR")}})
    tell("title")
    block = notion.blocks.children.append(page_id, children=[paragraph("a")])["results"][0]
    tell("append")
    notion.blocks.update(block["id"], **paragraph("b"))
    notion.blocks.delete(block["id"])
    tell("block")
    notion.pages.update(page_id, is_locked=True)
    notion.pages.update(page_id, is_locked=False)
    tell("lock")
    notion.pages.update(page_id, in_trash=True)
    notion.pages.update(page_id, in_trash=False)
    tell("trash")
    child = notion.pages.create(parent={"page_id": page_id}, properties={"title": text("Child")})
    tell("child")
    notion.pages.move(child["id"], parent={"data_source_id": workspace.qbr_data_source_id})
    tell("move")
    notion.data_sources.update(workspace.qbr_data_source_id, properties={"Note": {"rich_text": {}}})
    tell("schema")
    notion.pages.update(page_id, is_archived=True)
    tell("archive")

    assert told == [
        ("create", ["page.created", "data_source.content_updated"]),
        ("number", ["page.properties_updated"]),
        ("same number", []),
        ("title", ["page.properties_updated", "page.content_updated"]),
        ("append", ["page.content_updated"]),
        ("block", ["page.content_updated", "page.content_updated"]),
        ("lock", ["page.locked", "page.unlocked"]),
        ("trash", ["page.deleted", "data_source.content_updated", "page.undeleted", "data_source.content_updated"]),
        ("child", ["page.created"]),
        ("move", ["page.moved", "data_source.content_updated"]),
        ("schema", ["data_source.schema_updated"]),
        ("archive", []),
    ]  # fmt: skip


def test_a_failed_write_tells_nothing(
    notion: Any, workspace: seed.Workspace, simulator: app.App, verified: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match="is not a property that exists"):
        notion.pages.create(
            parent={"data_source_id": workspace.qbr_data_source_id}, properties={"Shoe": {"number": 1}}
        )

    assert taken(simulator) == []


@api_schema.needs_recordings
def test_events_are_what_the_types_say(
    notion: Any, workspace: seed.Workspace, simulator: app.App, verified: dict[str, Any]
) -> None:
    page_id = make_page(notion, workspace)
    notion.pages.update(page_id, properties={"Health Score": {"number": 70}}, in_trash=True)
    notion.pages.update(page_id, in_trash=False)
    child = notion.pages.create(parent={"page_id": page_id}, properties={"title": text("Child")})
    notion.pages.update(child["id"], properties={"title": text("Kid")}, in_trash=True)
    notion.data_sources.update(workspace.qbr_data_source_id, properties={"Quarter": None, "New": {"url": {}}})

    events = taken(simulator)

    names = {
        "page.properties_updated": "PagePropertiesUpdatedWebhookPayload",
        "page.deleted": "PageDeletedWebhookPayload",
    }
    checked = Counter(event["type"] for event in events if event["type"] in names)
    assert checked == {"page.properties_updated": 2, "page.deleted": 2}
    for event in events:
        # The types describe two events; all share everything but their own type, entity and data.
        alike = {**event, "type": "page.deleted", "entity": {**event["entity"], "type": "page"}}
        assert api_schema.problems("PageDeletedWebhookPayload", alike) == []
        if event["type"] in names:
            assert api_schema.problems(names[event["type"]], event) == []
    (schema,) = [event for event in events if event["type"] == "data_source.schema_updated"]
    changes = schema["data"]["updated_properties"]
    assert [(change["name"], change["action"]) for change in changes] == [
        ("Quarter", "deleted"),
        ("New", "created"),
    ]


def test_an_event_names_who_did_it_and_which_properties(
    notion: Any,
    workspace: seed.Workspace,
    simulator: app.App,
    verified: dict[str, Any],
) -> None:
    person_id = seed.add_person(simulator.store, "Jo Li", "jo@example.com")
    page_id = make_page(notion, workspace)
    schema = notion.data_sources.retrieve(workspace.qbr_data_source_id)["properties"]
    simulator.webhooks.take()

    answer = httpx.Client(transport=httpx.WSGITransport(simulator), base_url="http://simulator").patch(
        f"/v1/pages/{page_id}",
        json={"properties": {"Health Score": {"number": 12}}},
        headers={
            "Authorization": f"Bearer {workspace.token}",
            "Notion-Version": "2026-03-11",
            app.AS_PERSON: person_id,
        },
    )

    assert answer.json()["last_edited_by"]["id"] == person_id
    (event,) = taken(simulator)
    assert event["authors"] == [{"id": person_id, "type": "person"}]
    assert event["data"]["updated_properties"] == [schema["Health Score"]["id"]]
    assert event["data"]["parent"] == {
        "id": workspace.qbr_database_id,
        "type": "database",
        "data_source_id": workspace.qbr_data_source_id,
    }
    make_page(notion, workspace)
    assert taken(simulator)[0]["authors"] == [{"id": workspace.bot_id, "type": "bot"}]


def test_a_subscription_hears_only_of_what_its_token_sees(
    notion: Any, workspace: seed.Workspace, simulator: app.App, control: Control
) -> None:
    token = seed.add_integration(
        simulator.store, workspace_id=workspace.id, name="Other", shares=[workspace.accounts_database_id]
    )
    control.told("POST", "webhooks", {"token": token, "verified": True})

    make_page(notion, workspace)
    assert taken(simulator) == []
    notion.pages.create(parent={"data_source_id": workspace.accounts_data_source_id}, properties={})
    assert kinds(simulator) == ["page.created", "data_source.content_updated"]


def test_loss_doubles_and_disorder(
    notion: Any, workspace: seed.Workspace, simulator: app.App, control: Control
) -> None:
    control.told(
        "POST",
        "webhooks",
        {
            "verified": True,
            "loss": 0.3,
            "duplicates": 0.4,
            "reorder": True,
            "seed": 3,
            "types": ["page.created"],
        },
    )
    made = [make_page(notion, workspace) for _ in range(60)]

    events = taken(simulator)

    (subscription,) = control.told("GET", "webhooks")["subscriptions"]
    arrived = [event["entity"]["id"] for event in events]
    counted = Counter(event["id"] for event in events)
    assert subscription["events"] == 60
    assert len(set(arrived)) == 60 - subscription["lost"]
    assert 5 < subscription["lost"] < 40
    assert sum(count == 2 for count in counted.values()) == subscription["duplicated"] > 5
    order = [made.index(page_id) for page_id in dict.fromkeys(arrived)]
    assert order != sorted(order)


@contextmanager
def receiver(answers: Any) -> Iterator[tuple[str, list[tuple[bytes, str | None]]]]:
    """Listen on this machine; ``answers`` gives the status for each delivery."""
    got: list[tuple[bytes, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((body, self.headers.get("X-Notion-Signature")))
            self.send_response(next(answers))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/notion?tenant=1", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_deliveries_are_posted_and_tried_again(
    notion: Any, workspace: seed.Workspace, simulator: app.App, control: Control
) -> None:
    answers = iter([200, 500, 503, 200, 200])
    with receiver(answers) as (url, got):
        told = control.told(
            "POST", "webhooks", {"url": url, "first_wait_seconds": 0, "types": ["page.created"]}
        )
        token = told["subscription"]["verification_token"]
        assert simulator.webhooks.wait()
        assert json.loads(got[0][0]) == {"verification_token": token}
        control.told("POST", "webhooks/verify", {"verification_token": token})

        make_page(notion, workspace)

        assert simulator.webhooks.wait()
        events = [json.loads(body) for body, _ in got[1:]]
        assert [event["attempt_number"] for event in events] == [1, 2, 3]
        assert len({event["id"] for event in events}) == 1
        for body, signature in got[1:]:
            assert signature == webhooks.sign(body, verification_token=token)
        control.told("DELETE", "webhooks")
        make_page(notion, workspace)
        assert simulator.webhooks.wait()
        assert len(got) == 4
