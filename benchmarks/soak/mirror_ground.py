"""What the checks of the mirror stand on: tenants connected to a simulated workspace in this process, without a socket."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from accounts import mirror
from accounts.models import Account, SyncRun
from accounts.services import mirroring, sync
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.integrations.notion import NotionCSMAdapter, client
from csm_portal.integrations.notion.pacing import Pacer
from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import seed, store
from csm_portal.simulators.notion.app import App, create_app

START = datetime(2026, 5, 14, 5, 0, tzinfo=UTC)
_ADDRESS = "http://simulator.test"
# The gate is another check's subject; a budget that no scan reaches keeps it out of these.
_BUDGET = 1_000_000
_CSMS = [Person(name=name, email=f"{name.lower()}@northwind.example") for name in ("Alice", "Bob", "Carol")]


class Watched(httpx.WSGITransport):
    """The simulator, with something looking at each request first; ``seconds`` is the processor time it took itself."""

    def __init__(self, app: App, *, before: Callable[[httpx.Request], None] | None = None) -> None:
        super().__init__(app)
        self.before = before
        self.seconds = 0.0
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.before is not None:
            self.before(request)
        begun = time.thread_time()
        try:
            return super().handle_request(request)
        finally:
            self.seconds += time.thread_time() - begun


@dataclass(slots=True)
class Office:
    """A simulated workspace with accounts in it, and the clock that it goes by."""

    app: App
    seeded: seed.Workspace
    clock: list[datetime]
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            transport=httpx.WSGITransport(self.app),
            base_url=_ADDRESS,
            headers={"Authorization": f"Bearer {self.seeded.token}", "Notion-Version": client.VERSION},
        )

    @property
    def now(self) -> datetime:
        return self.clock[0]

    def pass_time(self, seconds: float) -> None:
        self.clock[0] += timedelta(seconds=seconds)

    def workspace(self, transport: Watched | None = None) -> NotionCSMAdapter:
        notion = client.build(
            token=self.seeded.token,
            base_url=_ADDRESS,
            budget=_BUDGET,
            transport=transport or Watched(self.app),
            gate=Pacer(_BUDGET),
        )
        return NotionCSMAdapter(notion, self.seeded.accounts_database_id)

    def add(self, *rows: Mapping[str, Any], **when: Any) -> list[str]:
        return seed.add_account_rows(self.app.store, self.seeded.accounts_data_source_id, rows, **when)

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Do what the API can do. Raises httpx.HTTPStatusError."""
        answer = self.http.request(method, f"/v1/{path}", json=body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


@contextmanager
def office() -> Iterator[Office]:
    """Give a workspace without rows; its file is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="portal-office-") as folder:
        clock = [START]
        kept = store.Store(Path(folder) / "notion.sqlite3", clock=lambda: clock[0], seed=20260514)
        app = create_app(Path(folder) / "notion.sqlite3", store=kept)
        try:
            yield Office(app, seed.create_workspace(app.store, name="Northwind"), clock)
        finally:
            app.close()


def tenant(slug: str) -> Tenant:
    """Make a tenant without people: owners then are the names and addresses that Notion gives."""
    return Tenant.objects.create(name=slug.title(), slug=slug, time_zone="Europe/Berlin", currency="EUR")


def row(number: int, **fields: Any) -> dict[str, Any]:
    """Return an account with every field that scores, no two alike."""
    return {
        "name": f"Account {number:06}",
        "owner": _CSMS[number % 3],
        "segment": ("Enterprise", "Mid-Market", "SMB")[number % 3],
        "arr": 1000 + number,
        "currency": ("EUR", "USD")[number % 2],
        "feature_adoption_rate": number % 100 / 100,
        "support_ticket_volume": number % 9,
        "support_sentiment": ("positive", "neutral", "negative")[number % 3],
        "last_interaction_on": f"2026-0{1 + number % 4}-1{number % 9}",
        "login_frequency_score": number % 70 / 100,
        "usage_trend": ("growing", "stable", "declining")[number % 3],
        "payment_current": number % 5 != 0,
        "stakeholder_engagement_score": number % 90 / 100,
        "nps_score": number % 11,
        "renewal_on": f"2026-1{number % 3}-2{number % 8}",
        "seats_used": number % 80,
        "seats_purchased": 100,
        "escalation_history_count": number % 3,
        "tam_health_rag": ("Red", "Amber", "Green")[number % 3],
        "primary_contacts": [f"Contact {number}"],
        "notes": f"Note {number}",
        **fields,
    }


def synced(of: Tenant, place: Office, *, now: datetime, transport: Watched | None = None) -> SyncRun:
    """Sync a tenant's mirror with the workspace."""
    with tenant_scope(of):
        return sync.run(workspace=place.workspace(transport), now=now)


_COMPARED = (
    *tuple(column for columns in mirror.COLUMNS_OF.values() for column in columns),
    *mirroring.BESIDE_FIELDS,
    "content_hash",
)


def mirrored(of: Tenant) -> dict[str, tuple[Any, ...]]:
    """Return every mirrored column of every account that is not removed, by page id."""
    with tenant_scope(of):
        rows = Account.objects.filter(removed_at=None).values_list("notion_page_id", *_COMPARED)
        return {key: tuple(map(_hashable, values)) for key, *values in rows}


def _hashable(value: Any) -> Any:
    return repr(value) if isinstance(value, list | dict) else value
