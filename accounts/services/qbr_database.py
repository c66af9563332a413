"""Creates the properties that the QBR database lacks, because an admin named them and clicked (SPEC 2.5d)."""

from collections.abc import Collection
from datetime import datetime

from accounts.services import connection
from csm_portal.core import audit
from csm_portal.core.models import User
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import PropertyState, Workspace


def create_properties(
    names: Collection[str], *, workspace: Workspace, actor: User | None, now: datetime
) -> tuple[str, ...]:
    """Add those of ``names`` that are missing; return what this call added. Raises PortError.

    The audit row also tells what was there when the call looked: after a crash between the two that is what an
    earlier attempt added.
    """
    try:
        created = workspace.create_qbr_properties(names)
    except PortError as error:
        # Notion may have saved it all the same; what stands there now decides.
        if not error.maybe_written or not set(names) <= _there(workspace):
            raise
        created = ()
    data = {"created": sorted(created), "found_there": sorted(set(names) - set(created))}
    audit.record("notion.qbr_properties_created", connection.current(), actor=actor, at=now, data=data)
    return created


def _there(workspace: Workspace) -> set[str]:
    found = workspace.check_qbr_properties()
    return {check.name for check in found if check.state != PropertyState.MISSING}
