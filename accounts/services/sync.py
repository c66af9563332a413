"""The mirror's full scan (SPEC 2.4): every row of the accounts data source, into Account rows and one SyncRun."""

import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, IntegrityError, transaction

from accounts import mirror
from accounts.models import Account, SyncRun, SyncState
from accounts.selectors import syncs
from accounts.services import mapping, owners
from accounts.services.mirroring import Mirroring
from csm_portal.core import audit
from csm_portal.core.models import Job, Tenant
from csm_portal.core.scope import current_tenant_id
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import Workspace

log = structlog.get_logger(__name__)

Progress = Callable[[int, int | None, str], None]

_INTERRUPTED = (
    "The sync was interrupted before its end. What it had read by then is stored; the next one begins again."
)
_NAMED = 3


class AlreadyRunning(PortError):
    """Another sync of the tenant is at work."""

    def __init__(self) -> None:
        super().__init__(
            "Another sync of these accounts is at work. Wait until it is done, or look at it under Sync runs.",
            trouble=Trouble.CONFLICT,
            permanent=False,
        )


def run(
    *, workspace: Workspace, now: datetime, job: Job | None = None, progress: Progress | None = None
) -> SyncRun:
    """Bring the scope's tenant's mirror up to its workspace; return the finished run.

    The run is DONE when every row was read and stored, INCOMPLETE when the workspace cut the result short,
    a row could not be stored or a mapped property is gone or mistyped (``problems`` has a sentence for each), FAILED
    when the workspace could not be read (``error`` has the sentence). What was stored before stands in each
    case, and running again ends in the same state. ``progress`` is told (done, total or None, message) after
    each page. Raises AlreadyRunning and nothing of the workspace's.
    """
    sync_run = _claim(job, now)
    scan = _Scan(sync_run, workspace, now=now, progress=progress or (lambda done, total, message: None))
    try:
        scan.read()
    except PortError as error:
        scan.finish(SyncState.FAILED, error=str(error))
    except KeyboardInterrupt:
        scan.finish(SyncState.INCOMPLETE, error=_INTERRUPTED)
        raise
    except Exception:
        # Where the database itself is the trouble the run stays as it is, and the next one clears it away.
        with contextlib.suppress(DatabaseError):
            scan.finish(
                SyncState.FAILED, error="The sync stopped on an error of its own. The log has the rest."
            )
        raise
    else:
        scan.finish(SyncState.INCOMPLETE if scan.is_partial else SyncState.DONE)
    return sync_run


class _Superseded(PortError):
    def __init__(self) -> None:
        super().__init__(_INTERRUPTED, trouble=Trouble.CONFLICT, permanent=True)


