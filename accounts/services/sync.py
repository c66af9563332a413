"""The mirror's full scan (SPEC 2.4): every row of the accounts data source, into Account rows and one SyncRun."""

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, IntegrityError, transaction

from accounts import mirror
from accounts.models import SyncKind, SyncRun, SyncState
from accounts.selectors import syncs
from accounts.services import absences, mapping, outcomes_in_notion, owners
from accounts.services.mapping import Mapped
from accounts.services.mirroring import Mirroring
from csm_portal.core import audit
from csm_portal.core.models import Job, Tenant
from csm_portal.core.scope import current_tenant_id
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import AccountRecord, Workspace

log = structlog.get_logger(__name__)

Progress = Callable[[int, int | None, str], None]

_INTERRUPTED = (
    "The sync was interrupted before its end. What it had read by then is stored; the next one begins again."
)
_CUT = "Notion handed out only part of the accounts."
LONGEST_IN_A_JOB = 840.0
"""Seconds after which a job has to end by itself: half a minute later the queue would end it (settings, Q_CLUSTER)."""


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
    a row could not be stored or a mapped property is gone or mistyped (``problems`` has a sentence for each), ASKS when
    so many accounts did not come that a person has to say whether they may be removed, FAILED when the workspace
    could not be read (``error`` has the sentence). Where there is a ``job``, a long row of accounts to be asked for
    by their ids is left to jobs of their own. What was stored before stands in each
    case, and running again ends in the same state. ``progress`` is told (done, total or None, message) after
    each page. Raises AlreadyRunning and nothing of the workspace's.
    """
    sync_run = claim(job, now)
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
        scan.finish(scan.outcome)
        scan.hand_on()
    return sync_run


class Superseded(PortError):
    """Another run has taken this one's place: what it read since is not written."""

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
        self._mapped: Mapped | None = None
        self._problems: list[str] = []
        self._owners = owners.Owners()
        self._missing = absences.Missing(count=0, known=0, asks=False)
        self._removed = 0
        self._is_partial = False
        self._is_whole = False

    @property
    def outcome(self) -> SyncState:
        if self._missing.asks:
            return SyncState.ASKS
        return SyncState.INCOMPLETE if self._is_partial else SyncState.DONE

    def read(self) -> None:
        self._progress(0, None, "Asking Notion how the accounts database looks today.")
        mapped = self._mapped = mapping.refresh(workspace=self._workspace)
        mapping.freeze(mapped, now=self._now)
        self._problems += mapped.sentences()
        self._is_partial = bool(mapped.problems)
        mirroring = self._mirroring = Mirroring(surroundings(mapped, self._owners), now=self._now)
        unread = self._read_all(mapped, mirroring)
        if unread:
            self._problems += [
                *unread,
                "Accounts that did not come keep what was last known of them.",
            ]
        else:
            self._look_for_absent(mapped, mirroring)
            self._is_whole = True
        self._problems += mirroring.failures.values()
        self._problems += self._owners.sentences(
            is_people=any(
                i.id == mapped.properties.get("owner") and i.type == "people"
                for i in mapped.source.properties
            )
        )
        self._is_partial = self._is_partial or bool(unread) or bool(mirroring.failures)

    def _read_all(self, mapped: Mapped, mirroring: Mirroring) -> list[str]:
        """Store every page of the scan; return sentences about what the workspace would not hand out."""
        unread = []
        pages = self._workspace.scan_accounts(mapped.readable, known=mirroring.known_rows)
        with contextlib.closing(pages):
            for page in pages:
                if page.is_incomplete:
                    unread.append(page.unread or _CUT)
                self._pages += 1
                self._owners.look_at(page.records)
                prepared = mirroring.prepare(page.records)
                # SQLite lets one write at a time: the gate's claims wait for this one.
                with transaction.atomic():
                    mirroring.write(prepared)
                    self._note()
                total = max(mirroring.known, mirroring.done) if mirroring.known else None
                told = f"{mirroring.done:,} accounts read from “{mapped.source.title}”."
                waited = self._workspace.usage.waited_seconds - self._waited
                if waited >= 1:
                    told += f" {waited:,.0f} s waited for Notion."
                self._progress(mirroring.done, total, told)
                if self._run.job is not None and time.monotonic() - self._began > LONGEST_IN_A_JOB:
                    unread.append(
                        f"Reading every account takes longer than a job may: this one ended after {mirroring.done:,}. Run "
                        "manage.py sync_accounts, which may take as long as it needs, or let an admin raise the request "
                        "budget if Notion allows more."
                    )
                    break
        return unread

    def _look_for_absent(self, mapped: Mapped, mirroring: Mirroring) -> None:
        """Ask for the accounts that did not come, or leave them to a person where they are too many."""
        self._missing = absences.note(mirroring.unseen(), known=mirroring.known, now=self._now)
        total = absences.to_ask_for().count()
        limit = None if self._run.job is None else absences.A_STEP
        try:
            for asked in absences.ask(
                workspace=self._workspace, mapping=mapped.readable, store=self._store_found, limit=limit
            ):
                self._progress(asked, total, f"{asked:,} of {total:,} accounts that did not come asked for.")
        except Superseded:
            raise
        except PortError as error:
            self._is_partial = True
            self._problems.append(
                f"Not every account that did not come could be asked for, so those stay as they were last known. {error}"
            )
            return
        if left := absences.to_ask_for().count():
            self._problems.append(
                f"{left:,} more accounts did not come. The portal asks Notion for each of them in a job of its own."
            )

    def hand_on(self) -> None:
        """Let a job of its own do what is left, now that this run is over and out of its way."""
        if self._is_whole and absences.to_ask_for().exists():
            absences.enqueue(actor=self._run.job.requested_by if self._run.job else None, now=self._at())

    def _store_found(self, found: Sequence[AccountRecord], gone: Sequence[str]) -> None:
        if self._mirroring is None:
            return
        with transaction.atomic():
            self._mirroring.store(found)
            absences.found_again([record.id for record in found])
            self._removed += absences.tombstone(gone, now=self._at())
            self._note()

    def finish(self, state: SyncState, *, error: str = "") -> None:
        """Write the outcome and its one audit row, unless another run has taken this one's place."""
        at = self._at()
        with transaction.atomic():
            still_ours = SyncRun.objects.filter(pk=self._run.pk, state=SyncState.RUNNING).update(
                state=state, error=error, problems=self._problems, finished_at=at, **self._figures()
            )
            if still_ours:
                self._run.refresh_from_db()
                if self._is_whole:
                    absences.supersede(self._run)
                if state != SyncState.FAILED:
                    zone = Tenant.objects.get(pk=current_tenant_id()).zone
                    outcomes_in_notion.take_over(today=at.astimezone(zone).date(), now=at)
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
            raise Superseded

    def _figures(self) -> dict[str, int | float]:
        usage = self._workspace.usage
        return {
            "pages_read": self._pages,
            "requests": usage.requests - self._requests,
            "waited_seconds": round(usage.waited_seconds - self._waited, 1),
            **(self._mirroring.counts() if self._mirroring else {}),
            "removed": self._removed,
            "missing": self._missing.count,
            "known": self._missing.known,
        }

    def _at(self) -> datetime:
        # The moment is the caller's; how long it took since then is a stopwatch's.
        return self._now + timedelta(seconds=time.monotonic() - self._began)


