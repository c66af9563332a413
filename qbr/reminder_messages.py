"""What a reminder says: which reviews, when they are due, and where they are."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.utils.html import format_html, format_html_join

from csm_portal.core import links
from csm_portal.core.models import User
from csm_portal.ports import untrusted
from csm_portal.ports.chat import ChatMessage
from csm_portal.ports.mail import Address, Draft
from qbr.deadlines import Call

MOST_LISTED: Final = 10
_LONGEST_NAME: Final = 80


def chat(due: Sequence[Any], *, today: date, key: UUID) -> ChatMessage:
    """Return the one message of a day to the space: at most ten reviews by name, and how many more."""
    lines = [f"*{_headline(due)}*"]
    lines += [f"• {_plain(_line(one, today))}" for one in due[:MOST_LISTED]]
    if len(due) > MOST_LISTED:
        lines.append(f"and {len(due) - MOST_LISTED} more")
    if url := links.to("qbr-board"):
        lines.append(f"<{url}|Open the quarter in the portal>")
    return ChatMessage(key=str(key), text="\n".join(lines), thread=f"qbrs-{today.isoformat()}")


def draft(due: Sequence[Any], *, to: User, today: date, key: UUID) -> Draft:
    """Return the draft for one CSM, with each of their reviews."""
    rows = [(_line(one, today), links.to("qbr", one.qbr.pk)) for one in due]
    text = "\n".join(f"- {line}{f' {url}' if url else ''}" for line, url in rows)
    listed = format_html_join(
        "",
        "<li>{}</li>",
        ((format_html('<a href="{}">{}</a>', url, line) if url else line,) for line, url in rows),
    )
    opening = "These reviews need you:"
    return Draft(
        key=str(key),
        to=(Address(email=to.email, name=to.name),),
        subject=_headline(due),
        text=f"{opening}\n\n{text}\n",
        html=f"<!doctype html><html><body>{format_html('<p>{}</p><ul>{}</ul>', opening, listed)}</body></html>\n",
    )


def _headline(due: Sequence[Any]) -> str:
    count = len({one.qbr.pk for one in due})
    late = len({one.qbr.pk for one in due if one.call is Call.LATE})
    what = "one QBR needs" if count == 1 else f"{count} QBRs need"
    tail = "" if not late else "; it is late" if count == late == 1 else f"; {late} late"
    return f"{what[0].upper()}{what[1:]} attention{tail}"


def _line(one: Any, today: date) -> str:
    qbr = one.qbr
    name = untrusted.clean_line(qbr.account.name)[:_LONGEST_NAME]
    return f"{name}, {qbr.quarter_label}: {_why(one, today)}"


def _why(one: Any, today: date) -> str:
    qbr = one.qbr
    match one.call:
        case Call.WAITING:
            days = (today - qbr.submitted_at.date()).days
            return f"waits for a manager's approval since {days} days"
        case Call.LATE:
            days = (today - qbr.due_on).days
            return f"was due {'yesterday' if days == 1 else f'{days} days ago'}"
        case _:
            days = (qbr.due_on - today).days
            return "is due " + ("today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days")


def _plain(text: str) -> str:
    """Keep what people typed from being read as the chat's markup."""
    return text.translate({60: "‹", 62: "›", 42: "∗", 95: "_", 126: "∼", 96: "ʼ"})
