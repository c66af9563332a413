"""Tells other agents that an opportunity was handed over, and the CSM what Sales made of it (SPEC 4.3)."""

import re
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from accounts.handoffs import CSM_AGENT_ID, SALES_AGENT_ID, CSMHandoffRequest
from accounts.models import Opportunity
from accounts.scoring import expansion_sizing
from accounts.scoring.expansion import OpportunityType
from accounts.scoring.expansion_states import Step
from csm_portal.core import deliveries, links, outbox
from csm_portal.core.models import ChannelName
from csm_portal.ports.chat import ChatMessage
from csm_portal.ports.events import AgentEvent, EventType, Priority

DISPATCHED: Final = "expansion.dispatched"
ANSWERED: Final = "expansion.answered"
_LONGEST_NAME: Final = 80
# A name in angle brackets is a link or calls everybody in a space; what formats text is left out with it.
_MARKUP: Final = str.maketrans({"<": "‹", ">": "›", "*": "", "_": " ", "~": "", "`": "'"})


def announce(opportunity: Opportunity, *, request: CSMHandoffRequest, now: datetime) -> None:
    """Put the hand-over into the outbox, with the Sales agent's task for whoever listens. In the transaction that did it."""
    task = request.to_task()
    event = outbox.announce(DISPATCHED, opportunity.account, payload=task, now=now)
    _publish(
        event,
        opportunity,
        source=CSM_AGENT_ID,
        now=now,
        data={
            "event": DISPATCHED,
            "headline": f"Handed over to Sales: {opportunity.headline}",
            "target_agent_id": SALES_AGENT_ID,
            "handoff_task": task,
        },
    )


def tell_csm(opportunity: Opportunity, *, step: Step, now: datetime) -> None:
    """Put what Sales answered into the outbox: an event, and a line in the tenant's chat for the account's CSM."""
    sentence = told(opportunity, step)
    account, owner = opportunity.account, opportunity.account.owner
    data = {
        "event": ANSWERED,
        "headline": sentence,
        "request_id": str(opportunity.pk),
        "account_id": account.notion_page_id,
        "account": account.name[:_LONGEST_NAME],
        "opportunity_type": opportunity.kind,
        "answer": opportunity.state,
        "reason": opportunity.note,
        "amount": str(opportunity.won_amount) if opportunity.won_amount is not None else None,
        "currency": opportunity.won_currency,
        "url": links.to("opportunity", opportunity.pk),
    }
    event = outbox.announce(ANSWERED, account, payload=data, now=now)
    _publish(event, opportunity, source=SALES_AGENT_ID, now=now, data=data)
    key = uuid.uuid4()
    who = owner.name if owner else account.owner_name
    lines = [f"*{_plain(account.name)[:_LONGEST_NAME]}* – {_plain(sentence)}"]
    lines.append(f"For {_plain(who) or 'whoever looks after the account'}")
    if url := links.to("opportunity", opportunity.pk):
        lines.append(f"<{url}|Open the opportunity in the portal>")
    message = ChatMessage(key=str(key), text="\n".join(lines), thread=f"account-{account.pk}")
    deliveries.ask(
        event,
        ChannelName.CHAT,
        tenant=account.tenant,
        message=message.to_json(),
        about_id=str(opportunity.pk),
        person=owner,
        now=now,
        key=key,
    )


def told(opportunity: Opportunity, step: Step) -> str:
    """Say in a sentence what Sales answered."""
    who = str(opportunity.state_by) if opportunity.state_by else "Sales"
    what = thing(opportunity)
    reason = opportunity.note.rstrip(".")
    match step:
        case Step.ACCEPT:
            return f"{who} accepted the opportunity ({what}) and takes it from here."
        case Step.DECLINE:
            return f"{who} declined the opportunity ({what}): {reason}."
        case Step.WIN:
            amount = expansion_sizing.money(opportunity.won_amount or Decimal(0), opportunity.won_currency)
            apart = expansion_sizing.kept_apart(opportunity.won_currency, opportunity.currency)
            return f"{who} won it ({what}): {amount} a year. {apart}".strip()
        case _:
            return f"{who} lost it ({what}): {reason}."


def thing(opportunity: Opportunity) -> str:
    """Name what would be bought: ``13 more seats``, ``Forecasting``."""
    if opportunity.kind == OpportunityType.SEATS:
        return f"{opportunity.seats:,} more {'seat' if opportunity.seats == 1 else 'seats'}"
    return opportunity.subject


def _publish(
    event: Any, opportunity: Opportunity, *, source: str, now: datetime, data: dict[str, Any]
) -> None:
    key = uuid.uuid4()
    message = AgentEvent(
        key=str(key),
        type=EventType.CONTEXT_UPDATED,
        priority=Priority.NORMAL,
        source=source,
        happened_at=now,
        data=data,
    )
    deliveries.ask(
        event,
        ChannelName.EVENTS,
        tenant=opportunity.account.tenant,
        message=message.to_json(),
        about_id=str(opportunity.pk),
        person=opportunity.account.owner,
        now=now,
        key=key,
    )


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(_MARKUP)).strip()