def surroundings(mapped: Mapped, known: owners.Owners) -> mirror.Surroundings:
    """Return what rows take from beside their records: the same for every kind of sync."""
    return mirror.Surroundings(
        owners=known.ids,
        currency=Tenant.objects.get(pk=current_tenant_id()).currency,
        property_names=mapped.names,
        frozen=mapped.frozen,
        roi=mapped.roi.facts,
    )


def claim(job: Job | None, now: datetime, *, kind: SyncKind = SyncKind.FULL) -> SyncRun:
    """Begin the one run that a tenant may have at a time.

    Clears away a run whose process died, and a full scan clears away a refresh that is at work: it reads what that
    would have read. Raises AlreadyRunning.
    """
    for _ in range(2):
        try:
            with transaction.atomic():
                return SyncRun.objects.create(job=job, kind=kind, started_at=now, heartbeat_at=now)
        except IntegrityError:
            other = SyncRun.objects.select_related("job").filter(state=SyncState.RUNNING).first()
            if other is None:
                continue
            # A job that was put back finds the run of its own earlier attempt.
            is_own = job is not None and other.job_id == job.pk
            gives_way = kind == SyncKind.FULL and other.kind != SyncKind.FULL
            if not is_own and not gives_way and not syncs.is_abandoned(other, now=now):
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
