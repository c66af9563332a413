"""Builds the ports from a tenant's settings. Only interfaces (views, tasks, commands, the agent) ask it."""

import json
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from csm_portal.core import request_gate, secret_names, secrets
from csm_portal.core.channels import ChatChannel, EventChannel, MailChannel
from csm_portal.core.models import ChannelConnection, ChannelName, NotionConnection, User
from csm_portal.ports.chat import Chat, ChatConfig, ChatMode
from csm_portal.ports.consent import Consent, ConsentConfig
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.events import BusConfig, BusMode, EventBus
from csm_portal.ports.hooks import Hooks
from csm_portal.ports.mail import MailConfig, Mailer, MailMode
from csm_portal.ports.workspace import Workspace, WorkspaceConfig
from csm_portal.ports.writer import Writer

NOTION_TOKEN = "notion_token"  # noqa: S105 (the name of a secret, not a secret)
NOTION_TOKEN_CANDIDATE = "notion_token_candidate"  # noqa: S105 (the name of a secret, not a secret)


def workspace_config(*, is_candidate: bool = False) -> WorkspaceConfig:
    """Return how to reach the scope's tenant's Notion workspace, or the one that settings on trial describe.

    Raises PortError with a sentence that says what is not set up yet.
    """
    connection = NotionConnection.objects.first()
    names = (NOTION_TOKEN_CANDIDATE, NOTION_TOKEN) if is_candidate else (NOTION_TOKEN,)
    try:
        token = next((found for name in names if (found := secrets.read(name))), settings.NOTION_TOKEN)
    except secrets.SecretUnreadable as error:
        raise PortError(str(error), trouble=Trouble.NOT_CONFIGURED, permanent=True) from error
    if is_candidate and connection:
        # Never saved from here: the row is as the settings on trial would make it.
        for name, value in connection.candidate.get("values", {}).items():
            setattr(connection, name, value)
    accounts = (connection and connection.accounts_database_id) or settings.NOTION_CSM_ACCOUNTS_DATABASE_ID
    if not token:
        raise PortError(
            "No Notion token is set. An admin enters it on the Notion page.",
            trouble=Trouble.NOT_CONFIGURED,
            permanent=True,
        )
    if not accounts:
        raise PortError(
            "No accounts database is set. An admin enters its link on the Notion page.",
            trouble=Trouble.NOT_CONFIGURED,
            permanent=True,
        )
    budget = connection.requests_per_minute if connection else settings.NOTION_REQUESTS_PER_MINUTE
    return WorkspaceConfig(
        token=token,
        accounts_database_id=accounts,
        accounts_data_source_id=(connection and connection.accounts_data_source_id) or None,
        qbr_database_id=(connection and connection.qbr_database_id) or settings.NOTION_CSM_QBR_DATABASE_ID,
        base_url=settings.NOTION_BASE_URL,
        budget=budget,
        gate=request_gate.for_token(token, budget=budget),
    )


def workspace(*, is_candidate: bool = False) -> Workspace:
    """Return the scope's tenant's workspace, or that of the settings on trial. Raises PortError where it is not set up."""
    config = workspace_config(is_candidate=is_candidate)
    return cast(Workspace, import_string(settings.PORTS["workspace"])(config))


def workspace_hooks() -> Hooks:
    """Return how the posts of a workspace are told from anybody else's, and read."""
    return cast(Hooks, import_string(settings.PORTS["workspace_hooks"])())


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """Who writes, and who steps in when that one fails: the same where no model is set (SPEC P3)."""

    first: Writer
    fallback: Writer


def writers() -> Writers:
    """Return the model named by LLM_MODEL with the templates behind it, or the templates alone."""
    templates = cast(Writer, import_string(settings.PORTS["writer_templates"])())
    if not settings.LLM_MODEL:
        return Writers(first=templates, fallback=templates)
    model = import_string(settings.PORTS["writer_model"])(
        model=settings.LLM_MODEL,
        api_base=settings.LLM_API_BASE or None,
        api_key=settings.LLM_API_KEY or None,
        supports_schema=settings.LLM_HOLDS_SCHEMA,
    )
    return Writers(first=cast(Writer, model), fallback=templates)


