"""What the simulator answers: a status, JSON, and errors in the form that Google's APIs give them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_REASON = {400: "badRequest", 401: "authError", 403: "forbidden", 404: "notFound", 429: "rateLimitExceeded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; ``body`` is what is written as JSON, ``afterwards`` what is done once it has left."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    afterwards: Callable[[], None] | None = None

    def to_bytes(self) -> bytes:
        return json.dumps(self.body if self.body is not None else {}, ensure_ascii=False).encode()


class ApiError(Exception):
    """A request that is refused as the real API refuses it."""

    def __init__(
        self, status: int, message: str, *, reason: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.answer = Answer(
            status=status,
            body={
                "error": {
                    "code": status,
                    "message": message,
                    "status": _STATUS.get(status, "UNKNOWN"),
                    "errors": [
                        {
                            "message": message,
                            "domain": "global",
                            "reason": reason or _REASON.get(status, "backendError"),
                        }
                    ],
                }
            },
            headers=headers or {},
        )


class GrantError(Exception):
    """A token request that is refused (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.answer = Answer(status=400, body={"error": error, "error_description": description})
