"""``manage.py run_task '<json>'``: any task of the agent from a shell (SPEC 9.3)."""

import json
import sys
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from accounts.management.tenants import add_tenant_argument, tenant_named
from csm_portal.agent import Caller, CSMAgent
from csm_portal.core.models import RunOrigin

_EXAMPLE: Final = '{"task_type": "churn_alert", "tenant_id": "northwind", "account_id": "1a2b…"}'


class Command(BaseCommand):
    help = (
        "Give the agent one task as JSON and print its result as JSON. The tasks: health_scan (one account, or all without "
        "account_id), churn_risk_assessment, qbr_generation, expansion_dispatch, adoption_coaching, churn_alert, "
        f"update_csm_profile. For example: manage.py run_task '{_EXAMPLE}'. tenant_id may be left out where there is one "
        "company only, or be given with --tenant. Ends with status 0 only when all of the task was done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task", help="the task as JSON; - reads it from standard input")
        add_tenant_argument(parser)

    def handle(self, *args: Any, task: str, tenant: str | None, **options: Any) -> None:
        given = _read(sys.stdin.read() if task == "-" else task)
        if "tenant_id" not in given:
            given["tenant_id"] = str(tenant_named(tenant).pk)
        elif tenant is not None:
            raise CommandError("Give the company either as tenant_id in the task or with --tenant, not both.")
        agent = CSMAgent(caller=Caller(origin=RunOrigin.COMMAND, name="run_task"))
        try:
            result = agent.execute(given)
        except ValidationError as error:
            raise CommandError(_told(error)) from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(result.model_dump(mode="json"), indent=2, ensure_ascii=False))
        if not result.is_complete:
            raise CommandError(result.error or "Not all of the task was done.")


def _read(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise CommandError(f"The task is no JSON: {error}. For example: {_EXAMPLE}") from error
    if not isinstance(given, dict):
        raise CommandError(f"The task has to be one JSON object. For example: {_EXAMPLE}")
    return given


def _told(error: ValidationError) -> str:
    lines = [
        f"{'.'.join(str(part) for part in item['loc']) or 'the task'}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "\n".join(["The task cannot be carried out:", *lines])
