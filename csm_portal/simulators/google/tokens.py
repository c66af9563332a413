"""Access tokens: from a refresh token, a code, or a service account's signed assertion (RFC 6749, RFC 7523)."""

import base64
import binascii
import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from csm_portal.simulators.google.answers import Answer, ApiError, GrantError

GMAIL_COMPOSE = "https://www.googleapis.com/auth/gmail.compose"
CHAT_BOT = "https://www.googleapis.com/auth/chat.bot"
_ACCESS, _REFRESH, _CODE = "ya29.sim.", "1//sim.", "4/sim."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Whom a token speaks for, and what it may do."""

    subject: str
    scopes: frozenset[str]

    def need(self, *scopes: str) -> None:
        if not self.scopes & set(scopes):
            raise ApiError(
                403, "Request had insufficient authentication scopes.", reason="insufficientPermissions"
            )


def refresh_token(email: str, *, scope: str = GMAIL_COMPOSE) -> str:
    """Return the refresh token that a mailbox has given for a scope."""
    return _REFRESH + _pack({"sub": email, "scope": scope})


def code(email: str, *, scope: str = GMAIL_COMPOSE, challenge: str = "") -> str:
    """Return the code with which the consent page sends a person back."""
    return _CODE + _pack({"sub": email, "scope": scope, "challenge": challenge})


def bearer(header: str) -> Bearer:
    """Return whom an Authorization header speaks for. Raises ApiError."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(_ACCESS):
        raise ApiError(401, "Request had invalid authentication credentials.")
    told = _unpack(token[len(_ACCESS) :])
    return Bearer(subject=told["sub"], scopes=frozenset(told["scope"].split()))


def grant(db: sqlite3.Connection, form: dict[str, str]) -> Answer:
    """Answer a request for a token."""
    match form.get("grant_type"):
        case "refresh_token":
            token = form.get("refresh_token", "")
            if not token.startswith(_REFRESH) or token.endswith(".revoked"):
                raise GrantError("invalid_grant", "Token has been expired or revoked.")
            told = _unpack(token[len(_REFRESH) :])
            return _given(told)
        case "authorization_code":
            given = form.get("code", "")
            if not given.startswith(_CODE):
                raise GrantError("invalid_grant", "Malformed auth code.")
            told = _unpack(given[len(_CODE) :])
            _check_verifier(told.get("challenge", ""), form.get("code_verifier", ""))
            return _given(told, refresh=refresh_token(told["sub"], scope=told["scope"]))
        case "urn:ietf:params:oauth:grant-type:jwt-bearer":
            claims = _claims(db, form.get("assertion", ""))
            return _given({"sub": claims.get("sub") or claims["iss"], "scope": claims.get("scope", "")})
        case _:
            raise GrantError("unsupported_grant_type", "Invalid grant_type.")


def _given(told: dict[str, Any], *, refresh: str = "") -> Answer:
    body = {
        "access_token": _ACCESS + _pack({"sub": told["sub"], "scope": told["scope"]}),
        "expires_in": 3599,
        "scope": told["scope"],
        "token_type": "Bearer",
    }
    return Answer(body=body | ({"refresh_token": refresh} if refresh else {}))


def _check_verifier(challenge: str, verifier: str) -> None:
    if not challenge:
        return
    digest = hashes.Hash(hashes.SHA256())
    digest.update(verifier.encode())
    if base64.urlsafe_b64encode(digest.finalize()).rstrip(b"=").decode() != challenge:
        raise GrantError("invalid_grant", "Invalid code verifier.")


def _claims(db: sqlite3.Connection, assertion: str) -> dict[str, Any]:
    """Return what a service account asserts, if its key has signed it."""
    try:
        head, body, signature = assertion.split(".")
        claims: dict[str, Any] = json.loads(_decode(body))
    except ValueError as error:
        raise GrantError("invalid_grant", "Invalid JWT.") from error
    row = db.execute("SELECT public_key FROM keys WHERE issuer = ?", (claims.get("iss", ""),)).fetchone()
    if row is None:
        raise GrantError("invalid_grant", "Invalid grant: account not found")
    key = serialization.load_pem_public_key(row["public_key"].encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise GrantError("invalid_grant", "Invalid JWT Signature.")
    try:
        key.verify(_decode(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise GrantError("invalid_grant", "Invalid JWT Signature.") from error
    return claims


def _pack(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unpack(text: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(_decode(text))
    except ValueError as error:
        raise ApiError(401, "Request had invalid authentication credentials.") from error
    return told


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("This is no base64.") from error
