"""A tenant whose webhooks a subject posts to: its workspace, its address, its key."""

import json
import random
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import Hint
from accounts.selectors import webhooks as selector
from accounts.services import hook_setup
from csm_portal.core.models import Job, Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.simulators.notion import seed
from csm_portal.simulators.notion import webhooks as simulated
from tests.workspace import Connected, connected

KEY = "secret_" + "k" * 43


@dataclass(slots=True)
class Stage:
    """A tenant with a workspace and an address that Notion posts to."""

    notion: Connected
    url: str
    person: str
    source: random.Random = field(default_factory=lambda: random.Random(38))

    @property
    def tenant(self) -> Tenant:
        return self.notion.tenant

    def post(self, body: bytes, *, signature: str | None = None, key: str = KEY) -> int:
        signed = simulated.sign(body, verification_token=key) if signature is None else signature
        headers = {"X-Notion-Signature": signed} if signed else {}
        answer = Client().post(self.url, body, content_type="application/json", headers=headers)
        return answer.status_code

    def event(self, page_id: str = "") -> bytes:
        return json.dumps(
            {
                "id": str(uuid.UUID(int=self.source.getrandbits(128), version=4)),
                "timestamp": timezone.now().isoformat(),
                "type": "page.properties_updated",
                "authors": [{"id": self.person, "type": "person"}],
                "attempt_number": 1,
                "entity": {"id": page_id or str(uuid.UUID(int=self.source.getrandbits(128))), "type": "page"},
                "data": {
                    "parent": {"id": str(uuid.uuid4()), "type": "database"},
                    "updated_properties": ["abc"],
                },
            }
        ).encode()

    def kept(self) -> dict[str, int]:
        """Count what a post may leave behind."""
        with tenant_scope(self.tenant):
            return {"hints": Hint.objects.count(), "jobs": Job.objects.count()}

    def requests(self) -> int:
        """Return how many requests Notion has had."""
        return len(self.notion.app.arrivals.kept())


@contextmanager
def stage() -> Iterator[Stage]:
    """Give a tenant with an accepted key; jobs that it asks for are queued and not run."""
    with (
        tempfile.TemporaryDirectory(prefix="portal-webhooks-") as folder,
        override_settings(CSM_RUN_JOBS_INLINE=False, ALLOWED_HOSTS=["testserver"]),
    ):
        yield _made(Path(folder))


def _made(folder: Path) -> Stage:
    tenant = Tenant.objects.create(name="Northwind", slug=f"soak-{uuid.uuid4().hex[:8]}", time_zone="UTC", currency="EUR")  # fmt: skip
    admin = User.objects.create_user(f"ada@{tenant.slug}.example", "x" * 20, name="Ada")
    notion = connected(tenant, folder, settings)
    with tenant_scope(tenant):
        Membership.objects.create(user=admin, is_admin=True)
        address = hook_setup.make_address(actor=admin, now=timezone.now())
    made = Stage(
        notion=notion,
        url=f"/hooks/notion/{address}/",
        person=seed.add_person(notion.app.store, "Dana", workspace_id=notion.seeded.id),
    )
    made.post(json.dumps({"verification_token": KEY}).encode(), signature="")
    with tenant_scope(tenant):
        shown = hook_setup.show_key(actor=admin, now=timezone.now())
        hook_setup.accept_key(selector.fingerprint(shown), actor=admin, now=timezone.now())
    return made
