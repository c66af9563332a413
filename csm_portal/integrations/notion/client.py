"""Calls to Notion through its SDK: the version, the budget, the retries and the errors of SPEC 2.1 and 2.4."""

import ipaddress
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Literal

import httpx
import pydantic_core
import structlog
from notion_client import Client
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from csm_portal.integrations import retrying
from csm_portal.integrations.notion import errors, pacing
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.gates import Gate
from csm_portal.ports.workspace import Usage

VERSION = "2026-03-11"
# Notion itself gives up after 60 seconds and answers 503; a little longer lets that answer arrive.
TIMEOUT = httpx.Timeout(65.0, connect=10.0, pool=10.0)

log = structlog.get_logger(__name__)

Method = Literal["GET", "POST", "PATCH", "DELETE"]
_VENDOR = (HTTPResponseError, RequestTimeoutError, InvalidPathParameterError, httpx.HTTPError, httpx.InvalidURL, ValueError)  # fmt: skip


class _QuickReading(Client):
    """The SDK with a parser that takes half the time: a page of 100 rows is half a megabyte of JSON."""

    def _parse_response(self, response: httpx.Response) -> Any:
        if response.is_success:
            with suppress(ValueError):
                return pydantic_core.from_json(response.content)
        # What the quick one does not take (half of a surrogate pair) Python's own may.
        return super()._parse_response(response)


class NotionClient:
    """One token's way to Notion.

    ``sdk`` is taken apart, not used as it is: the same address, token and httpx client, but our version of
    the API, our logger and none of its own retries. ``usage`` counts every request that left and every
    second spent waiting, for the budget or for Notion, all threads together: they share the client.
    """

    def __init__(
        self,
        sdk: Client,
        *,
        gate: Gate,
        policy: retrying.RetryPolicy = retrying.RetryPolicy(),  # noqa: B008  frozen
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.usage = Usage()
        self._http = sdk.client
        self._sdk = _QuickReading(
            client=self._http,
            auth=sdk.options.auth,
            base_url=sdk.options.base_url,
            notion_version=VERSION,
            retry=False,
            # The SDK would write to a console handler of its own, each failure with Notion's words in it.
            logger=logging.getLogger(f"{__name__}.sdk"),
            log_level=logging.CRITICAL,
        )
        self._http.timeout = TIMEOUT
        self._gate = gate
        self._counting = threading.Lock()
        self._policy = policy
        self._sleep = sleep

    def read(
        self,
        path: str,
        *,
        what: str,
        method: Method = "GET",
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the answer to a request that changes nothing; a POST query is one too.

        ``what`` names for a person what is asked for (``the accounts database``). Raises PortError.
        """
        return self._call(method, path, what=what, query=query, body=body, is_write=False)

    def write(
        self,
        method: Method,
        path: str,
        *,
        what: str,
        body: Mapping[str, Any] | None,
        is_repeatable: bool = False,
    ) -> dict[str, Any]:
        """Return the answer to a request that changes something.

        Made again only where it is known that nothing was written, or where twice is the same as once
        (``is_repeatable``: a value is set, not added). Raises PortError.
        """
        return self._call(method, path, what=what, query=None, body=body, is_write=not is_repeatable)

    def close(self) -> None:
        """Give the connections back, the gate's too."""
        self._http.close()
        self._gate.close()

    def _call(
        self,
        method: Method,
        path: str,
        *,
        what: str,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        is_write: bool,
    ) -> dict[str, Any]:
        def once() -> dict[str, Any]:
            try:
                answer = self._sdk.request(
                    path=path,
                    method=method,
                    query=None if query is None else dict(query),
                    body=None if body is None else dict(body),
                )
            except _VENDOR as error:
                raise errors.from_vendor(error, what=what, is_write=is_write) from error
            if not isinstance(answer, dict):
                raise errors.bad_answer(what, is_write=is_write)
            return answer

        def before_waiting(error: PortError, seconds: float) -> None:
            self._count(waited_seconds=seconds)
            if error.trouble is Trouble.RATE_LIMITED and error.retry_after is None:
                # Notion did not say how long: what this caller waits is what the others wait too.
                self._hold(seconds)
            log.warning("notion.retry", method=method, trouble=error.trouble.value, seconds=round(seconds, 1))

        def guarded() -> dict[str, Any]:
            with self._waiting():
                waited = self._gate.admit(patience=self._policy.patience)
            self._count(requests=1, waited_seconds=waited)
            try:
                return once()
            except PortError as error:
                if error.retry_after is not None:
                    # Whoever else uses this token waits too, also where this caller gives up.
                    self._hold(error.retry_after)
                raise

        def sleep(seconds: float) -> None:
            with self._waiting():
                self._sleep(seconds)

        return retrying.call(guarded, policy=self._policy, sleep=sleep, on_wait=before_waiting)

    def _hold(self, seconds: float) -> None:
        try:
            self._gate.hold(seconds)
        except PortError as failure:
            # What Notion answered is what the caller has to know, whether a write was saved above all.
            log.warning("notion.hold_failed", error=str(failure), seconds=round(seconds, 1))

    def _count(self, *, requests: int = 0, waited_seconds: float = 0.0) -> None:
        with self._counting:
            self.usage.requests += requests
            self.usage.waited_seconds += waited_seconds

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        with self._counting:
            self.usage.waiting += 1
        try:
            yield
        finally:
            with self._counting:
                self.usage.waiting -= 1


def build(
    *,
    token: str,
    base_url: str,
    budget: int,
    transport: httpx.BaseTransport | None = None,
    gate: Gate | None = None,
    policy: retrying.RetryPolicy = retrying.RetryPolicy(),  # noqa: B008  frozen
    sleep: Callable[[float], None] = time.sleep,
) -> NotionClient:
    """Return a client for a token. ``budget`` is requests in 60 seconds; a given ``gate`` takes its place.

    Raises PortError where the token or the address cannot be one.
    """
    secret = token.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise errors.not_configured(
            "The Notion token is empty or holds characters that no token has. Copy it again from the integration's "
            "page in Notion and save it in the settings."
        )
    address = base_url.strip().rstrip("/")
    host = _host(address)
    if not host:
        raise errors.not_configured(
            f"“{address}” is not an address that can be called. Correct NOTION_BASE_URL."
        )
    # A proxy from the environment cannot reach a simulator on this machine.
    http = httpx.Client(transport=transport, trust_env=not _is_this_machine(host))
    sdk = Client(client=http, auth=secret, base_url=address, logger=logging.getLogger(f"{__name__}.sdk"))
    client = NotionClient(sdk, gate=gate or pacing.Pacer(budget, sleep=sleep), policy=policy, sleep=sleep)
    # Whoever builds a client for one task forgets it with the task: its connections must not outlive it.
    weakref.finalize(client, http.close)
    return client


def _host(address: str) -> str:
    """Return the host of an address that httpx can call, else an empty text."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return ""
    # httpx escapes what no host may hold instead of refusing it.
    return url.host if url.scheme in ("http", "https") and "%" not in url.host else ""


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
