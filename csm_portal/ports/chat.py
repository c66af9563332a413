"""Messages to a tenant's chat space (SPEC 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """A message in the chat's own light markup (``*bold*``, ``<url|label>``).

    ``key`` is a UUID that is the same at each attempt; messages with the same ``thread`` stand under one another.
    """

    key: str
    text: str
    thread: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; ``from_json`` gives back an equal one."""
        return {"key": self.key, "text": self.text, "thread": self.thread}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ChatMessage":
        """Rebuild what ``to_json`` wrote."""
        return cls(key=value["key"], text=value["text"], thread=value["thread"])


class ChatMode(StrEnum):
    """How messages reach the space."""

    PORTAL = "portal"  # they stay in the portal
    WEBHOOK = "webhook"  # posted to a secret address that a person made in the space
    API = "api"  # an app that is a member of the space


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatConfig:
    """Which space, and with what right. Secrets are kept out of ``repr``."""

    mode: ChatMode
    endpoint: str
    token_url: str = ""
    space: str = ""
    webhook_url: str = field(default="", repr=False)
    service_account: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Chat(Protocol):
    """One space. Raises PortError and nothing else."""

    is_exact: bool
    """Whether posting a message again with the same key is promised to leave one message."""

    def post(self, message: ChatMessage) -> str:
        """Post a message; return what the space calls it."""
