"""What Notion, the SDK and the network say when something goes wrong, as the port's one error.

``maybe_written`` is decided here: a write that may have reached Notion is never made again by the adapter,
because Notion has no idempotency key and may save a write and still answer 503 (SPEC 2.6). Known to have written
nothing are 429, which is decided before the work, 409, which says that the transaction did not complete, every other
refusal (4xx) that is Notion's own, and a connection that never was. A 529 is not among them: that it is decided before
the work is nowhere promised.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx
import notion_client.errors as sdk_errors

from csm_portal.integrations import retrying
from csm_portal.ports.errors import PortError, Trouble

_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_WRONG_ADDRESS = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError)

# A header that asks for longer is a mistake of what stands in between; obeyed, it would shut the portal out for good.
_LONGEST_WAIT_SECONDS = 86_400.0

_LATER = "The portal tries again later; nothing needs to be done unless this lasts."


class StaleCursor(PortError):
    """The cursor of a scan is no longer valid: begin again."""


def from_vendor(error: Exception, *, what: str, is_write: bool) -> PortError:
    """Return the PortError for an exception that the SDK or httpx raised while asking for ``what``."""
    if isinstance(error, sdk_errors.HTTPResponseError):
        return _from_answer(error, what=what, is_write=is_write)
    if isinstance(error, sdk_errors.RequestTimeoutError):
        # The SDK drops what httpx knew; the context still has it, and a connection that never was wrote nothing.
        is_unsent = isinstance(error.__context__, _UNSENT)
        return PortError(
            f"Notion did not answer in time while the portal worked on {what}. {_LATER}",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
            maybe_written=is_write and not is_unsent,
        )
    if isinstance(error, sdk_errors.InvalidPathParameterError):
        return PortError(
            f"The portal could not ask Notion for {what}: an id of it is no id. Choose it again in the settings.",
            trouble=Trouble.INVALID,
            permanent=True,
        )
    if isinstance(error, _WRONG_ADDRESS):
        return PortError(
            "The address of the Notion API is not one that can be called. Correct NOTION_BASE_URL.",
            trouble=Trouble.NOT_CONFIGURED,
            permanent=True,
        )
    if isinstance(error, httpx.RequestError):
        return PortError(
            f"The connection to Notion failed while the portal worked on {what}. {_LATER}",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
            maybe_written=is_write and not isinstance(error, _UNSENT),
        )
    return bad_answer(what, is_write=is_write)


def bad_answer(what: str, *, is_write: bool = False, request_id: str | None = None) -> PortError:
    """Return the error for an answer that is not what Notion's API gives."""
    return PortError(
        f"What answered for {what} is not Notion's API. A proxy may stand in between, or NOTION_BASE_URL is wrong.",
        trouble=Trouble.BAD_ANSWER,
        permanent=False,
        maybe_written=is_write,
        request_id=request_id,
    )


def not_configured(message: str) -> PortError:
    """Return the error for a setting that a person has to make or correct."""
    return PortError(message, trouble=Trouble.NOT_CONFIGURED, permanent=True)


def _from_answer(error: sdk_errors.HTTPResponseError, *, what: str, is_write: bool) -> PortError:
    body = _body_of(error)
    request_id = _text(body.get("request_id")) or error.headers.get("x-notion-request-id")
    retry_after = _retry_after(error.headers.get("retry-after"))
    if error.status == 429:
        return PortError(
            f"Notion asks the portal to slow down. {_LATER}",
            trouble=Trouble.RATE_LIMITED,
            permanent=False,
            retry_after=retry_after,
            request_id=request_id,
        )
    if error.status >= 500:
        return PortError(
            f"Notion is not available at the moment (it answered {error.status} for {what}). {_LATER}",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
            retry_after=retry_after,
            request_id=request_id,
            maybe_written=is_write,
            committed_id=_committed_id(body),
            committed_child_ids=_committed_child_ids(body),
        )
    if not isinstance(body.get("code"), str):
        answer = bad_answer(what, request_id=request_id)
        answer.permanent = True
        return answer
    if error.status == 409:
        return PortError(
            f"Somebody else changed {what} in Notion at the same moment. {_LATER}",
            trouble=Trouble.CONFLICT,
            permanent=False,
            request_id=request_id,
        )
    if error.status == 403 and _additional(body).get("reason") == "block_limit":
        return PortError(
            "The workspace has reached the number of blocks that its Notion plan allows, so nothing can be added. "
            "Upgrade the plan in Notion, then try again.",
            trouble=Trouble.INVALID,
            permanent=True,
            request_id=request_id,
        )
    message, trouble = _refusal(error.status, words=_text(body.get("message")) or str(error), what=what)
    if trouble is Trouble.INVALID and "start_cursor" in message:
        return StaleCursor(message, trouble=trouble, permanent=True, request_id=request_id)
    return PortError(message, trouble=trouble, permanent=True, request_id=request_id)


def _retry_after(header: str | None) -> float | None:
    seconds = retrying.seconds_to_wait(header)
    return None if seconds is None else min(seconds, _LONGEST_WAIT_SECONDS)


def _refusal(status: int, *, words: str, what: str) -> tuple[str, Trouble]:
    match status:
        case 401:
            return (
                "Notion does not accept the integration token. Copy the token again from the integration's page "
                "in Notion and save it in the settings.",
                Trouble.UNAUTHORIZED,
            )
        case 403:
            return (
                f"The integration may not do this with {what}. Switch on its capabilities to read, insert and "
                "update content and to read user information with e-mail addresses, on its page in Notion.",
                Trouble.UNAUTHORIZED,
            )
        case 404:
            return (
                f"The integration has no access to {what}, or it no longer exists. Open it in Notion and share it "
                "with the integration: ••• → Connections.",
                Trouble.NOT_FOUND,
            )
    # Ids mean nothing to a person; Notion's words around them do.
    return f"Notion refused a request for {what}: {_UUID.sub('(id)', words)}", Trouble.INVALID


def _committed_id(body: Mapping[str, Any]) -> str | None:
    return _text(_additional(body).get("committed_resource_id"))


def _committed_child_ids(body: Mapping[str, Any]) -> list[str]:
    """Return the ids of the blocks that an append saved although it was answered with an error."""
    ids = _additional(body).get("committed_child_ids")
    return [identifier for identifier in ids if _text(identifier)] if isinstance(ids, list) else []


def _additional(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("additional_data")
    return data if isinstance(data, dict) else {}


def _body_of(error: sdk_errors.HTTPResponseError) -> Mapping[str, Any]:
    # Read again rather than taken from the SDK: it knows no 529 and drops the body of a code it does not know.
    try:
        body = json.loads(error.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
