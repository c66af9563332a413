"""``manage.py check_notion``: whether a tenant's Notion set-up is in order (SPEC 9.3)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.management.tenants import add_tenant_argument, tenant_named
from accounts.services import notion_check
from accounts.setup_check import Check, StepState
from csm_portal import wiring
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError

_MARKS = {StepState.OK: "ok", StepState.WARNING: "warning", StepState.ERROR: "wrong", StepState.SKIPPED: "-"}


class Command(BaseCommand):
    help = (
        "Check a tenant's Notion set-up as the Notion page does: token, accounts database, mapped properties, the "
        "properties that scores are written to, QBR database. Ends with status 0 only when all of it is right; "
        "--errors-only lets warnings pass (a field without a property, no QBR database, no property for the scores)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)
        parser.add_argument(
            "--errors-only", action="store_true", help="end with status 0 although there are warnings"
        )

    def handle(self, *args: Any, tenant: str | None, errors_only: bool, **options: Any) -> None:
        chosen = tenant_named(tenant)
        with tenant_scope(chosen):
            found = self._check(chosen)
        for step in found.steps:
            self.stdout.write(f"{_MARKS[step.state]:>8}  {step.title}: {step.text}")
        for field in found.fields:
            if field.is_open:
                self.stdout.write(f"{'':>8}  {field.label}: {field.message}")
        self._tell_changes(found)
        wrong = [step.title for step in found.steps if step.state == StepState.ERROR]
        warned = [step.title for step in found.steps if step.state == StepState.WARNING]
        if wrong:
            raise CommandError(
                f"The Notion set-up of {chosen} is not in order: {', '.join(wrong)}. See above."
            )
        if warned and not errors_only:
            raise CommandError(
                f"The Notion set-up of {chosen} works, with warnings: {', '.join(warned)}. See above; --errors-only "
                "lets them pass."
            )

    def _check(self, tenant: Tenant) -> Check:
        now = timezone.now()
        try:
            config = wiring.workspace_config()
            workspace = wiring.workspace()
        except PortError as error:
            return notion_check.note_unready(error, now=now)
        return notion_check.check(
            workspace=workspace,
            has_qbr_database=bool(config.qbr_database_id),
            as_of=now.astimezone(tenant.zone).date(),
            now=now,
        )

    def _tell_changes(self, found: Check) -> None:
        if found.now_right:
            self.stdout.write(f"Now right: {', '.join(found.now_right)}.")
        if found.newly_wrong and found.is_compared:
            self.stdout.write(f"New: {', '.join(found.newly_wrong)}.")
