"""``manage.py sync_accounts``: one full scan of a tenant's accounts, in the foreground (SPEC 9.3)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.management.tenants import add_tenant_argument, tenant_named
from accounts.models import SyncState
from accounts.services import sync
from csm_portal import wiring
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError


class Command(BaseCommand):
    help = (
        "Read every account of a tenant from Notion into the portal and write what has changed. Tells its progress on "
        "standard error. Ends with status 0 only when every account was read and stored."
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
        for problem in run.problems:
            self.stderr.write(self.style.WARNING(problem))
        self.stdout.write(
            f"{chosen}: {run.rows:,} accounts read; {run.created:,} new, {run.updated:,} changed, {run.unchanged:,} "
            f"unchanged, {run.removed:,} removed, {run.failed:,} not stored. {run.requests:,} requests, "
            f"{run.waited_seconds:.1f} s waited."
        )
        if run.state != SyncState.DONE:
            raise CommandError(run.error or "The sync is not complete: see the sentences above.")

    def _tell(self, done: int, total: int | None, message: str) -> None:
        share = f" ({done / total:.0%})" if total else ""
        self.stderr.write(f"{message}{share}")
