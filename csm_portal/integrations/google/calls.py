"""What all calls to Google go through: a guard before the wire, and one reading of what comes back.

The library follows redirects, repeats requests and would take any address: none of that is wanted here (LIBRARIES 3).
httplib2 below it repeats whatever got no answer too, a POST that was obeyed included, whatever ``num_retries`` says. It is imported on first use: a second of a worker's time that web processes never spend.
"""

import errno
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from csm_portal.integrations.retrying import seconds_to_wait
from csm_portal.ports.errors import PortError, Trouble

T = TypeVar("T")

TIMEOUT_SECONDS = 20
Allowed = Callable[[str, str], bool]
"""Tells whether a method and an address may be asked for."""
_LIMIT_REASONS = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "dailyLimitExceeded",
    "RATE_LIMIT_EXCEEDED",
}
_SCOPE_REASONS = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}


class OffTheList(PortError):
    """A request that the adapter never makes was about to leave."""

    def __init__(self, method: str, address: str) -> None:
        super().__init__(
            f"The portal refused to ask Google for {method} {address.partition('?')[0]}: it asks for drafts and "
            "messages alone. Please report this.",
            trouble=Trouble.INVALID,
            permanent=True,
        )


class _AskedOnce:
    """A connection that one request goes over: asking again, or connecting anew to do so, fails as a cut line does."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._is_asked = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def connect(self) -> None:
        self._refuse_again()
        self._connection.connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._refuse_again()
        self._is_asked = True
        self._connection.request(*args, **kwargs)

    def _refuse_again(self) -> None:
        if self._is_asked:
            raise ConnectionResetError(errno.ECONNRESET, "The answer did not come.")


def guarded(is_allowed: Allowed) -> Any:
    """Return an ``httplib2.Http`` that lets nothing out but what is allowed, and follows no redirect."""
    import httplib2

    class Guarded(httplib2.Http):  # type: ignore[misc]
        def request(self, uri: str, method: str = "GET", *args: Any, **kwargs: Any) -> Any:
            if not is_allowed(method, uri):
                raise OffTheList(method, uri)
            return super().request(uri, method, *args, **kwargs)

        def _conn_request(self, conn: Any, *args: Any, **kwargs: Any) -> Any:
            return super()._conn_request(_AskedOnce(conn), *args, **kwargs)

    http = Guarded(timeout=TIMEOUT_SECONDS)
    http.follow_redirects = False
    return http


def service(name: str, version: str, *, endpoint: str, credentials: Any, http: Any) -> Any:
    """Return the library's face of one API, from the description that comes with it: nothing is asked for."""
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.discovery import build

    return build(
        name,
        version,
        http=AuthorizedHttp(credentials, http=http),
        client_options={"api_endpoint": endpoint},
        cache_discovery=False,
        static_discovery=True,
    )


def service_account(
    info: Mapping[str, Any], *, token_url: str, scopes: Collection[str], subject: str | None = None
) -> Any:
    """Return the credentials of a service account, for a person of its domain where one is named. Raises PortError."""
    from google.oauth2 import service_account as accounts

    try:
        # The key file names an address to post assertions to; a key file is typed by somebody.
        made = accounts.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            {**info, "token_uri": token_url}, scopes=list(scopes)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PortError(
            "The service account's key cannot be read. Download a JSON key from the Google Cloud console and enter it whole.",
            trouble=Trouble.NOT_CONFIGURED,
            permanent=True,
        ) from error
    return made.with_subject(subject) if subject else made


def execute(request: Any, *, what: str, writes: bool) -> Mapping[str, Any]:
    """Make one request, once. ``what`` names the service for a person. Raises PortError."""
    import google.auth.exceptions
    import httplib2
    from googleapiclient.errors import Error, HttpError

    try:
        answer = request.execute(num_retries=0)
    except PortError:
        raise
    except HttpError as error:
        raise refused(
            int(error.resp.status), reasons(error.content), error.resp, what=what, writes=writes
        ) from error
    except google.auth.exceptions.RefreshError as error:
        raise _no_token(error, what) from error
    except (
        google.auth.exceptions.TransportError,
        ConnectionRefusedError,
        httplib2.error.ServerNotFoundError,
    ) as error:
        # Nothing has left: the token did not come, or nobody listens.
        raise unreachable(what, maybe_written=False) from error
    except (OSError, httplib2.error.HttpLib2Error) as error:
        raise unreachable(what, maybe_written=writes) from error
    except (Error, ValueError) as error:
        raise unreadable(what, maybe_written=writes) from error
    finally:
        # A worker makes few calls, far apart: a connection kept for the next one would only go stale.
        request.http.close()
    if not isinstance(answer, Mapping):
        raise unreadable(what, maybe_written=writes)
    return answer


def refused(
    status: int, why: Collection[str], headers: Mapping[str, str], *, what: str, writes: bool
) -> PortError:
    """Return the error for an answer that is none."""
    if status == 429 or (status == 403 and set(why) & _LIMIT_REASONS):
        return PortError(
            f"{what} takes no more requests for now. The portal tries again later; nothing needs to be done.",
            trouble=Trouble.RATE_LIMITED,
            permanent=False,
            retry_after=seconds_to_wait(headers.get("retry-after")),
        )
    if status == 403 and set(why) & _SCOPE_REASONS:
        return _permanent(
            f"{what} refuses: the portal was not given the right that it needs. Connect it again, and allow what it asks for.",
            Trouble.UNAUTHORIZED,
        )
    if status in (401, 403):
        return _permanent(
            f"{what} does not accept the portal's credentials. An admin connects it again on the Channels page.",
            Trouble.UNAUTHORIZED,
        )
    if status == 404:
        return _permanent(
            f"{what} does not know the mailbox or space. An admin checks it on the Channels page.",
            Trouble.NOT_FOUND,
        )
    if status >= 500 or status == 408:
        return PortError(
            f"{what} has trouble of its own (status {status}). The portal tries again later; nothing needs to be done.",
            trouble=Trouble.UNAVAILABLE,
            permanent=False,
            retry_after=seconds_to_wait(headers.get("retry-after")),
            maybe_written=writes,
        )
    return _permanent(
        f"{what} refuses the message (status {status}). Trying again would not help.", Trouble.INVALID
    )


def unreachable(what: str, *, maybe_written: bool) -> PortError:
    """Return the error for an answer that did not come."""
    return PortError(
        f"{what} did not answer. The portal tries again later; nothing needs to be done.",
        trouble=Trouble.UNAVAILABLE,
        permanent=False,
        maybe_written=maybe_written,
    )


def unreadable(what: str, *, maybe_written: bool) -> PortError:
    """Return the error for an answer that makes no sense."""
    return PortError(
        f"{what} answered something that the portal cannot read. The portal tries again later.",
        trouble=Trouble.BAD_ANSWER,
        permanent=False,
        maybe_written=maybe_written,
    )


def reasons(content: bytes | str) -> set[str]:
    """Return the reasons that an error of Google's names."""
    try:
        error = json.loads(content)["error"]
        named = {one.get("reason", "") for one in [*error.get("errors", []), *error.get("details", [])]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()
    return {reason for reason in named if reason}


def _no_token(error: Any, what: str) -> PortError:
    if getattr(error, "retryable", False):
        return unreachable(what, maybe_written=False)
    return _permanent(
        f"{what} no longer accepts the portal's connection: it was revoked, or has expired. Connect it again on the "
        "Channels page.",
        Trouble.UNAUTHORIZED,
    )


def _permanent(sentence: str, trouble: Trouble) -> PortError:
    return PortError(sentence, trouble=trouble, permanent=True)
