"""Builds the ports from a tenant's settings. Only interfaces (views, tasks, commands, the agent) ask it."""

from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from csm_portal.core import request_gate, secrets
from csm_portal.core.models import NotionConnection
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.hooks import Hooks
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
        model=settings.LLM_MODEL, api_base=settings.LLM_API_BASE or None, api_key=settings.LLM_API_KEY or None
    )
    return Writers(first=cast(Writer, model), fallback=templates)
