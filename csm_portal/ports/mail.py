"""Drafts for a person's mailbox (SPEC P2, 4.2). There is no way to send one here, and none behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mail address with the name that stands before it."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as it lies in the mailbox: text in two forms, line breaks as ``\\n``.

    ``key`` is the same at each attempt, so that a draft that is there already is found: letters, digits and hyphens.
    ``to`` is empty where the person fills it in.
    """

    key: str
    to: tuple[Address, ...]
    subject: str
    text: str
    html: str

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; ``from_json`` gives back an equal one."""
        return {
            "key": self.key,
            "to": [{"email": one.email, "name": one.name} for one in self.to],
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Draft":
        """Rebuild what ``to_json`` wrote."""
        return cls(
            key=value["key"],
            to=tuple(Address(email=one["email"], name=one["name"]) for one in value["to"]),
            subject=value["subject"],
            text=value["text"],
            html=value["html"],
        )


class MailMode(StrEnum):
    """How drafts reach a mailbox."""

    PORTAL = "portal"  # they stay in the portal, from where a person downloads them
    OAUTH = "oauth"  # each person has connected their own mailbox
    SERVICE_ACCOUNT = "service_account"  # one key with domain-wide delegation speaks for each of them


@dataclass(frozen=True, slots=True, kw_only=True)
class MailConfig:
    """Whose mailbox, and with what right. Secrets are kept out of ``repr``."""

    mailbox: str
    endpoint: str
    token_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    service_account: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Mailer(Protocol):
    """One person's mailbox. Raises PortError and nothing else."""

    def draft(self, draft: Draft) -> str:
        """Put a draft into the mailbox; return what the mailbox calls it.

        Makes one call, whose error says in ``maybe_written`` whether the draft may be there all the same.
        """

    def find(self, key: str) -> str | None:
        """Return what the mailbox calls the draft with this key, or None where it has none."""

    def check(self) -> str:
        """Ask the mailbox for anything at all; return a sentence that says whose it is."""
