"""The id in what a person copied from Notion (SPEC 2.2). Pure.

The adapter reads the same forms again when it calls; this is for telling a mistake while the person is still
looking at the field, and for knowing that two ways of writing mean one database.
"""

import re

_ID = re.compile(
    r"(?:^|[-/])([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$", re.IGNORECASE
)


def find_id(text: str) -> str | None:
    """Return the 32 hexadecimal digits of a UUID, of bare digits or of a link, in lower case; None without."""
    path = re.split(r"[?#&]", text.strip().strip("<>\"'"), maxsplit=1)[0].rstrip("/")
    found = _ID.search(path)
    return found[1].replace("-", "").lower() if found else None


def is_same(one: str, other: str) -> bool:
    """Tell whether two settings mean the same thing in Notion, however they are written."""
    return one == other or (find_id(one) is not None and find_id(one) == find_id(other))


def web_address(text: str) -> str:
    """Return a link that a page may offer: only addresses of the web, "" for everything else (SPEC 10.6)."""
    return text if text.startswith(("https://", "http://")) else ""
