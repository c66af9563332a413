"""The infrastructure rows that every app stands on."""

from csm_portal.core.models.agent import AgentKey, AgentRun, RunOrigin, RunState
from csm_portal.core.models.audit import AuditEvent
from csm_portal.core.models.connections import NotionConnection, TenantSecret
from csm_portal.core.models.jobs import Job, JobState, ScheduleSlot, SlotState
from csm_portal.core.models.model_use import CallOutcome, ModelAllowance, ModelCall, ModelUsage, Period
from csm_portal.core.models.outbox import ChannelConnection, ChannelName, Delivery, DeliveryState, OutboxEvent
from csm_portal.core.models.people import Membership, Role, Tenant, User
from csm_portal.core.models.request_gate import RequestAdmission, RequestGate

__all__ = [
    "AgentKey",
    "AgentRun",
    "AuditEvent",
    "CallOutcome",
    "ChannelConnection",
    "ChannelName",
    "Delivery",
    "DeliveryState",
    "Job",
    "JobState",
    "Membership",
    "ModelAllowance",
    "ModelCall",
    "ModelUsage",
    "NotionConnection",
    "OutboxEvent",
    "Period",
    "RequestAdmission",
    "RequestGate",
    "Role",
    "RunOrigin",
    "RunState",
    "ScheduleSlot",
    "SlotState",
    "Tenant",
    "TenantSecret",
    "User",
]
