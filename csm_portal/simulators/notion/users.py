"""People and bots of the workspace."""

import sqlite3
from typing import Any

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.call import Bot, Call, cut, listing

_UPLOAD_LIMIT_BYTES = 5 * 1024 * 1024


def of_token(db: sqlite3.Connection, token: str) -> Bot | None:
    row = db.execute("SELECT * FROM users WHERE token = ?", (token,)).fetchone()
    return bot_of(row) if row else None


def bot_of(row: sqlite3.Row) -> Bot:
    return Bot(id=row["id"], name=row["name"], workspace_id=row["workspace_id"])


def person_of(db: sqlite3.Connection, person_id: str | None, bot: Bot) -> str | None:
    """Return the id of a person of the token's workspace, who makes an edit that the simulator shall make."""
    if person_id is None:
        return None
    found = db.execute(
        "SELECT id FROM users WHERE id = ? AND workspace_id = ? AND kind = 'person'",
        (person_id, bot.workspace_id),
    ).fetchone()
    if found is None:
        raise errors.not_found("user", person_id, integration=bot.name)
    return str(found["id"])


def me(call: Call) -> dict[str, Any]:
    """Answer GET /v1/users/me: the bot that the token belongs to, with its workspace."""
    row = call.db.execute("SELECT * FROM users WHERE id = ?", (call.bot.id,)).fetchone()
    workspace = call.db.execute("SELECT * FROM workspaces WHERE id = ?", (call.bot.workspace_id,)).fetchone()
    answer = user_object(row)
    answer["bot"] = {
        "owner": {"type": "workspace", "workspace": True},
        "workspace_id": workspace["id"],
        "workspace_limits": {"max_file_upload_size_in_bytes": _UPLOAD_LIMIT_BYTES},
        "workspace_name": workspace["name"],
    }
    return answer


def retrieve(call: Call) -> dict[str, Any]:
    """Answer GET /v1/users/{user_id}."""
    user_id = call.path_id("user_id")
    row = call.db.execute(
        "SELECT * FROM users WHERE id = ? AND workspace_id = ?", (user_id, call.bot.workspace_id)
    ).fetchone()
    if row is None:
        raise call.not_found("user", user_id)
    return user_object(row)


def index(call: Call) -> dict[str, Any]:
    """Answer GET /v1/users: everybody of the token's workspace, in the order in which they joined."""
    rows = call.db.execute(
        "SELECT * FROM users WHERE workspace_id = ? ORDER BY rank", (call.bot.workspace_id,)
    ).fetchall()
    found, following = cut(
        rows,
        start=call.query_text("start_cursor"),
        size=call.query_page_size(),
        cursors=[row["id"] for row in rows],
    )
    return listing("user", [user_object(row) for row in found], next_cursor=following)


def user_object(row: sqlite3.Row) -> dict[str, Any]:
    user: dict[str, Any] = {
        "object": "user",
        "id": row["id"],
        "name": row["name"],
        "avatar_url": None,
        "type": row["kind"],
    }
    if row["kind"] == "bot":
        return user | {"bot": {}}
    return user | {"person": {"email": row["email"]} if row["email"] else {}}


class Directory:
    """Users by id, read once for an answer that may name the same person a hundred times."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[str, dict[str, Any]] = {}

    def __getitem__(self, user_id: str) -> dict[str, Any]:
        user = self._known.get(user_id)
        if user is None:
            row = self._db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
            # A person who has left the workspace is still named by id.
            user = user_object(row) if row else partial(user_id)
            self._known[user_id] = user
        return user

    def __contains__(self, user_id: str) -> bool:
        return "type" in self[user_id]


def partial(user_id: str) -> dict[str, Any]:
    return {"object": "user", "id": user_id}
