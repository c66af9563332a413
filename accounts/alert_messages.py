"""What an alert says in a draft, in a chat and to other agents: the same facts, in fixed sentences (SPEC 4.2, P1)."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.html import format_html, format_html_join

from accounts.models import Alert
from accounts.scoring.alerts import LABELS, Reason, Severity
from csm_portal.ports.chat import ChatMessage
from csm_portal.ports.events import AgentEvent, EventType, Priority
from csm_portal.ports.mail import Address, Draft

SOURCE = "csm_agent"
_LONGEST_NAME = 80
_NO_OWNER = "Nobody in the portal owns this account: decide who looks, and set the owner in Notion."
# A name in angle brackets is a link or calls everybody in a space; what formats text is left out with it.
_MARKUP = str.maketrans({"<": "‹", ">": "›", "*": "", "_": " ", "~": "", "`": "'"})
_PRIORITIES = {
    Severity.LOW: Priority.LOW,
    Severity.MEDIUM: Priority.NORMAL,
    Severity.HIGH: Priority.HIGH,
    Severity.CRITICAL: Priority.CRITICAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is told of one alert: whole sentences, and where to read on (empty where nobody knows the address)."""

    account: str
    headline: str
    facts: tuple[str, ...]
    action: str
    due: str
    why_again: str
    url: str
    no_owner: str = ""


def story(alert: Alert, *, url: str) -> Story:
    """Return what is told of an alert, from what the rules stored with it."""
    facts = tuple(str(fact.get("sentence", "")).strip() for fact in alert.facts)
    return Story(
        account=_short(alert.account.name),
        headline=alert.headline.strip(),
        facts=tuple(fact for fact in facts if fact),
        action=alert.action.strip(),
        due=f"{alert.due_on:%-d %B %Y}",
        why_again=alert.reopened_because.strip(),
        url=url,
        no_owner="" if alert.account.owner_id else _NO_OWNER,
    )


def draft(told: Story, alert: Alert, *, key: UUID, to: tuple[Address, ...]) -> Draft:
    """Return the draft for the account's CSM."""
    label = LABELS[Reason(alert.reason)]
    return Draft(
        key=str(key),
        to=to,
        subject=f"{told.account}: {label[:1].lower()}{label[1:]} ({alert.severity})",
        text=_text(told),
        html=_html(told),
    )


def chat_message(told: Story, alert: Alert, *, key: UUID, owner: str) -> ChatMessage:
    """Return the message for the tenant's space; those of one account stand under one another."""
    lines = [f"*{_plain(told.account)}* – {_plain(told.headline)}"]
    lines += [f"• {_plain(fact)}" for fact in told.facts]
    if told.action:
        lines.append(f"Next: {_plain(told.action)}")
    who = _plain(owner) or "nobody yet"
    lines.append(f"Severity {alert.severity}, look by {told.due}, owner: {who}")
    if told.url:
        lines.append(f"<{told.url}|Open the alert in the portal>")
    return ChatMessage(key=str(key), text="\n".join(lines), thread=f"account-{alert.account_id}")


def agent_event(told: Story, alert: Alert, *, key: UUID, now: datetime) -> AgentEvent:
    """Return the event for other agents. Lost data is news about what is known, not about the account's health."""
    is_context = alert.reason == Reason.DATA_LOST
    return AgentEvent(
        key=str(key),
        type=EventType.CONTEXT_UPDATED if is_context else EventType.AGENT_HEALTH,
        priority=_PRIORITIES[Severity(alert.severity)],
        source=SOURCE,
        happened_at=now,
        data={
            "alert_id": str(alert.pk),
            "account_id": alert.account.notion_page_id,
            "account": told.account,
            "reason": alert.reason,
            "severity": alert.severity,
            "headline": told.headline,
            "facts": list(told.facts),
            "action": told.action,
            "due_on": alert.due_on.isoformat(),
            "until": alert.until.isoformat() if alert.until else None,
            "url": told.url,
        },
    )


def _text(told: Story) -> str:
    parts = [told.headline]
    if told.why_again:
        parts.append(f"Told again: {told.why_again}")
    if told.facts:
        parts.append("\n".join(f"- {fact}" for fact in told.facts))
    if told.action:
        parts.append(f"Next: {told.action}")
    parts.append(f"Look at it by {told.due}.")
    if told.no_owner:
        parts.append(told.no_owner)
    if told.url:
        parts.append(told.url)
    return "\n\n".join(parts) + "\n"


def _html(told: Story) -> str:
    again = format_html("<p>Told again: {}</p>", told.why_again) if told.why_again else ""
    facts = format_html_join("", "<li>{}</li>", ((fact,) for fact in told.facts))
    listed = format_html("<ul>{}</ul>", facts) if told.facts else ""
    action = format_html("<p><strong>Next:</strong> {}</p>", told.action) if told.action else ""
    no_owner = format_html("<p>{}</p>", told.no_owner) if told.no_owner else ""
    link = format_html('<p><a href="{}">Open the alert in the portal</a></p>', told.url) if told.url else ""
    body = format_html(
        "<p><strong>{}</strong></p>{}{}{}<p>Look at it by {}.</p>{}{}",
        told.headline, again, listed, action, told.due, no_owner, link,
    )  # fmt: skip
    return f"<!doctype html><html><body>{body}</body></html>\n"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.translate(_MARKUP)).strip()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
