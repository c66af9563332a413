"""The infrastructure rows that every app stands on."""

from csm_portal.core.models.audit import AuditEvent
from csm_portal.core.models.connections import NotionConnection, TenantSecret
from csm_portal.core.models.jobs import Job, JobState, ScheduleSlot, SlotState
from csm_portal.core.models.outbox import Delivery, DeliveryState, OutboxEvent
from csm_portal.core.models.people import Membership, Role, Tenant, User

__all__ = [
    "AuditEvent",
    "Delivery",
    "DeliveryState",
    "Job",
    "JobState",
    "Membership",
    "NotionConnection",
    "OutboxEvent",
    "Role",
    "ScheduleSlot",
    "SlotState",
    "Tenant",
    "TenantSecret",
    "User",
]
