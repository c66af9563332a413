"""Events for other agents and systems of the tenant (SPEC 4.2, 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class EventType(StrEnum):
    AGENT_HEALTH = "AGENT_HEALTH"
    CONTEXT_UPDATED = "CONTEXT_UPDATED"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEvent:
    """One event. ``key`` is the same at each attempt; ``data`` holds JSON values; ``source`` names the agent."""

    key: str
    type: EventType
    priority: Priority
    source: str
    happened_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the body that a receiver gets: type, timestamp and data as Standard Webhooks has them, and ours."""
        return {
            "id": self.key,
            "type": self.type.value,
            "priority": self.priority.value,
            "source": self.source,
            "timestamp": self.happened_at.isoformat(),
            "data": dict(self.data),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "AgentEvent":
        """Rebuild what ``to_json`` wrote."""
        return cls(
            key=value["id"],
            type=EventType(value["type"]),
            priority=Priority(value["priority"]),
            source=value["source"],
            happened_at=datetime.fromisoformat(value["timestamp"]),
            data=value["data"],
        )


class BusMode(StrEnum):
    """How events leave."""

    PORTAL = "portal"  # they are read in the portal
    WEBHOOK = "webhook"  # posted to an address of the tenant's, signed


@dataclass(frozen=True, slots=True, kw_only=True)
class BusConfig:
    """Where events are posted and what signs them (``whsec_`` and base64). ``allows_local`` lets tests
    and the demo post to this machine."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    allows_local: bool = False


class EventBus(Protocol):
    """Where a tenant's events go. Raises PortError and nothing else."""

    def publish(self, event: AgentEvent) -> str:
        """Publish an event; return what is known of its arrival."""
