"""The background jobs of the Notion set-up page: each asks Notion something and keeps the answer for the page."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.services import connection, notion_check, preview, qbr_database
from accounts.setup_check import StepState
from csm_portal import wiring
from csm_portal.core.jobs import Running
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import Workspace


def check_notion(job: Running) -> Mapping[str, Any]:
    """Try the settings that were sent, if there are any, then check those in use.

    ``candidate`` in the parameters is the number of the settings to try; the settings themselves, the token
    among them, are in no job.
    """
    number = job.params.get("candidate", "")
    if number:
        job.progress(0, None, "Trying the new settings.")
        trial = notion_check.try_out(_on_trial)
        connection.judge(number, trial, now=timezone.now())
    return _check(job)


def preview_mapping(job: Running) -> Mapping[str, Any]:
    """Read the first rows through a mapping that was sent and not saved."""
    number = str(job.params["trial"])
    mapping = preview.tried_mapping(number)
    if mapping is None:
        return {}
    now = timezone.now()
    as_of = now.astimezone(job.tenant.zone).date()
    found = preview.of_trial(mapping, workspace=wiring.workspace(), as_of=as_of)
    preview.keep_tried(number, found, now=timezone.now())
    return {"rows": len(found.names)}


def create_qbr_properties(job: Running) -> Mapping[str, Any]:
    """Create the named properties in the QBR database, then check the set-up again."""
    names = [str(name) for name in job.params["names"]]
    try:
        created = qbr_database.create_properties(
            names, workspace=wiring.workspace(), actor=job.requested_by, now=timezone.now()
        )
    finally:
        # What the page shows is what stands in Notion now, whether this went well or not.
        _check(job)
    return {"created": ", ".join(created)}


def _on_trial() -> tuple[Workspace, bool]:
    has_qbr_database = bool(wiring.workspace_config(is_candidate=True).qbr_database_id)
    return wiring.workspace(is_candidate=True), has_qbr_database


def _check(job: Running) -> Mapping[str, Any]:
    now = timezone.now()
    job.progress(0, None, "Asking Notion about the settings in use.")
    try:
        config = wiring.workspace_config()
        workspace = wiring.workspace()
    except PortError as error:
        if not connection.current().candidate:
            notion_check.note_unready(error, now=now)
        return {}
    found = notion_check.check(
        workspace=workspace,
        has_qbr_database=bool(config.qbr_database_id),
        as_of=now.astimezone(job.tenant.zone).date(),
        now=now,
    )
    return {"checks passed": sum(step.state == StepState.OK for step in found.steps)}
