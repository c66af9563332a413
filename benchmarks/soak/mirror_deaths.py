"""CHECK 32: a sync whose process is killed at a random request leaves every row as Notion last returned it."""

import os
import random
import signal
from collections.abc import Iterator
from typing import Final

import httpx

from accounts import mirror
from accounts.models import Account, SyncRun, SyncState
from accounts.services import mapping, owners, sync
from benchmarks.soak import ground
from benchmarks.soak.measured import Measured, Size
from benchmarks.soak.mirror_ground import Office, Watched, mirrored, office, row, synced, tenant
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import KnownRows

_DEATHS: Final = {Size.FULL: 200, Size.SAMPLE: 2}
_ROWS: Final = {Size.FULL: 450, Size.SAMPLE: 220}
_SEED: Final = 32


def figures(size: Size) -> Iterator[Measured]:
    """Kill a sync so often, each time after some rows changed, and look at what stands."""
    chance = random.Random(_SEED)
    deaths, wrong, removed, told, differing, midway = 0, 0, 0, 0, 0, 0
    with office() as place:
        here, fresh = tenant("mortal"), tenant("untouched")
        ids = place.add(*(row(number) for number in range(_ROWS[size])))
        synced(here, place, now=place.now)
        for number in range(_DEATHS[size]):
            place.pass_time(60)
            before = _hashes(here)
            for page_id in chance.sample(ids, 12):
                body = {"properties": {"ARR": {"number": chance.randrange(10**6)}}}
                place.api("PATCH", f"pages/{page_id}", body)
            if number % 3 == 0:
                ids += place.add(row(10_000 + number))
            now = _as_notion_has_it(place, here)
            # Every other one dies in the middle of storing: reading is ahead of that by many pages.
            is_storing = number % 2 == 1
            at = (
                chance.randrange(1, len(ids) // 100 + 1)
                if is_storing
                else chance.randrange(2, 4 + len(ids) // 100)
            )
            if not _died(here, place, at=at, is_storing=is_storing):
                continue
            deaths += 1
            after = _hashes(here)
            wrong += sum(kept not in (before.get(key), now[key]) for key, kept in after.items())
            wrong += len(before.keys() - after.keys())
            midway += any(after.get(key) == now[key] != before.get(key) for key in now) and after != now
            with tenant_scope(here):
                removed += Account.objects.exclude(removed_at=None).count()
                dead = SyncRun.objects.get(state=SyncState.RUNNING)
            if number % 8 == 7 or number == _DEATHS[size] - 1:
                place.pass_time(3600)
                synced(here, place, now=place.now)
                with tenant_scope(here):
                    told += SyncRun.objects.get(pk=dead.pk).state == SyncState.INCOMPLETE
                with tenant_scope(fresh):
                    Account.objects.all().delete()
                synced(fresh, place, now=place.now)
                differing += mirrored(here) != mirrored(fresh)
            else:
                with tenant_scope(here):
                    # What the next run does first, an hour later: here without reading anything.
                    place.pass_time(3600)
                    sync.claim(None, place.now)
                    told += SyncRun.objects.get(pk=dead.pk).state == SyncState.INCOMPLETE
                    SyncRun.objects.filter(state=SyncState.RUNNING).update(state=SyncState.FAILED)
    yield Measured(
        check="CHECK 32",
        what="Syncs killed at a random request",
        reached=deaths,
        target=f"≥ {_DEATHS[size] * 9 // 10}",
        is_reached=deaths >= _DEATHS[size] * 9 // 10,
        note=f"{midway} of them with some pages of the scan stored and others not.",
    )
    yield _none("Rows that are neither as before nor as Notion has them", wrong)
    yield _none("Accounts that a death removed", removed)
    yield _none("Runs of a dead process that are not told as incomplete", deaths - told)
    yield _none("Times the next sync did not end as if nothing had happened", differing)


def _none(what: str, count: int) -> Measured:
    return Measured(check="CHECK 32", what=what, reached=count, target=0, is_reached=count == 0)


def _hashes(of: Tenant) -> dict[str, str]:
    with tenant_scope(of):
        return dict(Account.objects.values_list("notion_page_id", "content_hash"))


def _as_notion_has_it(place: Office, of: Tenant) -> dict[str, str]:
    workspace = place.workspace()
    with tenant_scope(of):
        mapped = mapping.refresh(workspace=workspace)
        around = sync.surroundings(mapped, owners.Owners())
    pages = workspace.scan_accounts(mapped.readable, known=KnownRows())
    records = [record for page in pages for record in page.records]
    return {record.id: mirror.row(record, around, kept={}).content_hash for record in records}


def _died(of: Tenant, place: Office, *, at: int, is_storing: bool) -> bool:
    process = ground.start(_sync_and_die, of, place, at, is_storing)
    process.join(120)
    return process.exitcode == -signal.SIGKILL


def _sync_and_die(of: Tenant, place: Office, at: int, is_storing: bool) -> None:
    """Sync, and be killed before the answer to a request, or when so many hundred rows are stored."""
    transport = Watched(place.app)

    def die(request: httpx.Request) -> None:
        if not is_storing and transport.requests == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def stored(done: int, total: int | None, message: str) -> None:
        if is_storing and done >= 100 * at:
            os.kill(os.getpid(), signal.SIGKILL)

    transport.before = die
    with tenant_scope(of):
        sync.run(workspace=place.workspace(transport), now=place.now, progress=stored)
