"""Makes the demo's tenants: people who can sign in, and the connection to their simulated workspace."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from accounts.services import channels
from csm_portal.core import secrets
from csm_portal.core.models import Membership, NotionConnection, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.demo.company import Colleague
from csm_portal.ports.chat import ChatMode
from csm_portal.ports.events import BusMode
from csm_portal.ports.mail import MailMode
from csm_portal.simulators.google import chat, tokens
from csm_portal.simulators.notion.seed import Workspace
from csm_portal.wiring import NOTION_TOKEN

PASSWORD = "demo-portal"  # noqa: S105 (printed at each start of the demo)


def create(
    *, name: str, slug: str, time_zone: str, currency: str, people: Iterable[Colleague], now: datetime
) -> Tenant:
    """Make a tenant with its people."""
    tenant = Tenant.objects.create(
        name=name, slug=slug, time_zone=time_zone, currency=currency, created_at=now
    )
    with tenant_scope(tenant):
        for person in people:
            user = User.objects.create_user(person.email, PASSWORD, name=person.name)
            Membership.objects.create(user=user, **{f"is_{role}": True for role in person.roles})
    return tenant


def connect(workspace: Workspace, *, now: datetime) -> None:
    """Connect the scope's tenant to its workspace, as an admin would on the Notion page."""
    secrets.store(NOTION_TOKEN, workspace.token, now=now)
    NotionConnection.objects.create(
        accounts_database_id=workspace.accounts_database_id,
        qbr_database_id=workspace.qbr_database_id,
        # The simulator keeps no budget, and a demo should not wait for one.
        requests_per_minute=3000,
        updated_at=now,
    )


def connect_channels(tenant: Tenant, *, now: datetime) -> None:
    """Connect the tenant's channels to the local Gmail and Chat, where the demo runs one: each CSM, a space, a receiver."""
    if not settings.CSM_LOCAL_WEBHOOKS:
        return
    admin = person("admin")
    channels.save_mail(
        MailMode.OAUTH,
        client_id="demo",
        client_secret=PASSWORD,
        key_file="",
        fallback=str(person("manager").pk),
        actor=admin,
        now=now,
    )
    # Managers get drafts too: their digest, and what nobody owns.
    readers = Membership.objects.filter(Q(is_csm=True) | Q(is_manager=True))
    for member in readers.select_related("user"):
        channels.connect_mailbox(member.user, tokens.refresh_token(member.user.email), now=now)
    space = f"spaces/{tenant.slug}"
    url = chat.webhook_url(settings.CHAT_BASE_URL, space)
    channels.save_chat(ChatMode.WEBHOOK, webhook_url=url, space="", key_file="", actor=admin, now=now)
    channels.save_events(
        BusMode.WEBHOOK, url=f"{settings.CHAT_BASE_URL}/receiver/{tenant.slug}", actor=admin, now=now
    )


def person(role: str) -> User:
    """Return somebody of the scope's tenant who has a role, the first by name."""
    return (
        Membership.objects.filter(**{f"is_{role}": True})
        .select_related("user")
        .order_by("user__name")[0]
        .user
    )


def sign_in_page(lines: Iterable[tuple[str, str, str]]) -> str:
    """Return what the demo prints: the address and one sign-in a role. ``lines``: role, name, e-mail."""
    rows = "\n".join(f"  {role:<9} {name:<16} {email}" for role, name, email in lines)
    return f"\nThe portal is at {{address}}\n\n{rows}\n\n  Password of all: {PASSWORD}\n\n"
