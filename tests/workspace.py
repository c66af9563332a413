"""A tenant connected to a Notion workspace of its own: the real adapter in front of the simulator, no socket.

``settings.PORTS["workspace"]`` names ``connect`` of this module, so that views, tasks and commands reach the
simulator through ``wiring`` as they would reach Notion.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from csm_portal import wiring
from csm_portal.core import secrets
from csm_portal.core.models import NotionConnection, Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.integrations.notion import NotionCSMAdapter, client, pacing
from csm_portal.ports.workspace import Person, Workspace, WorkspaceConfig
from csm_portal.simulators.notion import seed, sources
from csm_portal.simulators.notion.app import AnswerNeverComes, App, ConnectionDropped, create_app
from tests.factories import NOW
from tests.integrations.clock import FakeTime

# By token, and by address for a token that no workspace knows.
_apps: dict[str, App] = {}
_number = itertools.count(1)
# By token: called with each request before it is answered; it may raise what httpx raises.
_hooks: dict[str, Callable[[httpx.Request], None]] = {}


def end() -> None:
    """Close the workspaces of a test. Their files would stay open until the process may open no more."""
    for app in {id(app): app for app in _apps.values()}.values():
        app.close()
    _apps.clear()
    _hooks.clear()


class Hooked(httpx.WSGITransport):
    """The simulator, with a test looking at each request first."""

    def __init__(self, app: App, token: str) -> None:
        super().__init__(app)
        self._token = token

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if hook := _hooks.get(self._token):
            hook(request)
        try:
            return super().handle_request(request)
        except ConnectionDropped as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except AnswerNeverComes as error:
            raise httpx.ReadTimeout(str(error)) from error


def connect(config: WorkspaceConfig) -> NotionCSMAdapter:
    """Return the adapter on the simulator that stands at the config's address; it waits without sleeping."""
    clock = FakeTime()
    notion = client.build(
        token=config.token,
        base_url=config.base_url,
        budget=config.budget,
        transport=Hooked(_apps.get(config.token) or _apps[config.base_url], config.token),
        gate=pacing.Pacer(config.budget, clock=clock.now, sleep=clock.sleep),
        sleep=clock.sleep,
    )
    return NotionCSMAdapter(
        notion,
        config.accounts_database_id,
        config.qbr_database_id,
        accounts_data_source_id=config.accounts_data_source_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A tenant, its simulated workspace, and ways to do in it what a person would do in Notion."""

    tenant: Tenant
    app: App
    seeded: seed.Workspace
    connection: NotionConnection

    def workspace(self) -> Workspace:
        """Return the tenant's workspace as a task would get it."""
        with tenant_scope(self.tenant):
            return wiring.workspace()

    def add_accounts(self, *rows: Mapping[str, Any]) -> list[str]:
        """Add rows keyed by the portal's field names (or by property names); return their page ids."""
        return seed.add_account_rows(self.app.store, self.seeded.accounts_data_source_id, rows)

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Do anything that the API can do, with the integration's own token."""
        answer = httpx.Client(transport=httpx.WSGITransport(self.app), base_url="http://simulator").request(
            method,
            path,
            json=body,
            headers={"Authorization": f"Bearer {self.seeded.token}", "Notion-Version": client.VERSION},
        )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def change(self, page_id: str, properties: Mapping[str, Any]) -> None:
        """Change properties of a page: ``{"ARR": {"number": 5}}``."""
        self.api("PATCH", f"/v1/pages/{page_id}", {"properties": properties})

    def change_schema(self, properties: Mapping[str, Any]) -> None:
        """Rename, retype, add or (None) remove properties of the accounts data source."""
        path = f"/v1/data_sources/{self.seeded.accounts_data_source_id}"
        self.api("PATCH", path, {"properties": properties})

    def before_each(self, hook: Callable[[httpx.Request], None] | None) -> None:
        """Let a test look at, or refuse, each request of the tenant's workspace."""
        if hook is None:
            _hooks.pop(self.seeded.token, None)
        else:
            _hooks[self.seeded.token] = hook

    def before_query(self, number: int, act: Callable[[], None]) -> None:
        """Do something once, before the answer to the query of this number, counted from now."""
        count = itertools.count(1)

        def hook(request: httpx.Request) -> None:
            if request.url.path.endswith("/query") and next(count) == number:
                act()

        self.before_each(hook)

    def fault(self, **fault: Any) -> None:
        """Let the next requests that match fail: ``fault(status=503, match="query", times=2)``."""
        self.api("POST", "/_sim/faults", fault)

    def integrate(self, name: str, *shares: str) -> str:
        """Add another integration that sees these databases only; return its token."""
        token = seed.add_integration(self.app.store, workspace_id=self.seeded.id, name=name, shares=shares)
        _apps[token] = self.app
        return token

    def share(self, token: str, database_id: str) -> None:
        """Share a database with an integration, as a person does in Notion under Connections."""
        with self.app.store.writing() as db:
            bot = db.execute("SELECT id FROM users WHERE token = ?", (token,)).fetchone()["id"]
            sources.share(db, bot_id=bot, object_id=database_id)

    def reconnect(self, *, token: str | None = None, **fields: Any) -> None:
        """Change the tenant's settings without the page."""
        with tenant_scope(self.tenant):
            if token is not None:
                secrets.store(wiring.NOTION_TOKEN, token, now=NOW)
            NotionConnection.objects.filter(pk=self.connection.pk).update(**fields)


def a_row(number: int, **fields: Any) -> dict[str, Any]:
    """Return one account in good health as ``add_accounts`` takes it."""
    return {
        "name": f"Account {number:03d}",
        "owner": Person(name="Alice", email="Alice@Northwind.example"),
        "segment": "Mid-Market",
        "arr": 48000,
        "currency": "EUR",
        "feature_adoption_rate": 0.8,
        "support_ticket_volume": 2,
        "support_sentiment": "positive",
        "last_interaction_on": "2026-05-10",
        "login_frequency_score": 0.9,
        "usage_trend": "growing",
        "payment_current": True,
        "stakeholder_engagement_score": 0.9,
        "nps_score": 9,
        "renewal_on": "2027-01-31",
        "seats_used": 90,
        "seats_purchased": 100,
        "escalation_history_count": 0,
        "tam_health_rag": "Green",
        "primary_contacts": ["Dana Fox"],
        **fields,
    }


def connected(
    tenant: Tenant, folder: Path, settings: Any, *, rows: Iterable[Mapping[str, Any]] = ()
) -> Connected:
    """Make a workspace in a file of ``folder``, fill it with ``rows``, and connect the tenant to it.

    ``settings`` is pytest-django's fixture: it takes the overrides back at the end of the test.
    """
    number = next(_number)
    app = create_app(folder / f"workspace-{number}.sqlite3")
    seeded = seed.create_workspace(app.store, name=tenant.name)
    address = f"http://simulator-{number}.test"
    _apps[address] = _apps[seeded.token] = app
    settings.NOTION_BASE_URL = address
    settings.PORTS = {**settings.PORTS, "workspace": "tests.workspace.connect"}
    with tenant_scope(tenant):
        secrets.store(wiring.NOTION_TOKEN, seeded.token, now=NOW)
        connection = NotionConnection.objects.create(
            accounts_database_id=seeded.accounts_database_id,
            qbr_database_id=seeded.qbr_database_id,
            # The budget is the adapter's own subject; here it would only make tests wait.
            requests_per_minute=100_000,
        )
    made = Connected(tenant=tenant, app=app, seeded=seeded, connection=connection)
    made.add_accounts(*rows)
    return made