def mail_channel(person: User | None) -> MailChannel:
    """Return the drafts of a person of the scope's tenant: in their mailbox, or kept in the portal.

    Raises PortError where the tenant uses Gmail and this mailbox cannot be reached.
    """
    connection = _connection(ChannelName.MAIL)
    mode = MailMode(connection.mode) if connection else MailMode.PORTAL
    if connection is None or mode is MailMode.PORTAL:
        return MailChannel(cast(Mailer, import_string(settings.PORTS["mail_kept"])()), is_outside=False)
    if person is None:
        raise _missing(
            "No CSM of the portal looks after this account, so there is no mailbox for the draft. Set the owner in "
            "Notion to somebody who has an account here. The draft can be downloaded."
        )
    config = _mail_config(connection, mode, person)
    return MailChannel(cast(Mailer, import_string(settings.PORTS["mail_gmail"])(config)), is_outside=True)


def _mail_config(connection: ChannelConnection, mode: MailMode, person: User) -> MailConfig:
    common: dict[str, Any] = {
        "mailbox": person.email,
        "endpoint": settings.GMAIL_BASE_URL,
        "token_url": settings.GOOGLE_TOKEN_URL,
    }
    if mode is MailMode.SERVICE_ACCOUNT:
        return MailConfig(**common, service_account=_key_file(secret_names.MAIL_SERVICE_ACCOUNT))
    token = _secret(secret_names.mail_refresh_token(person))
    if not token:
        raise _missing(
            f"{person} has not connected Gmail yet. They do so under Messages; the draft can be downloaded meanwhile."
        )
    return MailConfig(
        **common,
        client_id=str(connection.settings.get("client_id", "")),
        client_secret=_secret(secret_names.MAIL_CLIENT_SECRET),
        refresh_token=token,
    )


def mail_consent() -> Consent:
    """Return how a person allows the portal to write drafts. Raises PortError where nothing asks for that."""
    connection = _connection(ChannelName.MAIL)
    if connection is None or connection.mode != MailMode.OAUTH:
        raise _missing("People need not connect a mailbox of their own here: an admin has not asked for it.")
    config = ConsentConfig(
        consent_url=settings.GOOGLE_CONSENT_URL,
        token_url=settings.GOOGLE_TOKEN_URL,
        client_id=str(connection.settings.get("client_id", "")),
        client_secret=_secret(secret_names.MAIL_CLIENT_SECRET),
    )
    return cast(Consent, import_string(settings.PORTS["mail_consent"])(config))


def chat_channel() -> ChatChannel:
    """Return the space of the scope's tenant, or the portal's own room. Raises PortError where it is not set up."""
    connection = _connection(ChannelName.CHAT)
    mode = ChatMode(connection.mode) if connection else ChatMode.PORTAL
    if connection is None or mode is ChatMode.PORTAL:
        return ChatChannel(cast(Chat, import_string(settings.PORTS["chat_kept"])()), is_outside=False)
    is_app = mode is ChatMode.API
    config = ChatConfig(
        mode=mode,
        endpoint=settings.CHAT_BASE_URL,
        token_url=settings.GOOGLE_TOKEN_URL,
        space=str(connection.settings.get("space", "")),
        webhook_url="" if is_app else _secret(secret_names.CHAT_WEBHOOK),
        service_account=_key_file(secret_names.CHAT_SERVICE_ACCOUNT) if is_app else {},
    )
    return ChatChannel(cast(Chat, import_string(settings.PORTS["chat_google"])(config)), is_outside=True)


def event_channel() -> EventChannel:
    """Return where the events of the scope's tenant go. Raises PortError where a secret cannot be read."""
    connection = _connection(ChannelName.EVENTS)
    if connection is None or connection.mode == BusMode.PORTAL:
        return EventChannel(cast(EventBus, import_string(settings.PORTS["events_kept"])()), is_outside=False)
    config = BusConfig(
        url=_secret(secret_names.EVENTS_URL),
        secret=_secret(secret_names.EVENTS_SECRET),
        allows_local=settings.CSM_LOCAL_WEBHOOKS,
    )
    return EventChannel(
        cast(EventBus, import_string(settings.PORTS["events_webhooks"])(config)), is_outside=True
    )


def _connection(channel: ChannelName) -> ChannelConnection | None:
    return ChannelConnection.objects.filter(channel=channel).first()


def _secret(name: str) -> str:
    try:
        return secrets.read(name) or ""
    except secrets.SecretUnreadable as error:
        raise _missing(str(error)) from error


def _key_file(name: str) -> dict[str, Any]:
    try:
        found = json.loads(_secret(name) or "{}")
    except ValueError:
        found = {}
    if not isinstance(found, dict) or not found:
        raise _missing("The service account's key is missing. An admin enters it on the Channels page.")
    return found


def _missing(sentence: str) -> PortError:
    return PortError(sentence, trouble=Trouble.NOT_CONFIGURED, permanent=True)
