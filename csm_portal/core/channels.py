"""The ports as deliveries see them: a message out of the outbox becomes a draft, a chat message or an event."""

from collections.abc import Mapping
from typing import Any

from csm_portal.ports.chat import Chat, ChatMessage
from csm_portal.ports.events import AgentEvent, EventBus
from csm_portal.ports.mail import Draft, Mailer


class MailChannel:
    """A person's drafts: they can be looked through."""

    can_look = True
    is_exact = False

    def __init__(self, mailer: Mailer, *, is_outside: bool) -> None:
        self._mailer = mailer
        self.is_outside = is_outside

    def find(self, message: Mapping[str, Any]) -> str | None:
        """Return the id of the draft, if it is there."""
        return self._mailer.find(Draft.from_json(message).key)

    def send(self, message: Mapping[str, Any]) -> str:
        """Put the draft into the mailbox."""
        return self._mailer.draft(Draft.from_json(message))


class ChatChannel:
    """A space: a webhook cannot be asked what stands in it."""

    can_look = False

    def __init__(self, chat: Chat, *, is_outside: bool) -> None:
        self._chat = chat
        self.is_exact = chat.is_exact
        self.is_outside = is_outside

    def find(self, message: Mapping[str, Any]) -> str | None:
        """Say that nobody knows."""
        return None

    def send(self, message: Mapping[str, Any]) -> str:
        """Post the message."""
        return self._chat.post(ChatMessage.from_json(message))


class EventChannel:
    """An event bus. That a receiver drops what it has seen is for the receiver: the portal cannot promise it."""

    can_look = False

    def __init__(self, bus: EventBus, *, is_outside: bool) -> None:
        self._bus = bus
        self.is_exact = not is_outside
        self.is_outside = is_outside

    def find(self, message: Mapping[str, Any]) -> str | None:
        """Say that nobody knows."""
        return None

    def send(self, message: Mapping[str, Any]) -> str:
        """Publish the event."""
        return self._bus.publish(AgentEvent.from_json(message))
