"""The real SDK against the simulator: no socket, no waiting, every request looked at."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from csm_portal.integrations.notion import NotionCSMAdapter
from csm_portal.integrations.notion import client as notion
from csm_portal.integrations.notion.pacing import Pacer
from csm_portal.ports.gates import Gate
from csm_portal.simulators.notion import seed
from csm_portal.simulators.notion.app import App, create_app
from tests.integrations.clock import FakeTime

BASE_URL = "http://127.0.0.1:9"


@dataclass
class Sent:
    method: str
    path: str
    body: Any
    headers: httpx.Headers
    query: dict[str, str]


class Recording(httpx.BaseTransport):
    """Hands requests on and keeps what was sent.

    ``refuse`` may raise or answer before, ``lose`` raise after the server's work.
    """

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.sent: list[Sent] = []
        self.refuse: Callable[[Sent], httpx.Response | None] = lambda sent: None
        self.lose: Callable[[Sent], None] = lambda sent: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        body = json.loads(content) if content else None
        sent = Sent(request.method, request.url.path, body, request.headers, dict(request.url.params))
        self.sent.append(sent)
        refused = self.refuse(sent)
        if refused is not None:
            return refused
        response = self.inner.handle_request(request)
        self.lose(sent)
        return response

    def paths(self) -> list[str]:
        return [f"{sent.method} {sent.path}" for sent in self.sent]


@dataclass
class Simulated:
    app: App
    workspace: seed.Workspace
    wire: Recording
    time: FakeTime = field(default_factory=FakeTime)

    @property
    def store(self) -> Any:
        return self.app.store

    def client(
        self, *, token: str | None = None, budget: int = 100_000, gate: Gate | None = None
    ) -> notion.NotionClient:
        return notion.build(
            token=token or self.workspace.token,
            base_url=BASE_URL,
            budget=budget,
            transport=self.wire,
            gate=gate or Pacer(budget, clock=self.time.now, sleep=self.time.sleep),
            sleep=self.time.sleep,
        )

    def adapter(self, *, token: str | None = None, **settings: Any) -> NotionCSMAdapter:
        chosen = {
            "accounts_database_id": self.workspace.accounts_database_id,
            "qbr_database_id": self.workspace.qbr_database_id,
            **settings,
        }
        return NotionCSMAdapter(self.client(token=token), **chosen)

    def add(self, *rows: dict[str, Any], is_archived: bool = False, **when: Any) -> list[str]:
        return seed.add_account_rows(
            self.store, self.workspace.accounts_data_source_id, rows, is_archived=is_archived, **when
        )

    def fault(self, **detail: Any) -> None:
        self.control("POST", "/_sim/faults", detail)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        with httpx.Client(transport=httpx.WSGITransport(app=self.app), base_url=BASE_URL) as http:
            answer = http.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Do something in the workspace as the integration, beside the adapter."""
        headers = {"Authorization": f"Bearer {self.workspace.token}", "Notion-Version": "2026-03-11"}
        with httpx.Client(transport=httpx.WSGITransport(app=self.app), base_url=BASE_URL) as http:
            answer = http.request(method, f"/v1/{path}", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()


@pytest.fixture
def sim(tmp_path):
    app = create_app(tmp_path / "workspace.sqlite3")
    workspace = seed.create_workspace(app.store)
    yield Simulated(app=app, workspace=workspace, wire=Recording(httpx.WSGITransport(app=app)))
    app.close()