class _Scan:
    """One run at work. ``read`` asks the workspace between transactions, never inside one."""

    def __init__(self, sync_run: SyncRun, workspace: Workspace, *, now: datetime, progress: Progress) -> None:
        self._run = sync_run
        self._workspace = workspace
        self._now = now
        self._began = time.monotonic()
        self._progress = progress
        self._requests, self._waited = workspace.usage.requests, workspace.usage.waited_seconds
        self._pages = 0
        self._mirroring: Mirroring | None = None
        self._problems: list[str] = []
        self._owners = owners.Owners()
        self.is_partial = False

    def read(self) -> None:
        self._progress(0, None, "Asking Notion how the accounts database looks today.")
        mapped = mapping.refresh(workspace=self._workspace)
        self._problems += mapped.sentences()
        self.is_partial = bool(mapped.problems)
        around = mirror.Surroundings(
            owners=self._owners.ids,
            currency=Tenant.objects.get(pk=current_tenant_id()).currency,
            property_names=mapped.names,
            frozen=mapped.frozen,
        )
        mirroring = self._mirroring = Mirroring(around, now=self._now)
        is_cut = False
        for page in self._workspace.scan_accounts(mapped.readable):
            is_cut = is_cut or page.is_incomplete
            self._pages += 1
            self._owners.look_at(page.records)
            with transaction.atomic():
                mirroring.store(page.records)
                self._note()
            total = max(mirroring.known, mirroring.done) if mirroring.known else None
            self._progress(
                mirroring.done, total, f"{mirroring.done:,} accounts read from “{mapped.source.title}”."
            )
        self._problems += mirroring.failures.values()
        if is_cut:
            self._problems.append(
                "Notion handed out only part of the accounts: more of them than a query gives were made in one minute. "
                "The accounts that did not come keep what was last known of them."
            )
        else:
            self._problems += _about_unseen(mirroring.unseen())
        self._problems += self._owners.sentences(
            is_people=any(
                i.id == mapped.properties.get("owner") and i.type == "people"
                for i in mapped.source.properties
            )
        )
        self.is_partial = self.is_partial or is_cut or bool(mirroring.failures)

    def finish(self, state: SyncState, *, error: str = "") -> None:
        """Write the outcome and its one audit row, unless another run has taken this one's place."""
        at = self._at()
        with transaction.atomic():
            still_ours = SyncRun.objects.filter(pk=self._run.pk, state=SyncState.RUNNING).update(
                state=state, error=error, problems=self._problems, finished_at=at, **self._figures()
            )
            if still_ours:
                self._run.refresh_from_db()
                audit.record(
                    "sync.failed" if state == SyncState.FAILED else "sync.finished",
                    self._run,
                    actor=self._run.job.requested_by if self._run.job else None,
                    at=at,
                    data={"state": state, **self._figures()},
                )
        self._run.refresh_from_db()
        log.info("sync_finished", run_id=str(self._run.pk), state=state, error=error, **self._figures())

    def _note(self) -> None:
        alive = SyncRun.objects.filter(pk=self._run.pk, state=SyncState.RUNNING).update(
            heartbeat_at=self._at(), **self._figures()
        )
        if not alive:
            raise _Superseded

    def _figures(self) -> dict[str, int | float]:
        usage = self._workspace.usage
        return {
            "pages_read": self._pages,
            "requests": usage.requests - self._requests,
            "waited_seconds": round(usage.waited_seconds - self._waited, 1),
            **(self._mirroring.counts() if self._mirroring else {}),
        }

    def _at(self) -> datetime:
        # The moment is the caller's; how long it took since then is a stopwatch's.
        return self._now + timedelta(seconds=time.monotonic() - self._began)


def _claim(job: Job | None, now: datetime) -> SyncRun:
    """Begin the one run that a tenant may have at a time; clear one away whose process died."""
    for _ in range(2):
        try:
            with transaction.atomic():
                return SyncRun.objects.create(job=job, started_at=now, heartbeat_at=now)
        except IntegrityError:
            other = SyncRun.objects.select_related("job").filter(state=SyncState.RUNNING).first()
            if other is None:
                continue
            # A job that was put back finds the run of its own earlier attempt.
            is_own = job is not None and other.job_id == job.pk
            if not is_own and not syncs.is_abandoned(other, now=now):
                break
            _clear_away(other, now)
    raise AlreadyRunning


def _clear_away(other: SyncRun, now: datetime) -> None:
    with transaction.atomic():
        cleared = SyncRun.objects.filter(pk=other.pk, state=SyncState.RUNNING).update(
            state=SyncState.INCOMPLETE, error=_INTERRUPTED, finished_at=other.heartbeat_at or now
        )
        if cleared:
            audit.record("sync.interrupted", other, actor=None, at=now)


def _about_unseen(page_ids: list[str]) -> list[str]:
    if not page_ids:
        return []
    some = Account.objects.filter(notion_page_id__in=page_ids[:_NAMED]).order_by("name", "pk")
    names = mirror.listed([f"“{account.name}”" for account in some], total=len(page_ids))
    return [
        f"{names} did not come in this scan: deleted in Notion, or no longer shared with the integration. "
        "What was last known stands."
    ]
