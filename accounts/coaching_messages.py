"""What a plan says in a draft to the customer: the steps that are left and those that are done, nothing else (SPEC 4.4, P2)."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.html import format_html, format_html_join

from accounts.contacts import Contact
from accounts.models import CoachingStep
from accounts.scoring import wording
from csm_portal.ports.mail import Address, Draft

_LONGEST_NAME = 80


def draft(
    steps: Sequence[CoachingStep], *, account: str, people: Sequence[Contact], sender: str, key: UUID
) -> Draft:
    """Return the draft of a plan; nobody is addressed where no contact has a mail address."""
    name = account if len(account) <= _LONGEST_NAME else f"{account[: _LONGEST_NAME - 1]}…"
    greeting = f"Hello {people[0].name}," if people and people[0].name else "Hello,"
    left = [step for step in steps if step.done_at is None]
    done = [step for step in steps if step.done_at is not None]
    to = tuple(Address(email=one.email, name=one.name) for one in people if one.email)[:1]
    return Draft(
        key=str(key),
        to=to,
        subject=f"{name}: our next steps",
        text=_text(greeting, left, done, sender),
        html=_html(greeting, left, done, sender),
    )


_OPENING = "here is a short plan so that your team gets more out of what it has. Please tell me what you would change."
_DONE = "Done since we began:"
_CLOSING = "Best regards"


def _text(greeting: str, left: Sequence[CoachingStep], done: Sequence[CoachingStep], sender: str) -> str:
    parts = [greeting, _OPENING]
    for number, step in enumerate(left, start=1):
        lines = [f"{number}. {_title(step)}"]
        lines += [f"   {line}" for line in (step.why.strip(), _who(step)) if line]
        parts.append("\n".join(lines))
    if done:
        parts.append("\n".join([_DONE, *(f"- {_title(step)}" for step in done)]))
    parts.append(f"{_CLOSING}\n{sender}")
    return "\n\n".join(parts) + "\n"


def _html(greeting: str, left: Sequence[CoachingStep], done: Sequence[CoachingStep], sender: str) -> str:
    rows = format_html_join(
        "",
        "<li><strong>{}</strong><br>{}<br><em>{}</em></li>",
        ((_title(step), step.why.strip(), _who(step)) for step in left),
    )
    listed = format_html("<ol>{}</ol>", rows) if left else ""
    finished = (
        format_html(
            "<p>{}</p><ul>{}</ul>",
            _DONE,
            format_html_join("", "<li>{}</li>", ((_title(step),) for step in done)),
        )
        if done
        else ""
    )
    body = format_html(
        "<p>{}</p><p>{}</p>{}{}<p>{}<br>{}</p>", greeting, _OPENING, listed, finished, _CLOSING, sender
    )
    return f"<!doctype html><html><body>{body}</body></html>\n"


def _title(step: CoachingStep) -> str:
    return " ".join(step.title.split()).rstrip(".")


def _who(step: CoachingStep) -> str:
    """``Mara Lind, by 30 November 2026``"""
    by = f"by {wording.day(step.due_on)}" if step.due_on is not None else ""
    return ", ".join(word for word in (step.owner_name.strip(), by) if word)
