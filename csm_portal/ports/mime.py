"""A draft as the message that a mailbox holds and that a person downloads (RFC 5322, 2045, 2047, 2231)."""

import email.policy
import re
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage

from csm_portal.ports.mail import Address, Draft

# RFC 2606: a name that is nobody's. A Message-ID needs one, and the portal's own is not known here.
DOMAIN = "drafts.csm-portal.invalid"
KEY_HEADER = "X-CSM-Portal-Draft"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_POLICY = email.policy.SMTP.clone(max_line_length=78)


def message_id(key: str) -> str:
    """Return the Message-ID of the draft with this key, angle brackets included."""
    return f"<{key}@{DOMAIN}>"


def as_bytes(draft: Draft) -> bytes:
    """Return the message with CRLF line ends: plain text and HTML as alternatives, names and subject in any script."""
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = _one_line(draft.subject)
    if draft.to:
        message["To"] = [_header(one) for one in draft.to]
    message["Message-ID"] = message_id(draft.key)
    message[KEY_HEADER] = draft.key
    # Mail clients that send it later set the date of that moment.
    message.set_content(draft.text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(draft.html, subtype="html", charset="utf-8", cte="quoted-printable")
    # The boundary is derived, not drawn: the same draft is the same bytes at each attempt.
    message.set_boundary(f"=_{draft.key}")
    return message.as_bytes()


def file_name(draft: Draft) -> str:
    """Return a name for the message as a file: plain letters, and short."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", draft.subject).strip("-")[:60]
    return f"{words or 'draft'}.eml"


def _header(one: Address) -> HeaderAddress:
    user, _, domain = one.email.strip().rpartition("@")
    # A line break in a name or an address would start a header of its own.
    return HeaderAddress(_one_line(one.name), _one_line(user), _one_line(domain))


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
