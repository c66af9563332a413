"""Signing in: allauth's password form and nothing that would send mail or let strangers join (SPEC P2, 10.1)."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves, and no mail is sent: an admin hands over one-time links."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        raise PermissionDenied("The portal sends no mail.")

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: that one is signed in shows, and allauth's sentences are not the portal's."""
