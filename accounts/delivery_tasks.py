"""The background jobs of the channels: one delivery each, and a look each minute after those that nobody is at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.services import snoozes
from accounts.services.alert_delivery import NotionChannel
from csm_portal import wiring
from csm_portal.core import deliveries
from csm_portal.core.jobs import Running
from csm_portal.core.models import ChannelName, Delivery, Tenant


def deliver(job: Running) -> Mapping[str, Any]:
    """Try one delivery."""
    done = deliveries.attempt(
        UUID(job.params["delivery"]),
        open_channel=lambda delivery: channel(delivery, job.tenant),
        clock=timezone.now,
    )
    return {"channel": done.channel, "state": done.state, "receipt": done.receipt}


def channel(delivery: Delivery, tenant: Tenant) -> deliveries.Channel:
    """Return the way out of a delivery. Raises PortError where it is not set up."""
    match ChannelName(delivery.channel):
        case ChannelName.MAIL:
            return wiring.mail_channel(delivery.person)
        case ChannelName.CHAT:
            return wiring.chat_channel()
        case ChannelName.EVENTS:
            return wiring.event_channel()
        case ChannelName.NOTION:
            return NotionChannel(tenant, is_first=delivery.attempts == 1, now=timezone.now())


def each_minute(tenant: Tenant, *, now: datetime) -> None:
    """Put deliveries whose job is gone on their way again."""
    deliveries.look_after(tenant, now=now)


def wake_alerts(tenant: Tenant, *, now: datetime) -> None:
    """End the snoozes that are over where the tenant is."""
    snoozes.end_those_over(today=now.astimezone(tenant.zone).date(), now=now)
