"""Google's consent page (OAuth 2.0 for web servers, with PKCE): drafts alone, for as long as nobody takes it back."""

import base64
import hashlib
from urllib.parse import urlencode

import httpx

from csm_portal.integrations.google import calls
from csm_portal.integrations.google.gmail import SCOPE
from csm_portal.ports.consent import ConsentConfig
from csm_portal.ports.errors import PortError, Trouble


class GoogleConsent:
    """developers.google.com/identity/protocols/oauth2/web-server"""

    def __init__(self, config: ConsentConfig) -> None:
        self._config = config

    def page(self, *, mailbox: str, return_url: str, state: str, verifier: str) -> str:
        """Return the address of the page that asks for the right to write drafts."""
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": self._config.client_id,
            "redirect_uri": return_url,
            "response_type": "code",
            "scope": SCOPE,
            # A refresh token is given only with these two.
            "access_type": "offline",
            "prompt": "consent",
            "login_hint": mailbox,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self._config.consent_url}?{urlencode(asked)}"

    def exchange(self, code: str, *, return_url: str, verifier: str) -> str:
        """Exchange the page's code for a refresh token."""
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "redirect_uri": return_url,
            "code_verifier": verifier,
        }
        try:
            with httpx.Client(timeout=calls.TIMEOUT_SECONDS, follow_redirects=False) as http:
                answer = http.post(self._config.token_url, data=sent)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise calls.unreachable("Google", maybe_written=False) from error
        if answer.status_code != 200:
            raise _refused("Google did not accept the answer of its own page. Connect once more.")
        if SCOPE not in str(told.get("scope", "")).split():
            raise _refused(
                "The right to write drafts was not given. Connect once more, and leave its box ticked."
            )
        token = told.get("refresh_token")
        if not isinstance(token, str) or not token:
            raise _refused("Google gave no lasting token. Connect once more.")
        return token


def _refused(sentence: str) -> PortError:
    return PortError(sentence, trouble=Trouble.UNAUTHORIZED, permanent=True)
