"""Read what POST /_sim/webhooks asks for: whose subscription, where to, and how unreliable."""

import sqlite3

from csm_portal.simulators.notion import errors, events, users, webhooks
from csm_portal.simulators.notion.body import Node
from csm_portal.simulators.notion.call import Bot

_KEYS = {
    "url", "token", "types", "loss", "duplicates", "reorder", "attempts", "first_wait_seconds", "verified", "seed",
}  # fmt: skip


def subscribe(
    to: webhooks.Webhooks, body: Node, *, db: sqlite3.Connection, url: str | None
) -> webhooks.Subscription:
    """Add the subscription that a request asks for. ``token`` may be left out where the file has one integration."""
    body.object(_KEYS)
    bot = _bot(body, db)
    workspace = db.execute("SELECT name FROM workspaces WHERE id = ?", (bot.workspace_id,)).fetchone()
    if body["seed"]:
        to.seed(int(body["seed"].number()))
    return to.subscribe(
        bot,
        workspace_name=workspace["name"],
        url=url,
        terms=read_terms(body),
        is_verified=body["verified"].boolean() if body["verified"] else False,
    )


def read_terms(body: Node) -> webhooks.Terms:
    types = body["types"]
    return webhooks.Terms(
        types=frozenset(item.one_of(events.TYPES) for item in types.items())
        if types
        else frozenset(events.TYPES),
        loss=_share(body["loss"]),
        duplicates=_share(body["duplicates"]),
        is_reordered=body["reorder"].boolean() if body["reorder"] else False,
        attempts=_attempts(body["attempts"]),
        first_wait_seconds=_wait(body["first_wait_seconds"]),
    )


def _bot(body: Node, db: sqlite3.Connection) -> Bot:
    if body["token"]:
        bot = users.of_token(db, body["token"].text())
        if bot is None:
            raise errors.unauthorized()
        return bot
    rows = db.execute("SELECT * FROM users WHERE kind = 'bot'").fetchall()
    if len(rows) != 1:
        raise body["token"].should("defined where the file does not hold exactly one integration")
    return users.bot_of(rows[0])


def _share(node: Node) -> float:
    if not node:
        return 0.0
    if not 0 <= node.number() <= 1:
        raise node.should("a share from `0` to `1`")
    return float(node.number())


def _attempts(node: Node) -> int:
    if not node:
        return webhooks.MOST_ATTEMPTS
    if not 1 <= node.number() <= webhooks.MOST_ATTEMPTS:
        raise node.should(f"from `1` to `{webhooks.MOST_ATTEMPTS}`")
    return int(node.number())


def _wait(node: Node) -> float:
    if not node:
        return webhooks.Terms().first_wait_seconds
    if not 0 <= node.number() <= 60:
        raise node.should("from `0` to `60`")
    return float(node.number())
