"""Hands an alert over to the channels that tell people of it (SPEC 4.2)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts import alert_messages
from accounts.models import Alert, FiguresInNotion, FiguresRun
from accounts.selectors import due_figures
from accounts.services import writeback
from csm_portal.core import deliveries, jobs, links, outbox
from csm_portal.core.models import (
    ChannelConnection,
    ChannelName,
    Delivery,
    DeliveryState,
    JobState,
    Membership,
    NotionConnection,
    Tenant,
    User,
)
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.mail import Address, MailMode

ALERT_RAISED: Final = "alert.raised"
NOBODY: Final = (
    "No CSM of the portal owns this account, so there is nobody to draft for. Set its owner in Notion to somebody who "
    "signs in here, or name under Channels who gets such drafts."
)


def hand_over(alert: Alert, *, now: datetime) -> None:
    """Put an alert that took one of the day's places into the outbox, with a delivery for each channel that is on.

    Call it in the transaction that took the place. The alert comes with its account and the account's owner loaded.
    """
    event = outbox.announce(
        ALERT_RAISED,
        alert.account,
        payload={
            "alert_id": str(alert.pk),
            "reason": alert.reason,
            "severity": alert.severity,
            "headline": alert.headline,
            "facts": alert.facts,
            "action": alert.action,
            "urgency": int(alert.urgency),
            "until": alert.until.isoformat() if alert.until else None,
            "due_on": alert.due_on.isoformat(),
            "reopened_because": alert.reopened_because or None,
        },
        now=now,
    )
    tenant = alert.tenant
    mail_for = _mail_for(alert.account.owner)
    for channel, key, message in _messages(alert, reader=mail_for.person, now=now):
        is_mail = channel is ChannelName.MAIL
        deliveries.ask(
            event,
            channel,
            tenant=tenant,
            message=message,
            about_id=str(alert.pk),
            person=mail_for.person if is_mail else alert.account.owner,
            now=now,
            key=key,
            nobody=mail_for.nobody if is_mail else "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _MailFor:
    """Whose mailbox the draft goes to, or why there is none."""

    person: User | None
    nobody: str = ""


def _mail_for(owner: User | None) -> _MailFor:
    """Return the owner, else whoever an admin named for accounts that nobody owns. Two queries where nobody does."""
    if owner is not None:
        return _MailFor(person=owner)
    connection = ChannelConnection.objects.filter(channel=ChannelName.MAIL).first()
    if connection is None or connection.mode == MailMode.PORTAL:
        # What is kept in the portal needs no mailbox: managers and admins read it there.
        return _MailFor(person=None)
    named = connection.settings.get("fallback") or None
    member = Membership.objects.select_related("user").filter(user_id=named).first() if named else None
    if member is not None:
        return _MailFor(person=member.user)
    return _MailFor(person=None, nobody=NOBODY)


def _messages(
    alert: Alert, *, reader: User | None, now: datetime
) -> list[tuple[ChannelName, UUID, Mapping[str, Any]]]:
    """Return what goes to each channel that is on: word for word what every attempt says."""
    told = alert_messages.story(alert, url=links.to("alert", alert.pk))
    owner = alert.account.owner
    to = (Address(email=reader.email, name=reader.name),) if reader else ()
    keys = {channel: uuid.uuid4() for channel in ChannelName}
    mail = alert_messages.draft(told, alert, key=keys[ChannelName.MAIL], to=to)
    name = owner.name if owner else alert.account.owner_name
    chat = alert_messages.chat_message(told, alert, key=keys[ChannelName.CHAT], owner=name)
    event = alert_messages.agent_event(told, alert, key=keys[ChannelName.EVENTS], now=now)
    messages: dict[ChannelName, Mapping[str, Any]] = {
        ChannelName.EVENTS: event.to_json(),
        ChannelName.MAIL: mail.to_json(),
        ChannelName.CHAT: chat.to_json(),
    }
    if NotionConnection.objects.filter(writes_figures=True).exists():
        messages[ChannelName.NOTION] = {"account_id": str(alert.account_id)}
    return [(channel, keys[channel], message) for channel, message in messages.items()]


def look_at_pages(*, now: datetime) -> None:
    """Let alerts that wait for their account's page be looked at now: it was just written. One query, and two for each."""
    waiting = Delivery.objects.filter(
        channel=ChannelName.NOTION, state=DeliveryState.PENDING, job__state=JobState.QUEUED
    )
    for delivery in waiting.select_related("job__tenant")[:50]:
        Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING).update(not_before=now)
        if delivery.job is not None:
            jobs.hasten(delivery.job, now=now)


class NotionChannel:
    """Score and risk on the account's page: what the write-back keeps there says whether they have arrived (SPEC 2.5a)."""

    is_outside = False  # the write-back has an audit row of its own for what it writes
    can_look = True
    is_exact = True

    def __init__(self, tenant: Tenant, *, is_first: bool, now: datetime) -> None:
        self._tenant = tenant
        self._is_first = is_first
        self._now = now

    def find(self, message: Mapping[str, Any]) -> str | None:
        """Return since when the page says what the portal says, or None while it does not."""
        account_id = UUID(message["account_id"])
        kept = FiguresInNotion.objects.filter(account_id=account_id).first()
        if kept is None or any(one.account_id == account_id for one in due_figures.everything()):
            return None
        return (
            f"on the page since {kept.written_at:%-d %B %Y, %H:%M} UTC" if kept.written_at else "on the page"
        )

    def send(self, message: Mapping[str, Any]) -> str:
        """Have the figures written, if they are not there. Raises PortError until they are."""
        writeback.begin([UUID(message["account_id"])], at=self._now)
        found = self.find(message)
        if found is None and not self._is_first:
            # The scan that raised the alert asks first, on behalf of whoever asked for the scan.
            writeback.ask(self._tenant, now=self._now)
            found = self.find(message)
        if found is not None:
            return found
        raise PortError(
            self._trouble(message) or "Score and risk are waiting to be written to the account's page.",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
        )

    def _trouble(self, message: Mapping[str, Any]) -> str:
        """Return why the page does not say it: the account's own trouble, or what the last run found about all."""
        kept = FiguresInNotion.objects.filter(account_id=message["account_id"]).first()
        if kept is not None and kept.trouble:
            return kept.trouble
        last = FiguresRun.objects.order_by("-started_at", "pk").first()
        return " ".join(last.problems) if last is not None else ""
