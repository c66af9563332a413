"""Google Chat: messages in spaces, by an app or by an incoming webhook.

developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create
"""

import re
import sqlite3
import uuid
from typing import Any

from csm_portal.simulators.google.answers import Answer, ApiError
from csm_portal.simulators.google.tokens import CHAT_BOT, bearer

_PATH = re.compile(r"/v1/(?P<space>spaces/[^/]+)/messages")
_ID = re.compile(r"client-[a-z0-9-]{1,56}")
LARGEST_BYTES = 32_000
# The demo's spaces answer to this key and token; a real webhook has its own.
WEBHOOK_KEY, WEBHOOK_TOKEN = "sim-key", "sim-token"


def webhook_url(address: str, space: str) -> str:
    """Return the secret address of a space's incoming webhook."""
    return f"{address}/v1/{space}/messages?key={WEBHOOK_KEY}&token={WEBHOOK_TOKEN}"


def answer(
    db: sqlite3.Connection, method: str, path: str, query: dict[str, str], sent: Any, authorization: str
) -> Answer:
    """Answer one request below /v1/spaces."""
    found = _PATH.fullmatch(path)
    if found is None or method != "POST":
        raise ApiError(404, "Requested entity was not found.")
    sender = _sender(query, authorization)
    text = (sent or {}).get("text")
    if not isinstance(text, str) or not text:
        raise ApiError(400, "Message cannot be empty.")
    if len(text.encode()) > LARGEST_BYTES:
        raise ApiError(400, "Message is too long.")
    return _create(db, found["space"], text, sent, query, sender)


def _sender(query: dict[str, str], authorization: str) -> str:
    if not authorization:
        if (query.get("key"), query.get("token")) != (WEBHOOK_KEY, WEBHOOK_TOKEN):
            raise ApiError(401, "Request had invalid authentication credentials.")
        return "webhook"
    who = bearer(authorization)
    who.need(CHAT_BOT, "https://www.googleapis.com/auth/chat.messages.create")
    return who.subject


def _create(
    db: sqlite3.Connection, space: str, text: str, sent: Any, query: dict[str, str], sender: str
) -> Answer:
    request_id = query.get("requestId") or None
    # Google says of the method that a request id makes it idempotent, and nothing of webhooks: take the worse reading.
    if request_id and sender != "webhook":
        row = db.execute(
            "SELECT * FROM messages WHERE space = ? AND sender = ? AND request_id = ?",
            (space, sender, request_id),
        ).fetchone()
        if row is not None:
            return _message(row["name"], row["text"], row["thread"], sender)
    own = query.get("messageId", "")
    if own and not _ID.fullmatch(own):
        raise ApiError(400, "Invalid custom message ID.")
    name = f"{space}/messages/{own or uuid.uuid4().hex[:11]}"
    if db.execute("SELECT 1 FROM messages WHERE name = ?", (name,)).fetchone():
        raise ApiError(409, f"Message {name} already exists.")
    key = (sent.get("thread") or {}).get("threadKey", "")
    thread = f"{space}/threads/{key or uuid.uuid4().hex[:11]}"
    db.execute(
        "INSERT INTO messages (name, space, text, thread, sender, request_id) VALUES (?, ?, ?, ?, ?, ?)",
        (name, space, text, thread, sender, request_id),
    )
    return _message(name, text, thread, sender)


def _message(name: str, text: str, thread: str, sender: str) -> Answer:
    body = {"name": name, "text": text, "thread": {"name": thread}}
    # To a webhook the answer names nothing but what it made.
    return Answer(
        body=body if sender == "webhook" else body | {"sender": {"name": f"users/{sender}", "type": "BOT"}}
    )
