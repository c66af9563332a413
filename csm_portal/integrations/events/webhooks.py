"""Events as webhooks after Standard Webhooks (www.standardwebhooks.com), to an address of the tenant's.

The id is the same at each attempt, so that a receiver that follows the standard takes an event once. The address is
resolved here, every answer of the name server has to be public, and the connection goes to the very address that was
looked at: a name that changes its mind leads nowhere (CHECK 37).
"""

import ipaddress
import json
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx

from csm_portal.integrations.retrying import seconds_to_wait
from csm_portal.ports import outbound
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.events import AgentEvent, BusConfig

TIMEOUT_SECONDS: Final = 20.0

Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses that a name leads to now."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class SignedWebhooks:
    """Posts each event to one address."""

    def __init__(
        self,
        config: BusConfig,
        *,
        resolve: Resolve = resolved,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        self._resolve = resolve
        self._clock = clock

    def publish(self, event: AgentEvent) -> str:
        """Post an event, in one attempt; return the status of the answer."""
        host, port = self._place()
        body = json.dumps(event.to_json(), ensure_ascii=False, separators=(",", ":"))
        request = self._request(host, self._address(host, port), event.key, body)
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as http:
                answer = http.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _unanswered(host, maybe_written=False) from error
        except httpx.HTTPError as error:
            raise _unanswered(host, maybe_written=True) from error
        if not answer.is_success:
            raise _refused(host, answer)
        return f"answered {answer.status_code}"

    def _place(self) -> tuple[str, int]:
        try:
            return outbound.host_and_port(self._config.url, allows_local=self._config.allows_local)
        except outbound.Refused as error:
            raise PortError(str(error), trouble=Trouble.NOT_CONFIGURED, permanent=True) from error

    def _address(self, host: str, port: int) -> str:
        """Return the address to connect to: one that was looked at, and that is allowed."""
        try:
            found = [ipaddress.ip_address(one.partition("%")[0]) for one in self._resolve(host, port)]
        except OSError as error:
            raise PortError(
                f"The name {host} leads nowhere just now. The portal tries again later.",
                trouble=Trouble.UNAVAILABLE,
                permanent=False,
            ) from error
        if not found or not all(map(self._is_allowed, found)):
            raise PortError(
                f"{host} leads into a private network, where the portal does not post. Name a host of the internet.",
                trouble=Trouble.NOT_CONFIGURED,
                permanent=True,
            )
        return f"[{found[0]}]" if found[0].version == 6 else str(found[0])

    def _is_allowed(self, address: outbound.IPAddress) -> bool:
        return outbound.is_public(address) or (self._config.allows_local and address.is_loopback)

    def _request(self, host: str, address: str, key: str, body: str) -> httpx.Request:
        from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

        url = httpx.URL(self._config.url)
        now = self._clock()
        try:
            signature = Webhook(self._config.secret).sign(key, now, body)
        except (ValueError, RuntimeError, EmptyWebhookSecretError) as error:
            raise PortError(
                "The secret that signs events cannot be read. An admin makes a new one on the Channels page.",
                trouble=Trouble.NOT_CONFIGURED,
                permanent=True,
            ) from error
        return httpx.Request(
            "POST",
            url.copy_with(host=address.strip("[]")),
            content=body.encode(),
            headers={
                "Host": url.netloc.decode(),
                "Content-Type": "application/json",
                "User-Agent": "csm-portal",
                "webhook-id": key,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": signature,
            },
            # The certificate has to be the name's, although the connection goes to the number.
            extensions={"sni_hostname": host},
        )


def _unanswered(host: str, *, maybe_written: bool) -> PortError:
    return PortError(
        f"{host} did not answer. The portal tries again later; nothing needs to be done unless this lasts.",
        trouble=Trouble.UNAVAILABLE,
        permanent=False,
        maybe_written=maybe_written,
    )


def _refused(host: str, answer: httpx.Response) -> PortError:
    status = answer.status_code
    if status == 410:
        return PortError(
            f"{host} says that it wants no more events (410). Enter another address, or switch the webhook off.",
            trouble=Trouble.NOT_FOUND,
            permanent=True,
        )
    if 300 <= status < 400:
        return PortError(
            f"{host} sends events elsewhere ({status}), and the portal follows nobody. Enter the address that it leads to.",
            trouble=Trouble.INVALID,
            permanent=True,
        )
    return PortError(
        f"{host} did not take the event (status {status}). The portal tries again later.",
        trouble=Trouble.RATE_LIMITED if status == 429 else Trouble.UNAVAILABLE,
        permanent=False,
        retry_after=seconds_to_wait(answer.headers.get("retry-after")),
        # Who answers like this may have taken it before something of their own went wrong.
        maybe_written=status >= 500,
    )
