"""What the secrets of the channels are called in ``core.secrets``: names, never secrets."""

from typing import Final

from csm_portal.core.models import User

MAIL_CLIENT_SECRET: Final = "mail_client_secret"  # noqa: S105
MAIL_SERVICE_ACCOUNT: Final = "mail_service_account"
CHAT_WEBHOOK: Final = "chat_webhook"
CHAT_SERVICE_ACCOUNT: Final = "chat_service_account"
EVENTS_URL: Final = "events_url"
EVENTS_SECRET: Final = "events_secret"  # noqa: S105


def mail_refresh_token(person: User) -> str:
    """Return the name of the secret that a person's own mailbox was connected with."""
    return f"mail_refresh:{person.pk}"
