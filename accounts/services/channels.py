"""What an admin and each person do about the channels: connect them, try them, let go of them (SPEC 4.2, 10.3)."""

import base64
import secrets as random
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.html import format_html

from accounts.selectors.messages import SAMPLE_TOPIC
from csm_portal.core import audit, deliveries, outbox, secrets
from csm_portal.core import secret_names as names
from csm_portal.core.models import ChannelConnection, ChannelName, Delivery, Tenant, User
from csm_portal.ports.chat import ChatMessage, ChatMode
from csm_portal.ports.events import AgentEvent, BusMode, EventType, Priority
from csm_portal.ports.mail import Address, Draft, MailMode

# Standard Webhooks asks for 24 to 64 random bytes.
_SECRET_BYTES: Final = 32


@transaction.atomic
def save_mail(
    mode: MailMode,
    *,
    client_id: str,
    client_secret: str,
    key_file: str,
    fallback: str = "",
    actor: User,
    now: datetime,
) -> ChannelConnection:
    """Say how drafts reach people's mailboxes. An empty secret leaves the stored one as it is.

    ``fallback`` is the id of the user who gets the drafts about accounts that nobody owns; empty: nobody does.
    """
    _store(names.MAIL_CLIENT_SECRET, client_secret, now=now)
    _store(names.MAIL_SERVICE_ACCOUNT, key_file, now=now)
    settings = {"client_id": client_id} if mode is MailMode.OAUTH else {}
    if fallback and mode is not MailMode.PORTAL:
        settings["fallback"] = fallback
    return _save(ChannelName.MAIL, mode, settings, actor=actor, now=now)


@transaction.atomic
def save_chat(
    mode: ChatMode, *, webhook_url: str, space: str, key_file: str, actor: User, now: datetime
) -> ChannelConnection:
    """Say where messages go. An empty secret leaves the stored one as it is."""
    _store(names.CHAT_WEBHOOK, webhook_url, now=now)
    _store(names.CHAT_SERVICE_ACCOUNT, key_file, now=now)
    settings = {"space": space} if mode is ChatMode.API else {}
    return _save(ChannelName.CHAT, mode, settings, actor=actor, now=now)


@transaction.atomic
def save_events(mode: BusMode, *, url: str, actor: User, now: datetime) -> str:
    """Say where events go; return the secret that signs them if this made one, else nothing.

    It is made with the first address, and shown once: the receiver needs it to tell the portal's events from others.
    """
    _store(names.EVENTS_URL, url, now=now)
    made = ""
    if mode is BusMode.WEBHOOK and secrets.read(names.EVENTS_SECRET) is None:
        made = _new_secret(now)
    kept = url or secrets.read(names.EVENTS_URL) or ""
    settings = {"host": urlsplit(kept).netloc} if mode is BusMode.WEBHOOK else {}
    _save(ChannelName.EVENTS, mode, settings, actor=actor, now=now)
    return made


@transaction.atomic
def renew_events_secret(*, actor: User, now: datetime) -> str:
    """Make another secret for events and return it; the old one signs nothing from now on."""
    made = _new_secret(now)
    connection, _ = ChannelConnection.objects.get_or_create(
        channel=ChannelName.EVENTS, defaults={"mode": BusMode.PORTAL}
    )
    audit.record("channel.secret_renewed", connection, actor=actor, at=now, data={"channel": "events"})
    return made


@transaction.atomic
def connect_mailbox(person: User, token: str, *, now: datetime) -> None:
    """Keep what a person's mailbox gave the portal for writing drafts."""
    secrets.store(names.mail_refresh_token(person), token, now=now)
    audit.record("mailbox.connected", person, actor=person, at=now)


@transaction.atomic
def disconnect_mailbox(person: User, *, now: datetime) -> None:
    """Forget what a person's mailbox gave the portal."""
    secrets.forget(names.mail_refresh_token(person))
    audit.record("mailbox.disconnected", person, actor=person, at=now)


@transaction.atomic
def send_sample(channel: ChannelName, *, tenant: Tenant, actor: User, now: datetime) -> Delivery:
    """Send a message that says that it is a sample, on the way that alerts take."""
    key = uuid.uuid4()
    connection = ChannelConnection.objects.filter(channel=channel).first()
    event = outbox.announce(SAMPLE_TOPIC, connection or tenant, payload={"channel": channel}, now=now)
    delivery = deliveries.ask(
        event,
        channel,
        tenant=tenant,
        message=_sample(channel, key=str(key), tenant=tenant, actor=actor, now=now),
        person=actor,
        now=now,
        key=key,
    )
    audit.record("channel.sample_asked", delivery, actor=actor, at=now, data={"channel": channel})
    return delivery


def _sample(
    channel: ChannelName, *, key: str, tenant: Tenant, actor: User, now: datetime
) -> Mapping[str, Any]:
    words = f"This is a sample from the CSM Portal of {tenant.name}. Alerts arrive the same way."
    match channel:
        case ChannelName.MAIL:
            to = (Address(email=actor.email, name=actor.name),)
            return Draft(
                key=key, to=to, subject="A sample from the CSM Portal", text=f"{words}\n", html=_html(words)
            ).to_json()
        case ChannelName.CHAT:
            return ChatMessage(key=key, text=words.translate({60: "‹", 62: "›"})).to_json()
        case ChannelName.EVENTS:
            return AgentEvent(
                key=key,
                type=EventType.CONTEXT_UPDATED,
                priority=Priority.LOW,
                source="csm_agent",
                happened_at=now,
                data={"sample": True},
            ).to_json()
        case ChannelName.NOTION:
            raise ValueError("Notion has a check of its own, on its own page.")


def _html(words: str) -> str:
    return format_html("<!doctype html><html><body><p>{}</p></body></html>\n", words)


def _save(
    channel: ChannelName, mode: str, settings: Mapping[str, Any], *, actor: User, now: datetime
) -> ChannelConnection:
    connection, _ = ChannelConnection.objects.update_or_create(
        channel=channel, defaults={"mode": mode, "settings": dict(settings), "updated_at": now}
    )
    data = {"channel": channel, "mode": mode}
    audit.record("channel.connected", connection, actor=actor, at=now, data=data)
    return connection


def _store(name: str, value: str, *, now: datetime) -> None:
    if value:
        secrets.store(name, value, now=now)


def _new_secret(now: datetime) -> str:
    made = f"whsec_{base64.b64encode(random.token_bytes(_SECRET_BYTES)).decode()}"
    secrets.store(names.EVENTS_SECRET, made, now=now)
    return made
