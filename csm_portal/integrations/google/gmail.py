"""Drafts in a person's Gmail (SPEC P2). There is no way here to send one, and the guard lets no such request out."""

import base64
import re
import time
from collections.abc import Callable
from typing import Any, Final

from csm_portal.integrations import retrying
from csm_portal.integrations.google import calls
from csm_portal.ports import mime
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.mail import Draft, MailConfig

SCOPE: Final = "https://www.googleapis.com/auth/gmail.compose"
# Gmail's search lags behind its writes, and may not know a Message-ID that it has replaced: then the newest are looked at.
_NEWEST: Final = 20
_QUICK: Final = retrying.RetryPolicy(attempts=3, patience=20.0)
_DRAFT_ID: Final = re.compile(r"[A-Za-z0-9_-]+")


class GmailDrafts:
    """One person's drafts, by the refresh token that they gave or by a service account that may speak for them."""

    def __init__(self, config: MailConfig, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._config = config
        self._sleep = sleep
        self._made: Any = None

    def draft(self, draft: Draft) -> str:
        """Put a draft into the mailbox, in one call; return its id."""
        raw = base64.urlsafe_b64encode(mime.as_bytes(draft)).decode()
        request = self._drafts().create(userId="me", body={"message": {"raw": raw}})
        answer = calls.execute(request, what="Gmail", writes=True)
        identifier = answer.get("id")
        if not isinstance(identifier, str) or not identifier:
            raise calls.unreadable("Gmail", maybe_written=True)
        return identifier

    def find(self, key: str) -> str | None:
        """Return the id of the draft with this key: by search, then by the header of the newest drafts."""
        identifier = mime.message_id(key).strip("<>")
        found = self._listed(q=f"rfc822msgid:{identifier}", maxResults=2)
        if found:
            return found[0]
        for candidate in self._listed(maxResults=_NEWEST):
            if key in self._keys(candidate):
                return candidate
        return None

    def check(self) -> str:
        """Ask for one draft, to see whether the mailbox can be reached."""
        self._listed(maxResults=1)
        return f"The drafts of {self._config.mailbox} can be reached."

    def _listed(self, **query: Any) -> list[str]:
        answer = self._read(lambda: self._drafts().list(userId="me", **query))
        return [str(one["id"]) for one in answer.get("drafts", [])]

    def _keys(self, identifier: str) -> set[str]:
        try:
            answer = self._read(lambda: self._drafts().get(userId="me", id=identifier, format="metadata"))
        except PortError as error:
            if error.trouble is Trouble.NOT_FOUND:
                # Somebody deleted or sent it since it was listed.
                return set()
            raise
        headers = answer.get("message", {}).get("payload", {}).get("headers", [])
        return {one["value"] for one in headers if one["name"].lower() == mime.KEY_HEADER.lower()}

    def _read(self, request: Callable[[], Any]) -> Any:
        return retrying.call(
            lambda: calls.execute(request(), what="Gmail", writes=False), policy=_QUICK, sleep=self._sleep
        )

    def _drafts(self) -> Any:
        if self._made is None:
            self._made = calls.service(
                "gmail",
                "v1",
                endpoint=self._config.endpoint,
                credentials=self._credentials(),
                http=calls.guarded(drafts_alone(self._config)),
            )
        return self._made.users().drafts()

    def _credentials(self) -> Any:
        config = self._config
        if config.service_account:
            return calls.service_account(
                config.service_account, token_url=config.token_url, scopes=[SCOPE], subject=config.mailbox
            )
        from google.oauth2.credentials import Credentials

        return Credentials(  # type: ignore[no-untyped-call]
            token=None,
            refresh_token=config.refresh_token,
            token_uri=config.token_url,
            client_id=config.client_id,
            client_secret=config.client_secret,
            scopes=[SCOPE],
        )


def drafts_alone(config: MailConfig) -> calls.Allowed:
    """Return what tells a request for drafts from any other (SPEC P2): the scope alone would allow more."""
    collection = f"{config.endpoint.rstrip('/')}/gmail/v1/users/me/drafts"

    def is_allowed(method: str, address: str) -> bool:
        bare = address.partition("?")[0].partition("#")[0]
        if bare == config.token_url:
            return method == "POST"
        if bare == collection:
            return method in ("GET", "POST")
        return method == "GET" and bool(
            bare.startswith(f"{collection}/") and _DRAFT_ID.fullmatch(bare[len(collection) + 1 :])
        )

    return is_allowed
