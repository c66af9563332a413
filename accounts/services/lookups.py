"""Asks the workspace for accounts that did not come, one by one, in steps of about a minute (SPEC 2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import SyncKind, SyncRun, SyncState
from accounts.services import absences, refresh
from csm_portal.core.models import Job
from csm_portal.ports.workspace import AccountRecord, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a step came to, and how many accounts are still to be asked for."""

    run: SyncRun
    left: int


def step(
    *,
    workspace: Workspace,
    now: datetime,
    job: Job | None = None,
    progress: refresh.Progress | None = None,
    limit: int | None = absences.A_STEP,
) -> Step:
    """Ask for some of the accounts that are to be asked for: what is there is read, what is gone is removed.

    Where anything is left and the step did not fail, the next one is a job of its own. Raises
    sync.AlreadyRunning; the scan that is then at work asks for them itself.
    """
    total = absences.to_ask_for().count()
    with refresh.at_work(
        SyncKind.PAGES, workspace=workspace, now=now, job=job, progress=progress
    ) as refreshing:

        def store(found: Sequence[AccountRecord], gone: Sequence[str]) -> None:
            refreshing.store(found, gone=gone)

        if total:
            for asked in absences.ask(
                workspace=workspace, mapping=refreshing.mapped.readable, store=store, limit=limit
            ):
                refreshing.tell(asked, total, f"{asked:,} of {total:,} accounts asked for.")
    left = absences.to_ask_for().count()
    if left and refreshing.run.state != SyncState.FAILED:
        absences.enqueue(actor=job.requested_by if job else None, now=refreshing.at(), is_next=True)
    return Step(run=refreshing.run, left=left)
