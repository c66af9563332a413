"""placeholder"""

import sqlite3

POLICY = "default-src 'none'"


def render(db: sqlite3.Connection, object_id: str | None) -> tuple[int, str]:
    return 404, "<h1>no</h1>"
