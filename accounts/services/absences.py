"""Accounts that a full scan did not bring: asked for one by one, removed where they are gone, or left to a person.

An account is never deleted. Removed means that its page is gone from the workspace: it leaves lists and figures, its
history stays, and it comes back when the page does (SPEC 2.4).
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.models import Absence, Account, Answer, SyncRun, SyncState
from csm_portal.core import audit, jobs
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import current_tenant_id
from csm_portal.ports.workspace import AccountRecord, PropertyMapping, Workspace

FEW: Final = 10
SHARE: Final = 0.2
A_STEP: Final = 200
"""So many are asked for in one go, about a minute of the budget; a job of its own goes on with the rest."""
ASK_TASK: Final = "accounts.tasks.ask_for_absent"
_CHUNK, _ASKED_AT_ONCE = 500, 25

Store = Callable[[Sequence[AccountRecord], Sequence[str]], None]
"""Writes records that were found, and removes the page ids that are gone, in one transaction."""


class AlreadyAnswered(Exception):
    """The question is not open any more. The message is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a scan found missing, and whether a person has to be asked first."""

    count: int
    known: int
    asks: bool


def is_mass(*, missing: int, known: int) -> bool:
    """Tell whether so many of so many accounts are too many to remove without asking (SPEC 2.4)."""
    return missing > FEW and missing > SHARE * known


@transaction.atomic
def note(page_ids: Collection[str], *, known: int, now: datetime) -> Missing:
    """Write down which accounts a whole scan did not bring. ``known`` is how many the mirror held before it.

    Those that a person keeps, and those that are to be asked for already, are no news. Where a person was asked
    about more than a few of them and has not answered, they go on waiting, however few are missing now.
    """
    ids = list(page_ids)
    known_of, waiting = set[str](), 0
    for chunk in _chunks(ids):
        found = Account.objects.filter(notion_page_id__in=chunk)
        settled = found.filter(absence__in=[Absence.KEPT, Absence.ASK])
        known_of |= set(settled.values_list("notion_page_id", flat=True))
        waiting += found.filter(absence=Absence.WAITS).count()
    missing = [page_id for page_id in ids if page_id not in known_of]
    asks = is_mass(missing=len(missing), known=known) or waiting > FEW
    for chunk in _chunks(missing):
        Account.objects.filter(notion_page_id__in=chunk).update(
            absence=Absence.WAITS if asks else Absence.ASK,
            unseen_since=Coalesce("unseen_since", Value(now)),
        )
    return Missing(count=len(missing), known=known, asks=asks)


def to_ask_for() -> QuerySet[Account]:
    """Return the accounts that are to be asked for by their ids."""
    return Account.objects.filter(absence=Absence.ASK, removed_at=None)


def ask(
    *, workspace: Workspace, mapping: PropertyMapping, store: Store, limit: int | None = None
) -> Iterator[int]:
    """Ask the workspace for each account that is to be asked for; yield how many were, after each few.

    ``store`` writes what came of it. What is asked for stays so until it is written, so that breaking off
    loses nothing. Raises PortError.
    """
    ids = list(to_ask_for().order_by("pk").values_list("notion_page_id", flat=True)[:limit])
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        chunk = ids[start : start + _ASKED_AT_ONCE]
        found = list(workspace.look_up_accounts(chunk, mapping))
        records = [one.record for one in found if one.record is not None]
        store(records, [one.id for one in found if one.record is None])
        yield start + len(chunk)


def tombstone(page_ids: Collection[str], *, now: datetime) -> int:
    """Let accounts leave lists and figures: the workspace was asked for each, and it is gone. Return how many."""
    removed = 0
    for chunk in _chunks(list(page_ids)):
        removed += Account.objects.filter(notion_page_id__in=chunk, removed_at=None).update(
            removed_at=now, absence="", unseen_since=None
        )
    return removed


def found_again(page_ids: Collection[str]) -> None:
    """Note that accounts are there after all."""
    for chunk in _chunks(list(page_ids)):
        Account.objects.filter(notion_page_id__in=chunk).exclude(absence="").update(
            absence="", unseen_since=None
        )


@transaction.atomic
def answer(run: SyncRun, said: Answer, *, actor: User, now: datetime) -> int:
    """Do what a person says about the accounts that a run asked about; return how many it concerns.

    REMOVE lets a job ask for each by its id and remove those that are gone; it may be said of accounts that were
    kept before, too. KEEP leaves them as they were last known until they come back. Raises AlreadyAnswered.
    """
    claimed = SyncRun.objects.filter(pk=run.pk, state=SyncState.ASKS, answer="").update(
        answer=said,
        answered_by=actor,
        answered_at=now,
        state=SyncState.INCOMPLETE if run.problems or run.error else SyncState.DONE,
    )
    concerned = Account.objects.filter(removed_at=None)
    if claimed:
        concerned = concerned.filter(absence=Absence.WAITS)
    elif said == Answer.REMOVE and not _is_asking():
        concerned = concerned.filter(absence=Absence.KEPT)
    else:
        concerned = concerned.none()
    count = concerned.update(absence=Absence.ASK if said == Answer.REMOVE else Absence.KEPT)
    if not claimed and not count:
        raise AlreadyAnswered(
            "This question is not open any more: somebody answered it, or a later sync did."
        )
    if said == Answer.REMOVE:
        enqueue(actor=actor, now=now)
    verb = "sync.removal_approved" if said == Answer.REMOVE else "sync.removal_refused"
    audit.record(verb, run, actor=actor, at=now, data={"accounts": count})
    run.refresh_from_db()
    return count


def enqueue(*, actor: User | None, now: datetime, is_next: bool = False) -> None:
    """Let a job ask for the accounts that are to be asked for. ``is_next``: the job at work asks for its next step."""
    jobs.enqueue(
        ASK_TASK,
        tenant=Tenant.objects.get(pk=current_tenant_id()),
        title="Ask Notion for accounts that did not come",
        now=now,
        requested_by=actor,
        # A step that is still running would be taken for its successor.
        key="" if is_next else "absences",
    )


def supersede(run: SyncRun) -> None:
    """Close the questions of earlier runs: a later scan asks anew, or has nothing to ask."""
    SyncRun.objects.filter(state=SyncState.ASKS, started_at__lte=run.started_at).exclude(pk=run.pk).update(
        state=SyncState.INCOMPLETE
    )


def _is_asking() -> bool:
    return SyncRun.objects.filter(state=SyncState.ASKS).exists()


def waiting_ids(states: Collection[str], *, first: int) -> list[UUID]:
    """Return the first accounts, by name, whose absence is in one of these states."""
    found = Account.objects.filter(absence__in=states, removed_at=None).order_by("name", "pk")
    return list(found.values_list("pk", flat=True)[:first])


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
