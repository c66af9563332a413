"""The scan of one local day, whole: sync, score, assess, alert, find expansions (SPEC 4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from accounts.models import Account, HealthScore, SyncRun, SyncState
from accounts.scoring.results import CSMHealthScoreResult
from accounts.services import health, sync, writeback
from accounts.services.health import ScanCounts
from csm_portal.core import audit
from csm_portal.core.models import Job, Tenant, User
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import Workspace

Clock = Callable[[], datetime]
Progress = Callable[[int, int | None, str], None]

# How many values that could not be scored are named in a result; the sync's page has the rest.
NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan came to. ``trouble`` says why not everything could be read first, "" where it could."""

    counts: ScanCounts
    trouble: str

    def to_mapping(self) -> dict[str, Any]:
        """Return flat JSON values, with sentences about the first values that could not be read."""
        return told(self.counts)


def told(counts: ScanCounts) -> dict[str, Any]:
    """Return the counts of a scoring as flat JSON values, with sentences about values that could not be read."""
    values = counts.to_mapping()
    return {**values, "unreadable": " ".join(counts.problems[:NAMED])} if counts.problems else values


def run(
    tenant: Tenant,
    *,
    open_workspace: Callable[[], Workspace],
    as_of: date,
    clock: Clock,
    actor: User | None = None,
    job: Job | None = None,
    progress: Progress | None = None,
) -> Scanned:
    """Bring the mirror up to date, score every account for the local day ``as_of``, and see to what follows from it.

    Where the workspace cannot be opened or read, or not all of it, the accounts are scored as they were last known
    (SPEC P3). ``open_workspace`` may raise PortError. May be broken off anywhere and run again.
    """
    tell = progress or (lambda done, total, message: None)
    trouble = _sync(open_workspace, now=clock(), job=job, progress=tell)
    counts = health.scan(
        as_of=as_of,
        now=clock(),
        actor=actor,
        progress=lambda done, total: tell(done, total, f"{done:,} of {total:,} accounts scored."),
        data=_beside(job, trouble),
    )
    writeback.ask(tenant, now=clock(), requested_by=actor)
    return Scanned(counts=counts, trouble=trouble)


def sync_told(run: SyncRun) -> str:
    """Say why a run of a sync is not complete."""
    return " ".join([*filter(None, [run.question]), *run.problems]) or run.error


def _beside(job: Job | None, trouble: str) -> Mapping[str, Any]:
    return {**({"job": str(job.pk)} if job is not None else {}), "partial": bool(trouble)}


def _sync(
    open_workspace: Callable[[], Workspace], *, now: datetime, job: Job | None, progress: Progress
) -> str:
    """Bring the mirror up to date; return a sentence about what stopped it, or nothing."""
    try:
        run = sync.run(workspace=open_workspace(), now=now, job=job, progress=progress)
    except PortError as error:
        return f"The accounts could not be read from Notion: {error}"
    if run.state == SyncState.FAILED:
        return f"The accounts could not be read from Notion: {run.error}"
    if run.state in (SyncState.INCOMPLETE, SyncState.ASKS):
        return f"Not everything could be read from Notion: {sync_told(run)}"
    return ""


@transaction.atomic
def of_account(
    account: Account, *, as_of: date, now: datetime, actor: User | None = None
) -> tuple[CSMHealthScoreResult, HealthScore]:
    """Score one account as the mirror has it, see to what follows, and write that into the audit log.

    Return the result and the row of the day. The caps of the day hold. Raises health.NothingToScore.
    """
    result = health.score_account(account, as_of=as_of, now=now)
    score = HealthScore.objects.get(account=account, scored_on=as_of, is_of_day=True)
    data = {"score": result.score, "band": result.rag_status}
    audit.record("account.scanned", account, actor=actor, at=now, data=data)
    return result, score
