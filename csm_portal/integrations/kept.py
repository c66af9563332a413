"""The embedded channels: what would go out stays in the portal, where a person reads and downloads it.

Nothing is written here: the message is part of its delivery, which the pages show.
"""

from typing import Final

from csm_portal.ports.chat import ChatMessage
from csm_portal.ports.events import AgentEvent
from csm_portal.ports.mail import Draft

RECEIPT: Final = "kept in the portal"


class KeptDrafts:
    """Drafts for download as .eml."""

    def draft(self, draft: Draft) -> str:
        """Keep a draft."""
        return RECEIPT

    def find(self, key: str) -> str | None:
        """Say that it is there: keeping it is all there is to do."""
        return RECEIPT

    def check(self) -> str:
        """Say where they are."""
        return "Drafts are kept in the portal."


class KeptMessages:
    """Messages of the portal's own room."""

    is_exact = True

    def post(self, message: ChatMessage) -> str:
        """Keep a message."""
        return RECEIPT


class KeptEvents:
    """Events that are read in the portal: the outbox itself."""

    def publish(self, event: AgentEvent) -> str:
        """Keep an event."""
        return RECEIPT
