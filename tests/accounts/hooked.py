"""A tenant that Notion posts to: its address, its key, and posts as Notion would make them."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import NotionWatch
from accounts.selectors import webhooks as selector
from accounts.services import hook_setup
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.simulators.notion import webhooks as simulated
from tests.integrations.notion.test_signatures import event

KEY = "secret_" + "k" * 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """The address of a tenant's webhooks and the key that it believes."""

    tenant: Tenant
    address: str
    key: str = KEY

    @property
    def url(self) -> str:
        return reverse("notion-hook", args=[self.address])

    def post(
        self, body: bytes, *, signature: str | None = None, key: str | None = None, **headers: str
    ) -> Any:
        """Post a body, signed with the tenant's key unless told otherwise; ``signature=""`` sends none."""
        if signature is None:
            signature = simulated.sign(body, verification_token=key or self.key)
        signed = {"X-Notion-Signature": signature} if signature else {}
        return Client().post(self.url, body, content_type="application/json", headers={**signed, **headers})

    def tell(self, **fields: Any) -> Any:
        """Post an event: ``tell(entity={"id": page_id, "type": "page"})``; each has an id of its own."""
        return self.post(json.dumps(made(**fields)).encode())

    def shake(self, token: str) -> Any:
        """Post a hand-shake."""
        return self.post(json.dumps({"verification_token": token}).encode(), signature="")

    def watch(self) -> NotionWatch:
        with tenant_scope(self.tenant):
            return NotionWatch.objects.get()


def made(*, page_id: str = "", **fields: Any) -> dict[str, Any]:
    """Return an event of now with an id of its own."""
    from django.utils import timezone

    named = {"entity": {"id": page_id, "type": "page"}} if page_id else {}
    return event(**{"id": str(uuid.uuid4()), "timestamp": timezone.now().isoformat(), **named, **fields})


def hooked(tenant: Tenant, *, actor: User, now: datetime, key: str = KEY) -> Hooked:
    """Make an address and let its key be accepted, as an admin does."""
    with tenant_scope(tenant):
        address = hook_setup.make_address(actor=actor, now=now)
    made_up = Hooked(tenant=tenant, address=address, key=key)
    assert made_up.shake(key).status_code == 200
    with tenant_scope(tenant):
        shown = hook_setup.show_key(actor=actor, now=now)
        hook_setup.accept_key(selector.fingerprint(shown), actor=actor, now=now)
    return made_up
