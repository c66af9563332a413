"""The forms in which people hand over the id of a thing in Notion (SPEC 2.2)."""

import re
from uuid import UUID

_HYPHENATED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_AT_THE_END = re.compile(r"(?:^|[-/])([0-9a-f]{32})$", re.IGNORECASE)


def parse(text: str) -> str:
    """Return the id in ``text`` as a hyphenated lower-case UUID.

    Takes a UUID, 32 hexadecimal digits and the links of Notion's own *Copy link*: the id is the last
    thing in the path, so the view (``?v=``), the block (``#``) and a peeked page (``&p=``) are left alone.
    Raises ValueError with a sentence for whoever pasted it.
    """
    words = text.strip().strip("<>\"'")
    if not words:
        raise ValueError("The field is empty. Paste the link that Notion gives under ••• → Copy link.")
    path = _path(words)
    if found := _hyphenated_end(path) or _AT_THE_END.search(path):
        return str(UUID(found.group(found.lastindex or 0)))
    shown = words if len(words) <= 60 else words[:59] + "…"
    raise ValueError(
        f"“{shown}” holds no Notion id. Paste the link that Notion gives under ••• → Copy link, "
        "or the 32 hexadecimal digits in it."
    )


def compact(identifier: str) -> str:
    """Return the 32 hexadecimal digits of an id, for comparing two of them however they are written."""
    return identifier.replace("-", "").lower()


def _path(words: str) -> str:
    return words.split("?", 1)[0].split("#", 1)[0].rstrip("/")


def _hyphenated_end(path: str) -> re.Match[str] | None:
    last = path.rsplit("/", 1)[-1]
    return _HYPHENATED.fullmatch(last) or _HYPHENATED.fullmatch(last[-36:])
