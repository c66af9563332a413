"""``manage.py sync_accounts``: one full scan of a tenant's accounts, in the foreground (SPEC 9.3)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.management.tenants import add_tenant_argument, tenant_named
from accounts.models import Account, SyncState
from accounts.services import sync
from csm_portal import wiring
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError

_NAMED = 20


class Command(BaseCommand):
    help = (
        "Read every account of a tenant from Notion into the portal and write what has changed. Tells its progress on "
        "standard error. Ends with status 0 only when every account was read and stored, and nobody has to be asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)

    def handle(self, *args: Any, tenant: str | None, **options: Any) -> None:
        chosen = tenant_named(tenant)
        with tenant_scope(chosen):
            try:
                run = sync.run(workspace=wiring.workspace(), now=timezone.now(), progress=self._tell)
            except PortError as error:
                raise CommandError(str(error)) from error
        for problem in (run.question, *run.problems):
            if problem:
                self.stderr.write(self.style.WARNING(problem))
        self.stdout.write(
            f"{chosen}: {run.rows:,} accounts read; {run.created:,} new, {run.updated:,} changed, {run.unchanged:,} "
            f"unchanged, {run.removed:,} removed, {run.failed:,} not stored. {run.requests:,} requests, of which "
            f"{run.pages_read:,} brought accounts; {run.waited_seconds:.1f} s waited."
        )
        with tenant_scope(chosen):
            self._tell_unreadable()
        if run.state != SyncState.DONE:
            raise CommandError(run.error or "The sync is not complete: see the sentences above.")

    def _tell_unreadable(self) -> None:
        """Say which values could not be read, by account: the first of them here, all on the page of the sync."""
        found = Account.objects.current().exclude(field_issues=[]).order_by("name", "pk")
        total = found.count()
        for account in found[:_NAMED]:
            for issue in account.field_issues:
                self.stdout.write(f"  {account.name}: {issue['message']}")
        if total > _NAMED:
            self.stdout.write(f"  {total - _NAMED:,} more accounts hold values that could not be read.")

    def _tell(self, done: int, total: int | None, message: str) -> None:
        share = f" ({done / total:.0%})" if total else ""
        self.stderr.write(f"{message}{share}")
