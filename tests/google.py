"""Local Gmail and Chat behind a real socket, which Google's own client library talks to."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from csm_portal.ports.chat import ChatConfig, ChatMode
from csm_portal.ports.mail import MailConfig
from csm_portal.simulators.google import chat, tokens
from csm_portal.simulators.google.app import App, create_app
from csm_portal.simulators.notion import server

MAILBOX = "alice@northwind.example"
SPACE = "spaces/AAAA0001"
ROBOT = "portal@project.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalGoogle:
    """A simulator that answers at ``address``."""

    app: App
    address: str

    def mail(self, mailbox: str = MAILBOX, **changes: Any) -> MailConfig:
        given: dict[str, Any] = {
            "mailbox": mailbox,
            "endpoint": self.address,
            "token_url": f"{self.address}/token",
            "client_id": "client",
            "client_secret": "hush",
            "refresh_token": tokens.refresh_token(mailbox),
        }
        return MailConfig(**given | changes)

    def chat(self, mode: ChatMode = ChatMode.WEBHOOK, **changes: Any) -> ChatConfig:
        given: dict[str, Any] = {
            "mode": mode,
            "endpoint": self.address,
            "token_url": f"{self.address}/token",
            "space": SPACE,
            "webhook_url": chat.webhook_url(self.address, SPACE),
        }
        return ChatConfig(**given | changes)

    def service_account(self, *, is_known: bool = True) -> Any:
        """Return a key file; the simulator knows its public half unless told otherwise."""
        private, public = keys()
        if is_known:
            self.tell("POST", "keys", {"issuer": ROBOT, "public_key": public})
        return json.loads(key_file(private))

    def lay(self, **fault: Any) -> None:
        self.tell("POST", "faults", fault)

    def look(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of drafts, sent, messages, events or requests."""
        rows: list[dict[str, Any]] = self.tell("GET", table)[table]
        return rows

    def tell(self, method: str, name: str, body: Mapping[str, Any] | None = None) -> Any:
        with httpx.Client(trust_env=False) as http:
            answer = http.request(method, f"{self.address}/_sim/{name}", content=json.dumps(body or {}))
        answer.raise_for_status()
        return answer.json()


@contextmanager
def local_google(folder: Path) -> Iterator[LocalGoogle]:
    """Serve mailboxes and spaces while the block lasts."""
    app = create_app(folder / "google.sqlite3")
    with server.serving(app) as address:
        yield LocalGoogle(app=app, address=address)


def key_file(private: str) -> str:
    """Return a service account's key as it is downloaded; the address in it is one that must never be asked."""
    return json.dumps(
        {
            "type": "service_account",
            "client_email": ROBOT,
            "private_key": private,
            "private_key_id": "1",
            "token_uri": "http://169.254.169.254/token",
        }
    )


@cache
def keys() -> tuple[str, str]:
    """Return a service account's private key and its public half, made once."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
