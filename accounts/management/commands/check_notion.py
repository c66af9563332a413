"""``manage.py check_notion``: whether a tenant's Notion set-up is in order (SPEC 9.3)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.management.tenants import add_tenant_argument, tenant_named
from accounts.services import connection
from accounts.setup_check import Check, StepState
from csm_portal import wiring
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError

_MARKS = {StepState.OK: "ok", StepState.WARNING: "warning", StepState.ERROR: "wrong", StepState.SKIPPED: "-"}


class Command(BaseCommand):
    help = (
        "Check a tenant's Notion set-up: token, accounts database, mapped properties, QBR database. Ends with status 0 "
        "only when nothing is wrong; warnings (a field without a property, no QBR database) do not count as wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)

    def handle(self, *args: Any, tenant: str | None, **options: Any) -> None:
        chosen = tenant_named(tenant)
        with tenant_scope(chosen):
            found = self._check()
        for step in found.steps:
            self.stdout.write(f"{_MARKS[step.state]:>8}  {step.title}: {step.text}")
        for field in found.fields:
            if field.message:
                self.stdout.write(f"{'':>8}  {field.label}: {field.message}")
        if any(step.state == StepState.ERROR for step in found.steps):
            raise CommandError(f"The Notion set-up of {chosen} is not in order: see above.")

    def _check(self) -> Check:
        now = timezone.now()
        try:
            config = wiring.workspace_config()
            workspace = wiring.workspace()
        except PortError as error:
            return connection.note_unready(error, now=now)
        return connection.check(workspace=workspace, has_qbr_database=bool(config.qbr_database_id), now=now)
