"""The signature on Notion's webhooks, and the hand-shake that comes before the first of them (SPEC 2.4).

``X-Notion-Signature`` is ``sha256=`` and the hexadecimal HMAC-SHA256 of the raw body. The key is the verification token
that Notion posts when a subscription is made (developers.notion.com, Webhooks).
"""

import hashlib
import hmac
import json
from typing import Any

_SCHEME = "sha256="
# Today's tokens have some fifty characters. One that is much longer is none.
_LONGEST_TOKEN = 300


def sign(body: bytes, *, key: str) -> str:
    """Return the signature of a body as the header carries it."""
    return _SCHEME + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def is_valid(body: bytes, *, signature: str, key: str) -> bool:
    """Tell whether the body was signed with the key, in a time that does not depend on where they differ."""
    if not key:
        return False
    # Bytes, because the comparison refuses text with other than ASCII characters, and a header may hold some.
    return hmac.compare_digest(sign(body, key=key).encode(), signature.strip().encode("utf-8", "replace"))


def handshake(body: bytes) -> str | None:
    """Return the verification token in a body, or None where the body is anything else.

    The signature that Notion puts on it says nothing: it is made with the token that stands in the same body.
    """
    sent = decoded(body)
    token = sent.get("verification_token") if isinstance(sent, dict) else None
    # An event has an id and a type; a token beside them is none of Notion's.
    if not isinstance(token, str) or not isinstance(sent, dict) or {"id", "type"} & sent.keys():
        return None
    is_token = (
        0 < len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token
    )
    return token if is_token else None


def decoded(body: bytes) -> Any:
    """Return the JSON in a body, or None where there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
