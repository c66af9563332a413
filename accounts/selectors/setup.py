"""What the Notion set-up page shows. It reads what the last check found and never asks Notion itself."""

from dataclasses import dataclass
from datetime import datetime

from accounts import setup_check
from accounts.models import Account
from accounts.setup_check import Check
from csm_portal.core.models import Job, NotionConnection, TenantSecret

CHECK_KEY = "check-notion"
_TOKEN = "notion_token"  # noqa: S105 (the name of a secret, not a secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage:
    """The connection, the last check and the job that checks. Four queries."""

    connection: NotionConnection
    token_saved_at: datetime | None
    check: Check | None
    checked_at: datetime | None
    job: Job | None
    has_accounts: bool

    @property
    def is_checking(self) -> bool:
        return self.job is not None and not self.job.is_over


def page() -> SetupPage:
    """Return the set-up page of the scope's tenant."""
    connection = NotionConnection.objects.first() or NotionConnection()
    return SetupPage(
        connection=connection,
        token_saved_at=TenantSecret.objects.filter(name=_TOKEN).values_list("updated_at", flat=True).first(),
        check=setup_check.from_json(connection.last_check),
        checked_at=connection.checked_at,
        job=Job.objects.filter(key=CHECK_KEY).order_by("-created_at", "-pk").first(),
        has_accounts=Account.objects.exists(),
    )
