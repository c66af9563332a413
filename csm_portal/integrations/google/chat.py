"""Messages to a Google Chat space: by an app that is a member, or to an incoming webhook.

``requestId`` makes the API's method idempotent where the request and its credentials are the same
(developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create). For webhooks Google does not say
so: the id is sent there too, and nothing is promised.
"""

import re
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from csm_portal.integrations import retrying
from csm_portal.integrations.google import calls
from csm_portal.ports.chat import ChatConfig, ChatMessage, ChatMode
from csm_portal.ports.errors import PortError, Trouble

SCOPE: Final = "https://www.googleapis.com/auth/chat.bot"
_LARGEST_BYTES: Final = 32_000
_REPLY: Final = "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
_SPACE: Final = re.compile(r"spaces/[A-Za-z0-9_-]+")
_MESSAGES: Final = re.compile(r"/v1/spaces/[A-Za-z0-9_-]+/messages")
_QUICK: Final = retrying.RetryPolicy(attempts=2, patience=5.0)


class GoogleChat:
    """One space."""

    def __init__(self, config: ChatConfig, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._config = config
        self._sleep = sleep
        self.is_exact = config.mode is ChatMode.API

    def post(self, message: ChatMessage) -> str:
        """Post a message; return its name. Where the method is idempotent, a doubtful answer is asked for once more."""
        if len(message.text.encode()) > _LARGEST_BYTES:
            raise PortError(
                "The message is longer than Google Chat takes (32,000 bytes).",
                trouble=Trouble.INVALID,
                permanent=True,
            )
        if not self.is_exact:
            return self._named(self._by_webhook(message))
        return retrying.call(lambda: self._named(self._by_app(message)), policy=_QUICK, sleep=self._sleep)

    def _by_app(self, message: ChatMessage) -> Any:
        config = self._config
        if not _SPACE.fullmatch(config.space):
            raise PortError(
                "The space's name is missing or odd. It looks like spaces/AAAAbbbbCCC.",
                trouble=Trouble.NOT_CONFIGURED,
                permanent=True,
            )
        api = calls.service(
            "chat",
            "v1",
            endpoint=config.endpoint,
            credentials=calls.service_account(
                config.service_account, token_url=config.token_url, scopes=[SCOPE]
            ),
            http=calls.guarded(messages_alone(config)),
        )
        request = (
            api.spaces()
            .messages()
            .create(
                parent=config.space, body=_body(message), requestId=message.key, messageReplyOption=_REPLY
            )
        )
        # The same request again leaves one message, so that nothing is in doubt.
        return calls.execute(request, what="Google Chat", writes=False)

    def _by_webhook(self, message: ChatMessage) -> Any:
        address = checked_webhook(self._config.webhook_url, endpoint=self._config.endpoint)
        try:
            # A webhook's address is a secret: no redirect shall carry it elsewhere.
            with httpx.Client(timeout=calls.TIMEOUT_SECONDS, follow_redirects=False) as http:
                answer = http.post(
                    httpx.URL(address).copy_merge_params(
                        {"requestId": message.key, "messageReplyOption": _REPLY}
                    ),
                    json=_body(message),
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise calls.unreachable("Google Chat", maybe_written=False) from error
        except httpx.HTTPError as error:
            raise calls.unreachable("Google Chat", maybe_written=True) from error
        if answer.status_code != 200:
            raise calls.refused(
                answer.status_code,
                calls.reasons(answer.content),
                answer.headers,
                what="Google Chat",
                writes=True,
            )
        try:
            return answer.json()
        except ValueError as error:
            raise calls.unreadable("Google Chat", maybe_written=True) from error

    def _named(self, answer: Any) -> str:
        name = answer.get("name") if isinstance(answer, dict) else None
        if not isinstance(name, str) or not name:
            raise calls.unreadable("Google Chat", maybe_written=not self.is_exact)
        return name


def checked_webhook(url: str, *, endpoint: str) -> str:
    """Return the address of an incoming webhook if it is one of Google Chat's. Raises PortError."""
    given, wanted = urlsplit(url.strip()), urlsplit(endpoint)
    is_right = (
        (given.scheme, given.netloc) == (wanted.scheme, wanted.netloc)
        and given.path.startswith(wanted.path.rstrip("/"))
        and _MESSAGES.fullmatch(given.path[len(wanted.path.rstrip("/")) :]) is not None
        and {"key", "token"} <= set(parse_qs(given.query))
    )
    if not is_right:
        raise PortError(
            "This is no webhook of Google Chat. In the space, open Apps & integrations, Webhooks, and copy its link: it "
            f"begins with {endpoint}/v1/spaces/.",
            trouble=Trouble.NOT_CONFIGURED,
            permanent=True,
        )
    return url.strip()


def messages_alone(config: ChatConfig) -> calls.Allowed:
    """Return what tells a message to the space from any other request."""
    messages = f"{config.endpoint.rstrip('/')}/v1/{config.space}/messages"

    def is_allowed(method: str, address: str) -> bool:
        return method == "POST" and address.partition("?")[0] in (messages, config.token_url)

    return is_allowed


def _body(message: ChatMessage) -> dict[str, Any]:
    body: dict[str, Any] = {"text": message.text}
    if message.thread:
        body["thread"] = {"threadKey": message.thread}
    return body
