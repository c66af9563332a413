"""A request as WSGI hands it over, read at once and checked as far as JSON goes."""

import json
import uuid
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import WSGIEnvironment

from csm_portal.simulators.notion import errors

MAX_BODY_BYTES = 500_000


class Request:
    """One request; its body is read at once, since a socket closed over unread bytes loses the answer."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        # WSGI hands the path over as Latin-1; what the client meant is UTF-8.
        self.path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
        self.method: str = environ["REQUEST_METHOD"]
        self.id = str(uuid.uuid4())
        self.parameters = parse_qs(environ.get("QUERY_STRING", ""))
        self._environ = environ
        length = environ.get("CONTENT_LENGTH") or "0"
        self._data: bytes = environ["wsgi.input"].read(int(length) if length.isdigit() else 0)

    def header(self, name: str) -> str | None:
        return self._environ.get(f"HTTP_{name.upper().replace('-', '_')}")

    def json(self) -> Any:
        """Return the body. A number that JSON does not know (NaN) is refused, as is half a character."""
        if len(self._data) > MAX_BODY_BYTES:
            raise errors.too_large(MAX_BODY_BYTES)
        if not self._data:
            return None
        try:
            text = self._data.decode()
            sent = json.loads(text, parse_constant=_refuse)
            # A lone surrogate escapes UTF-8 by the back door of JSON's \u notation; nothing could keep it.
            json.dumps(sent, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise errors.invalid_json() from None
        return sent


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
