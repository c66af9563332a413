"""The simulator's pages for a browser: a look at mailboxes and spaces, and a consent page that asks nobody."""

import email
import email.policy
import html
import urllib.parse

from csm_portal.simulators.google import tokens
from csm_portal.simulators.google.store import Store

_LATEST = 100
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def page(store: Store, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """Return status, headers and text of a page."""
    if path == "/":
        return 200, _HEADERS, _overview(store)
    return _consent(query)


def _consent(query: dict[str, str]) -> tuple[int, dict[str, str], str]:
    """Send the person back with a code at once: whoever ``login_hint`` names has agreed."""
    target = query.get("redirect_uri", "")
    if not target.startswith(
        ("http://127.0.0.1", "http://localhost", "http://testserver", "https://testserver")
    ):
        return 400, _HEADERS, "<p>Error 400: redirect_uri_mismatch</p>"
    back = {
        "state": query.get("state", ""),
        "code": tokens.code(
            query.get("login_hint", "somebody@example.com"),
            scope=query.get("scope", ""),
            challenge=query.get("code_challenge", ""),
        ),
    }
    return 302, {**_HEADERS, "Location": f"{target}?{urllib.parse.urlencode(back)}"}, ""


def _overview(store: Store) -> str:
    with store.writing() as db:
        drafts = db.execute("SELECT * FROM drafts ORDER BY seq DESC LIMIT ?", (_LATEST,)).fetchall()
        messages = db.execute("SELECT * FROM messages ORDER BY seq DESC LIMIT ?", (_LATEST,)).fetchall()
        events = db.execute("SELECT * FROM events ORDER BY seq DESC LIMIT ?", (_LATEST,)).fetchall()
        sent = db.execute("SELECT count(*) FROM sent").fetchone()[0]
    parts = [
        "<!doctype html><html lang=en><title>Simulated Google</title><h1>Simulated Gmail and Chat</h1>",
        f"<p>{len(drafts)} drafts, {sent} mails sent, {len(messages)} messages, {len(events)} webhooks received.</p>",
        "<h2>Drafts</h2>",
    ]
    for row in drafts:
        parsed = email.message_from_bytes(row["raw"], policy=email.policy.default)
        body = parsed.get_body(preferencelist=("plain",))
        text = body.get_content() if body else ""
        parts.append(
            f"<article><h3>{html.escape(str(parsed['Subject']))}</h3><p>In {html.escape(row['mailbox'])}, to "
            f"{html.escape(str(parsed['To'] or 'nobody yet'))}</p><pre>{html.escape(text)}</pre></article>"
        )
    parts.append("<h2>Chat</h2>")
    parts += [
        f"<article><p>{html.escape(row['space'])}</p><pre>{html.escape(row['text'])}</pre></article>"
        for row in messages
    ]
    parts.append("<h2>Webhooks received</h2>")
    parts += [
        f"<article><p>{html.escape(row['id'])}</p><pre>{html.escape(row['body'].decode())}</pre></article>"
        for row in events
    ]
    return "".join(parts)
