"""Notion's error answers: one exception, and a function for each sentence that Notion says."""

import json
from collections.abc import Mapping
from typing import Any

VERSION = "2026-03-11"
_SHOWN_LENGTH = 100


class ApiError(Exception):
    """An answer other than 200. ``headers`` are added to the answer, ``additional_data`` to its body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        additional_data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.additional_data = dict(additional_data) if additional_data else None

    def body(self, request_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": str(self),
            "request_id": request_id,
        }
        if self.additional_data:
            answer["additional_data"] = self.additional_data
        return answer


class Missing:
    """The value of a key that was not sent; JavaScript's undefined."""

    def __repr__(self) -> str:
        return "undefined"


MISSING = Missing()


def shown(value: object) -> str:
    """Return a value as Notion quotes it in a message: JSON, cut short, in backticks."""
    text = "undefined" if value is MISSING else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"`{text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + '...'}`"


def validation(message: str) -> ApiError:
    return ApiError(400, "validation_error", message)


def should(path: str, expectation: str, value: object) -> ApiError:
    """Return the error for one value that does not fit: ``body.page_size should be ≤ `100` ...``."""
    area = path.split(".", 1)[0].split("[", 1)[0]
    return validation(
        f"{area} failed validation: {path} should be {expectation}, instead was {shown(value)}."
    )


def not_found(kind: str, object_id: str, *, integration: str) -> ApiError:
    return ApiError(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {object_id}. Make sure the relevant pages and databases are shared "
        f'with your integration "{integration}".',
    )


def unauthorized() -> ApiError:
    return ApiError(401, "unauthorized", "API token is invalid.")


def rate_limited(retry_after_seconds: int, *, reason: str, has_header: bool = True) -> ApiError:
    return ApiError(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        headers={"Retry-After": str(retry_after_seconds)} if has_header else {},
        additional_data={"rate_limit_reason": reason},
    )


def not_from_a_page() -> ApiError:
    return ApiError(403, "restricted_resource", "The simulator is not steered from a page in a browser.")


def conflict() -> ApiError:
    return ApiError(409, "conflict_error", "Conflict occurred while saving. Please try again.")


def block_limit() -> ApiError:
    return ApiError(
        403,
        "restricted_resource",
        "This workspace has reached its block limit. Upgrade its plan to create more content.",
        additional_data={"reason": "block_limit"},
    )


def missing_version() -> ApiError:
    return ApiError(
        400,
        "missing_version",
        "Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`.",
    )


def unsupported_version(version: str) -> ApiError:
    return validation(
        f'Notion-Version header failed validation: Notion-Version header should be `"{VERSION}"`, '
        f"instead was {shown(version)}."
    )


def invalid_json() -> ApiError:
    return ApiError(400, "invalid_json", "Error parsing JSON body.")


def invalid_url() -> ApiError:
    return ApiError(400, "invalid_request_url", "Invalid request URL.")


def too_large(limit_bytes: int) -> ApiError:
    return validation(f"Request body too large. The maximum size is {limit_bytes // 1000} KB.")
