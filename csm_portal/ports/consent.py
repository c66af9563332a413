"""How a person allows the portal to put drafts into their mailbox: they say so at the mailbox's own page."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentConfig:
    """The portal's own name at the mailbox's provider."""

    consent_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)


class Consent(Protocol):
    """The page that asks, and what its answer is exchanged for."""

    def page(self, *, mailbox: str, return_url: str, state: str, verifier: str) -> str:
        """Return the address of the page on which the person of this mailbox says yes. Asks nobody anything."""

    def exchange(self, code: str, *, return_url: str, verifier: str) -> str:
        """Return the token that stands for the person's yes. Raises PortError."""
