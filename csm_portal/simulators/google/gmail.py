"""Gmail's drafts, and the ways to send that nobody may use: they work, so that a test can tell that they were not used."""

import base64
import binascii
import email
import email.policy
import re
import sqlite3
import uuid
from typing import Any

from csm_portal.simulators.google.answers import Answer, ApiError
from csm_portal.simulators.google.tokens import GMAIL_COMPOSE, Bearer

_PATH = re.compile(r"(?P<upload>/(?:resumable/)?upload)?/gmail/v1/users/(?P<user>[^/]+)/(?P<rest>.+)")
# developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/create
LARGEST_BYTES = 36_700_160
_PAGE = 100


def answer(
    db: sqlite3.Connection, method: str, path: str, query: dict[str, str], sent: Any, bearer: Bearer
) -> Answer:
    """Answer one request below /gmail or /upload/gmail."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ApiError(404, "Not Found")
    bearer.need(GMAIL_COMPOSE, "https://mail.google.com/", "https://www.googleapis.com/auth/gmail.modify")
    mailbox = bearer.subject if found["user"] == "me" else found["user"]
    if mailbox != bearer.subject:
        raise ApiError(403, f"Delegation denied for {bearer.subject}")
    match method, found["rest"].split("/"):
        case "POST", ["drafts", "send"] | ["messages", "send"]:
            return _send(db, mailbox, path, sent)
        case "POST", ["drafts"]:
            return _create(db, mailbox, _raw((sent or {}).get("message")))
        case "GET", ["drafts"]:
            return _list(db, mailbox, query)
        case "GET", ["drafts", identifier]:
            return _get(db, mailbox, identifier, query.get("format", "full"))
        case _:
            raise ApiError(404, "Requested entity was not found.")


def _raw(message: Any) -> bytes:
    try:
        raw = base64.urlsafe_b64decode((message or {})["raw"].encode())
    except (KeyError, AttributeError, binascii.Error) as error:
        raise ApiError(400, "Invalid value for ByteString: raw") from error
    if len(raw) > LARGEST_BYTES:
        raise ApiError(413, "Request payload size exceeds the limit.")
    return raw


def _create(db: sqlite3.Connection, mailbox: str, raw: bytes) -> Answer:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    identifier, thread = f"r{uuid.uuid4().int >> 66}", uuid.uuid4().hex[:16]
    db.execute(
        "INSERT INTO drafts (id, mailbox, message_id, raw, thread_id) VALUES (?, ?, ?, ?, ?)",
        (identifier, mailbox, str(parsed["Message-ID"] or ""), raw, thread),
    )
    return Answer(body=_draft(identifier, thread, labels=True))


def _list(db: sqlite3.Connection, mailbox: str, query: dict[str, str]) -> Answer:
    sought = re.fullmatch(r"rfc822msgid:<?([^<>\s]+)>?", query.get("q", ""))
    where, values = "mailbox = ?", [mailbox]
    if query.get("q"):
        if sought is None:
            raise ApiError(400, "The simulator knows no search but rfc822msgid:<id>.")
        where, values = where + " AND message_id = ?", [mailbox, f"<{sought[1]}>"]
    most = min(int(query.get("maxResults", _PAGE)), 500)
    rows = db.execute(
        f"SELECT id, thread_id FROM drafts WHERE {where} ORDER BY seq DESC LIMIT ?",  # noqa: S608
        [*values, most],
    ).fetchall()
    body: dict[str, Any] = {"resultSizeEstimate": len(rows)}
    if rows:
        # An empty list is left out, as the real API leaves it out.
        body["drafts"] = [_draft(row["id"], row["thread_id"]) for row in rows]
    return Answer(body=body)


def _get(db: sqlite3.Connection, mailbox: str, identifier: str, form: str) -> Answer:
    row = db.execute("SELECT * FROM drafts WHERE mailbox = ? AND id = ?", (mailbox, identifier)).fetchone()
    if row is None:
        raise ApiError(404, "Requested entity was not found.")
    draft = _draft(row["id"], row["thread_id"], labels=True)
    if form == "raw":
        draft["message"]["raw"] = base64.urlsafe_b64encode(row["raw"]).decode()
    elif form != "minimal":
        parsed = email.message_from_bytes(row["raw"], policy=email.policy.default)
        draft["message"]["payload"] = {
            "headers": [{"name": name, "value": str(value)} for name, value in parsed.items()]
        }
    return Answer(body=draft)


def _send(db: sqlite3.Connection, mailbox: str, path: str, sent: Any) -> Answer:
    told = sent or {}
    row = db.execute(
        "SELECT raw FROM drafts WHERE mailbox = ? AND id = ?", (mailbox, told.get("id", ""))
    ).fetchone()
    raw = row["raw"] if row else _raw(told.get("message") or told)
    db.execute("INSERT INTO sent (mailbox, path, raw) VALUES (?, ?, ?)", (mailbox, path, raw))
    return Answer(body={"id": uuid.uuid4().hex[:16], "labelIds": ["SENT"]})


def _draft(identifier: str, thread: str, *, labels: bool = False) -> dict[str, Any]:
    message: dict[str, Any] = {"id": thread, "threadId": thread}
    return {"id": identifier, "message": message | ({"labelIds": ["DRAFT"]} if labels else {})}
